/// An input whose kind is known, to be decoded from the start as often as wanted.
struct Input: ~Copyable {
  let path: String
  let raw: RawFormat?
  let file: FileDescriptor
  /// What ffmpeg is to decode; `nil` where libsndfile decodes.
  let stream: FFmpeg.Stream?

  /// Starts to decode from the first frame.
  func start() throws(AudioError) -> Source {
    if let stream {
      do throws(FFmpeg.Failure) {
        return .ffmpeg(try FFmpeg.decode(stream, of: file))
      } catch {
        throw Self.failure(error, path: path, libsndfile: nil)
      }
    }
    do throws(SoundFile.Failure) {
      return .soundFile(try SoundFile.open(file, raw: raw))
    } catch {
      throw AudioError(code: .decodeFailed, path: path, message: error.message)
    }
  }
}

/// What decodes a recording.
enum Source: ~Copyable {
  case soundFile(SoundFile)
  case ffmpeg(ChildProcess)
  case ended

  /// Reads until `samples` is full or the recording ends.
  ///
  /// - Returns: the frames read, 0 at the end.
  func read(into samples: UnsafeMutableBufferPointer<Float>, channelCount: Int) -> Int {
    guard let base = samples.baseAddress else { return 0 }
    switch self {
    case .soundFile(let soundFile):
      return soundFile.read(into: base, frames: samples.count / channelCount)
    case .ffmpeg(let child):
      return child.read(into: UnsafeMutableRawBufferPointer(samples)) / (MemoryLayout<Float>.stride * channelCount)
    case .ended:
      return 0
    }
  }

  /// The source, leaving it ended.
  static func take(_ source: inout Source) -> Source {
    let taken = source
    source = .ended
    return taken
  }
}

/// An input that was opened and looked at: there is audio in it.
struct Opened: ~Copyable {
  let input: Input
  let format: AudioFormat
  let source: Source

  /// - Throws: as `AudioReader.init`.
  init(path: String, raw: RawFormat?) throws(AudioError) {
    if let raw {
      try AudioFormat(name: "RAW", sampleRate: raw.sampleRate, channelCount: raw.channelCount, frameCount: nil)
        .validate(path: path)
    }
    let file = try FileDescriptor.opening(path)
    let (format, stream) = try Input.recognise(file, path: path, raw: raw)
    try format.validate(path: path)
    let input = Input(path: path, raw: raw, file: file, stream: stream)
    let source = try input.start()
    self.input = input
    self.format = format
    self.source = source
  }
}

extension Input {
  /// Finds out what a file is, by its content.
  ///
  /// - Returns: its format, and what ffmpeg is to decode; `nil` where libsndfile decodes.
  static func recognise(
    _ file: borrowing FileDescriptor, path: String, raw: RawFormat?
  ) throws(AudioError) -> (AudioFormat, FFmpeg.Stream?) {
    do throws(SoundFile.Failure) {
      return (try SoundFile.open(file, raw: raw).format, nil)
    } catch {
      let stream = try probe(file, path: path, after: error)
      return (stream.format, stream)
    }
  }

  /// Asks ffmpeg about a file that libsndfile does not read.
  private static func probe(
    _ file: borrowing FileDescriptor, path: String, after failure: SoundFile.Failure
  ) throws(AudioError) -> FFmpeg.Stream {
    if !failure.isRecognised, isText(file.prefix(512)) {
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
    }
  }

  /// Whether bytes are plain text: no control characters but those of lines, and sound UTF-8, of which the last
  /// character may be cut.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    let isPrintable = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    return isPrintable
      && (0..<min(4, bytes.count)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}
