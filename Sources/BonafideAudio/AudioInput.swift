/// An input whose kind is known, to be decoded from the start as often as wanted.
struct Input: ~Copyable {
  let path: String
  let raw: RawFormat?
  let file: FileDescriptor
  /// One after another.
  let parts: [InputPart]
  /// What all parts and tracks are brought to.
  let format: AudioFormat
  /// Per channel of `format`, where it comes from.
  let channels: [TrackChannel]
  /// What was odd before anything was decoded.
  let warnings: [String]
  /// Bytes of parts that nobody can read.
  let unreadableBytes: Int64
  /// Seconds of what is no audio where audio should be.
  let lost: Double
}

/// An input that was opened and looked at, and the reader of its first part.
struct Opened: ~Copyable {
  let input: Input
  let first: PartReader?

  /// - Throws: as `AudioReader.init`.
  init(path: String, raw: RawFormat?) throws(AudioError) {
    let input = try Input.opening(path, raw: raw)
    let first = try Self.first(of: input)
    self.input = input
    self.first = first
  }

  private static func first(of input: borrowing Input) throws(AudioError) -> PartReader? {
    guard let part = input.parts.first else { return nil }
    return try PartReader(part, of: input)
  }
}

extension Input {
  /// Parts of one file that ffmpeg is started for: each takes a few of its processes, however short it is.
  private static let mostPartsByFFmpeg = 64

  /// Opens an input and finds out what it is, by its content.
  ///
  /// - Throws: as `AudioReader.init`.
  static func opening(_ path: String, raw: RawFormat?) throws(AudioError) -> Input {
    if let raw {
      try AudioFormat(name: "RAW", sampleRate: raw.sampleRate, channelCount: raw.channelCount, frameCount: nil)
        .validate(path: path)
    }
    let file = try FileDescriptor.opening(path)
    let layout = raw == nil ? Layout.scan(file) : nil
    guard let layout else {
      let part = try recognise(file, path: path, raw: raw)
      let hasHeader = raw != nil && Layout.isStart(file.prefix(12))
      let warnings = hasHeader ? ["it begins as a recording with a header does, and was read without, as --raw has it"] : []
      return try Input(path: path, raw: raw, file: file, parts: [part], warnings: warnings)
    }
    var (parts, failure, unreadable): ([InputPart], AudioError?, Int64) = ([], nil, 0)
    var warnings = layout.warnings
    var byFFmpeg = 0
    for (index, part) in layout.parts.enumerated() {
      guard byFFmpeg < mostPartsByFFmpeg else {
        unreadable += part.excerpt.count
        continue
      }
      do throws(AudioError) {
        parts.append(try recognise(file, path: path, part: part))
        if parts.last?.recording != nil { byFFmpeg += 1 }
      } catch {
        byFFmpeg += 1
        failure = failure ?? error
        unreadable += part.excerpt.count
        warnings.append("part \(index + 1) of \(layout.parts.count) cannot be read: \(error.message)")
      }
    }
    if let failure, parts.isEmpty { throw failure }
    if byFFmpeg == mostPartsByFFmpeg, unreadable > 0 {
      warnings = Array(warnings.prefix(10)) + ["more than \(mostPartsByFFmpeg) parts that ffmpeg is to decode; those behind were not heard"]
    }
    return try Input(path: path, raw: raw, file: file, parts: parts, warnings: warnings, unreadableBytes: unreadable, lost: layout.lost)
  }

  private init(
    path: String, raw: RawFormat?, file: consuming FileDescriptor, parts: [InputPart], warnings: [String], unreadableBytes: Int64 = 0,
    lost: Double = 0
  ) throws(AudioError) {
    let rates = Set(parts.flatMap(\.sampleRates))
    // Speech of the lowest rate has nothing above it; what is judged is to have one band.
    let rate = rates.count == 1 ? rates.first ?? 0 : max(8_000, rates.min() ?? 0)
    let channels = parts.map(\.channels).max { $0.count < $1.count } ?? []
    let frames = parts.reduce(Double?.some(0)) { sum, part in
      guard let sum, let count = part.format.frameCount, part.format.sampleRate > 0 else { return nil }
      return sum + Double(count) / Double(part.format.sampleRate) * Double(rate)
    }.flatMap { Int64(exactly: $0.rounded()) }
    format = AudioFormat(
      name: parts.first?.format.name ?? "", sampleRate: rate, channelCount: channels.count,
      frameCount: parts.count == 1 && rates.count == 1 ? parts.first?.format.frameCount : frames)
    for part in parts {
      for rate in part.sampleRates {
        try AudioFormat(name: "", sampleRate: rate, channelCount: part.channels.count, frameCount: nil).validate(path: path)
      }
    }
    var warnings = warnings
    for codec in parts.flatMap({ $0.recording?.unknown ?? [] }) {
      warnings.append("a track cannot be decoded (\(codec)) and was not heard")
    }
    self.path = path
    self.raw = raw
    self.file = file
    self.parts = parts
    self.channels = channels
    self.warnings = warnings
    self.unreadableBytes = unreadableBytes
    self.lost = lost
  }

  /// Finds out who reads a file as it is.
  private static func recognise(
    _ file: borrowing FileDescriptor, path: String, raw: RawFormat?
  ) throws(AudioError) -> InputPart {
    if let raw, let demuxer = FFmpeg.demuxer(of: raw.encoding) { return try recognise(file, path: path, raw: raw, demuxer: demuxer) }
    do throws(SoundFile.Failure) {
      return InputPart(excerpt: nil, recording: nil, format: try SoundFile.open(file, raw: raw).format)
    } catch {
      let recording = try probe(file, path: path, after: error)
      return InputPart(excerpt: nil, recording: recording, format: recording.format)
    }
  }

  /// A dump that ffmpeg decodes.
  private static func recognise(
    _ file: borrowing FileDescriptor, path: String, raw: RawFormat, demuxer: String
  ) throws(AudioError) -> InputPart {
    func probed(_ file: borrowing FileDescriptor) throws(AudioError) -> FFmpeg.Recording {
      do throws(FFmpeg.Failure) {
        return try FFmpeg.probe(file, demuxer: demuxer)
      } catch {
        throw failure(error, path: path, libsndfile: nil)
      }
    }
    let header = raw.encoding == .ima ? FFmpeg.header(ofIMAAt: raw.sampleRate, bytes: file.size) : []
    let excerpt = header.isEmpty ? nil : Excerpt([.bytes(header), .file(0..<file.size)])
    let recording = if let excerpt { try probed(try file.spooling(excerpt, path: path)) } else { try probed(file) }
    let found = recording.format
    return InputPart(
      excerpt: excerpt, recording: recording,
      format: AudioFormat(
        name: "RAW/\(raw.encoding.rawValue.uppercased())", sampleRate: found.sampleRate, channelCount: found.channelCount, frameCount: nil))
  }

  /// Finds out who reads a part of a file.
  private static func recognise(
    _ file: borrowing FileDescriptor, path: String, part: LayoutPart
  ) throws(AudioError) -> InputPart {
    if part.takesFFmpeg {
      // Without ffmpeg, what libsndfile can do is better than nothing.
      do throws(AudioError) {
        return try probed(file, path: path, part: part, after: SoundFile.Failure(isRecognised: false, message: ""))
      } catch {
        guard let opened = try? SoundFile.open(file, raw: nil, excerpt: part.excerpt).format else { throw error }
        return InputPart(
          excerpt: part.excerpt, recording: nil, format: opened.inContainer(part.container), promisedBeyond: part.promisedBeyond)
      }
    }
    do throws(SoundFile.Failure) {
      let format = try SoundFile.open(file, raw: nil, excerpt: part.excerpt).format
      return InputPart(
        excerpt: part.excerpt, recording: nil, format: format.inContainer(part.container), promisedBeyond: part.promisedBeyond)
    } catch {
      return try probed(file, path: path, part: part, after: error)
    }
  }

  private static func probed(
    _ file: borrowing FileDescriptor, path: String, part: LayoutPart, after failure: SoundFile.Failure
  ) throws(AudioError) -> InputPart {
    let recording = try probe(try file.spooling(part.excerpt, path: path), path: path, after: failure)
    return InputPart(excerpt: part.excerpt, recording: recording, format: recording.format, promisedBeyond: part.promisedBeyond)
  }

  /// Starts to decode a part with libsndfile.
  func open(_ part: InputPart) throws(AudioError) -> Source {
    do throws(SoundFile.Failure) {
      return .soundFile(try SoundFile.open(file, raw: raw, excerpt: part.excerpt))
    } catch {
      throw AudioError(code: .decodeFailed, path: path, message: error.message)
    }
  }

  /// Starts to decode a track with ffmpeg.
  func decode(_ track: FFmpeg.Track, of part: InputPart) throws(AudioError) -> TimedPCM {
    func start(_ file: borrowing FileDescriptor) throws(AudioError) -> TimedPCM {
      do throws(FFmpeg.Failure) {
        return try FFmpeg.decode(track, demuxer: part.recording?.demuxer, of: file)
      } catch {
        throw Self.failure(error, path: path, libsndfile: nil)
      }
    }
    guard let excerpt = part.excerpt else { return try start(file) }
    return try start(try file.spooling(excerpt, path: path))
  }

  /// Asks ffmpeg about a file that libsndfile does not read.
  private static func probe(
    _ file: borrowing FileDescriptor, path: String, after failure: SoundFile.Failure
  ) throws(AudioError) -> FFmpeg.Recording {
    let start = file.prefix(512)
    // Of MPEG audio libsndfile knows two bytes, with which other things begin, too.
    let isMPEG = start.count > 1 && start[0] == 0xFF && start[1] >= 0xE0
    let failure = SoundFile.Failure(isRecognised: failure.isRecognised && !isMPEG, message: failure.message)
    if !failure.isRecognised, isText(start) || isTextOfUnits(start) {
      throw AudioError(code: .notAudio, path: path, message: "the content is text, not audio")
    }
    do {
      return try FFmpeg.probe(file, path: path)
    } catch {
      throw Self.failure(error, path: path, libsndfile: failure)
    }
  }

  /// Says in one line why neither library reads a file.
  private static func failure(
    _ failure: FFmpeg.Failure, path: String, libsndfile: SoundFile.Failure?
  ) -> AudioError {
    let reason = libsndfile?.isRecognised == true ? libsndfile?.message.trimmingStop : nil
    switch failure {
    case .missing:
      return AudioError(
        code: .ffmpegMissing, path: path,
        message: "libsndfile does not read it (\(reason ?? "unknown format")); "
          + "ffmpeg may, and is not there: \(FFmpeg.installation)")
    case .notStarted(let message):
      return AudioError(code: .ffmpegFailed, path: path, message: message)
    case .notRecognised:
      if let reason { return AudioError(code: .decodeFailed, path: path, message: "the file is damaged: \(reason)") }
      return AudioError(
        code: .notAudio, path: path,
        message: "the content is no audio that libsndfile or ffmpeg knows; for a dump without a header give --raw")
    case .damaged(let message):
      return AudioError(code: .decodeFailed, path: path, message: "the file is damaged: \(reason ?? message)")
    case .noAudio:
      return AudioError(code: .notAudio, path: path, message: "there is no audio in the file")
    case .otherKind(let name):
      return AudioError(code: .notAudio, path: path, message: "the content is no recording: ffmpeg takes it for \(name)")
    case .undecodable(let codecs):
      return AudioError(
        code: .decodeFailed, path: path,
        message: "its audio is coded as \(codecs.joined(separator: ", ")), which neither libsndfile nor ffmpeg decodes; "
          + "have the software that recorded it write PCM or G.711")
    }
  }

  /// Whether bytes are plain text in UTF-16, which then begins with its mark.
  private static func isTextOfUnits(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 4, bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) else { return false }
    let high = bytes[0] == 0xFE ? 0 : 1
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0 + high]) << 8 | UInt16(bytes[$0 + 1 - high]) }
    let isPrintable = units.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    // The last character may be cut.
    return isPrintable && (0..<2).contains { String(validating: units.dropLast($0), as: UTF16.self) != nil }
  }

  /// Whether bytes are plain text: no control characters but those of lines, and sound UTF-8, of which the last
  /// character may be cut.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    let isPrintable = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    return isPrintable
      && (0..<min(4, bytes.count)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}

extension AudioFormat {
  fileprivate func inContainer(_ container: String?) -> AudioFormat {
    guard let container, let slash = name.firstIndex(of: "/") else { return self }
    return AudioFormat(
      name: container + name[slash...], sampleRate: sampleRate, channelCount: channelCount, frameCount: frameCount)
  }
}

extension FFmpeg.Recording {
  /// Name, rate and length of the first track.
  fileprivate var format: AudioFormat {
    guard let first = tracks.first else { return AudioFormat(name: "FFMPEG", sampleRate: 0, channelCount: 0, frameCount: nil) }
    return AudioFormat(
      name: "FFMPEG/\(first.codec.uppercased())", sampleRate: first.sampleRate, channelCount: first.channelCount,
      frameCount: first.end.flatMap { $0 > 0 ? Int64(exactly: ($0 * Double(first.sampleRate)).rounded()) : nil })
  }
}
