/// Reads a part of a recording: its tracks side by side, at the rate and in the channels of the recording.
final class PartReader {
  /// What `read` gave.
  enum Block: Equatable {
    /// Frames of samples.
    case samples(Int)
    /// Frames that are not there, in any track.
    case missing(Int)
  }

  /// How a part ended.
  struct Ending {
    var warnings: [String] = []
    /// Seconds that are known to be there and were not heard.
    var unheard = 0.0
    /// Seconds behind the last sample in which nothing was said.
    var silence = 0.0
    /// Why nothing at all could be decoded.
    var failure: String?
    /// What is behind damage.
    var rest: InputPart?
  }

  let part: InputPart
  private let format: AudioFormat
  /// libsndfile, where its samples are as those of the recording: read without a copy.
  private var direct: Source = .ended
  private let isDirect: Bool
  private var tracks: [TrackReader] = []
  /// Frames of samples so far, at the rate of the recording.
  private(set) var framesRead: Int64 = 0

  init(_ part: InputPart, of input: borrowing Input) throws(AudioError) {
    self.part = part
    format = input.format
    if let recording = part.recording {
      isDirect = false
      for track in recording.tracks {
        tracks.append(try TrackReader(try input.decode(track, of: part), of: track, rate: format.sampleRate))
      }
    } else if part.format.sampleRate == format.sampleRate, part.format.channelCount == format.channelCount {
      isDirect = true
      direct = try input.open(part)
    } else {
      isDirect = false
      tracks.append(try TrackReader(try input.open(part), of: part.format, rate: format.sampleRate))
    }
  }

  /// Reads on, up to what `samples` has room for.
  ///
  /// - Returns: `nil` at the end.
  func read(into samples: UnsafeMutableBufferPointer<Float>) -> Block? {
    let count: Int
    if isDirect {
      count = direct.read(into: samples, channelCount: format.channelCount)
    } else {
      switch mix(into: samples) {
      case .samples(let frames): count = frames
      case .missing(let frames): return .missing(frames)
      case nil: return nil
      }
    }
    framesRead += Int64(count)
    return count > 0 ? .samples(count) : nil
  }

  /// Puts the tracks side by side; where one has a gap or has ended, there are zeros.
  private func mix(into samples: UnsafeMutableBufferPointer<Float>) -> Block? {
    guard let base = samples.baseAddress else { return nil }
    var frames = samples.count / format.channelCount
    var (isThere, isOver, gap) = (false, true, Int.max)
    for track in tracks {
      guard let (count, isMissing) = track.next() else { continue }
      isOver = false
      if isMissing { gap = min(gap, count) } else { isThere = true }
      frames = min(frames, count)
    }
    if isOver { return nil }
    if !isThere {
      for track in tracks where track.next() != nil { track.pass(gap) }
      return .missing(gap)
    }
    base.update(repeating: 0, count: frames * format.channelCount)
    var channel = 0
    for track in tracks {
      if track.next() != nil { track.take(frames, into: base, channel: channel, stride: format.channelCount) }
      channel += track.channelCount
    }
    return .samples(frames)
  }

  /// Looks at how the part ended. To be called once.
  func finish(_ input: borrowing Input) -> Ending {
    guard let recording = part.recording else {
      return finish(isDirect ? Source.take(&direct) : tracks.first?.takeSource() ?? .ended, input)
    }
    var ending = Ending(unheard: part.promisedBeyond)
    for (track, reader) in zip(recording.tracks, tracks) {
      finish(track, reader, into: &ending)
    }
    let time = tracks.map(\.time).max() ?? 0
    if part.promisedBeyond > 0, ending.warnings.isEmpty {
      ending.warnings.append("the header promises \(seconds(time + part.promisedBeyond)), \(seconds(time)) are there")
    } else if part.isOgg(input.file), ending.warnings.isEmpty, !endsStream(part.suffix(longestOggPage, of: input.file)) {
      ending.warnings.append(Self.lastPageMissing(after: time))
    }
    if !recording.unknown.isEmpty { ending.unheard = max(ending.unheard, time, 0.1) }
    return ending
  }

  /// Seconds by which the end of a container may be off.
  private static let endTolerance = 0.5

  private func finish(_ track: FFmpeg.Track, _ reader: TrackReader, into ending: inout Ending) {
    guard let end = reader.finish() else { return }
    let message = end.messages.isEmpty ? "no reason given" : String(FFmpeg.plain(end.messages).prefix(200))
    var warning: String?
    if !end.succeeded {
      if reader.clock == 0 { ending.failure = "ffmpeg cannot decode it: \(message)" }
      warning = "ffmpeg stopped after \(seconds(reader.time)): \(message)"
      // How much there was behind it, nobody knows.
      ending.unheard = max(ending.unheard, 0.1)
    } else if !end.messages.isEmpty {
      warning = "ffmpeg found damage: \(message)"
      ending.unheard = max(ending.unheard, reader.missingTime)
    }
    if reader.hasLeaps, warning == nil { warning = "time stamps leap, and were not believed there" }
    let beyond = (track.end ?? 0) - reader.time
    if beyond > Self.endTolerance {
      if track.codec.hasPrefix("amr"), end.succeeded, beyond <= TrackReader.greatestGap {
        ending.silence = max(ending.silence, beyond)
      } else {
        ending.unheard = max(ending.unheard, beyond)
        warning = warning ?? "the container promises \(seconds(track.end ?? 0)), \(seconds(reader.time)) are there"
      }
    }
    guard let warning else { return }
    let line = tracks.count > 1 ? "track \((part.recording?.tracks.firstIndex { $0.index == track.index } ?? 0) + 1): \(warning)" : warning
    ending.warnings.append(line)
  }

  private static func lastPageMissing(after time: Double) -> String { "the last page of the Ogg stream is missing after \(seconds(time))" }

  /// How libsndfile ended.
  private func finish(_ source: consuming Source, _ input: borrowing Input) -> Ending {
    var ending = Ending(unheard: part.promisedBeyond)
    guard case .soundFile(let soundFile) = consume source else { return ending }
    let failure = soundFile.failure
    // At the part's own rate.
    let read = isDirect ? framesRead : tracks.first?.clock ?? 0
    let rate = Double(part.format.sampleRate)
    if read == 0 { ending.failure = failure }
    let promised = soundFile.promisedFrameCount ?? (soundFile.hasExactFrameCount ? part.format.frameCount : nil) ?? 0
    // A tenth of a second is no loss.
    let isShort = Double(promised - read) > rate / 10
    if part.format.name.hasPrefix("FLAC/"), isShort || failure != nil || part.goesOn(behind: read, of: input.file),
      let rest = part.rest(behind: read, of: input.file)
    {
      ending.rest = rest
    } else if isShort {
      ending.unheard += Double(promised - read) / rate
      ending.warnings.append("the header promises \(seconds(Double(promised) / rate)), \(seconds(Double(read) / rate)) are there")
    } else if part.promisedBeyond > 0 {
      ending.warnings.append(
        "the \(part.format.name.hasPrefix("MPEG/") ? "first frame" : "header") promises \(seconds(Double(read) / rate + part.promisedBeyond)), \(seconds(Double(read) / rate)) are there"
      )
    } else if part.format.name.hasPrefix("OGG/"), !endsStream(part.suffix(longestOggPage, of: input.file)) {
      ending.warnings.append(Self.lastPageMissing(after: Double(read) / rate))
    } else if let failure {
      ending.warnings.append("decoding stopped after \(seconds(Double(read) / rate)): \(failure.singleLine)")
    }
    return ending
  }
}

extension InputPart {
  /// What is behind damage in a FLAC stream.
  ///
  /// - Parameter read: frames that were decoded of this part.
  fileprivate func rest(behind read: Int64, of file: borrowing FileDescriptor) -> InputPart? {
    let known = flac ?? FLACStream(start: excerpt?.firstFilePlace ?? 0, end: excerpt?.lastFilePlace ?? file.size)
    let sample = known.firstSample + read
    guard
      let found = FLACRecovery.rest(
        of: file, stream: known.start, in: known.frames..<known.end, from: read == 0 ? sample + 1 : sample)
    else { return nil }
    var stream = known
    stream.frames = found.frames
    stream.firstSample = found.firstSample
    let left = format.frameCount.map { max(0, $0 - (found.firstSample - known.firstSample)) }
    var rest = InputPart(
      excerpt: found.excerpt, recording: nil,
      format: AudioFormat(
        name: format.name, sampleRate: format.sampleRate, channelCount: format.channelCount, frameCount: left))
    rest.flac = stream
    rest.damagedBefore = Double(found.firstSample - sample) / Double(format.sampleRate)
    return rest
  }

  /// Whether the end of a FLAC stream holds frames behind those that its header counts.
  fileprivate func goesOn(behind read: Int64, of file: borrowing FileDescriptor) -> Bool {
    let known = flac ?? FLACStream(start: excerpt?.firstFilePlace ?? 0, end: excerpt?.lastFilePlace ?? file.size)
    let tail = max(known.frames, known.end - 1 << 17)..<known.end
    return FLACRecovery.rest(of: file, stream: known.start, in: tail, from: known.firstSample + read) != nil
  }

  fileprivate func isOgg(_ file: borrowing FileDescriptor) -> Bool {
    file.bytes(at: excerpt == nil ? 0 : excerpt?.firstFilePlace ?? 0, count: 4).hasText("OggS")
  }

  fileprivate func suffix(_ count: Int, of file: borrowing FileDescriptor) -> [UInt8] {
    guard let excerpt else { return file.suffix(count) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = excerpt.read(
        at: max(0, excerpt.count - Int64(count)), into: UnsafeMutableRawBufferPointer(buffer), of: file.number)
    }
  }
}

/// Seconds as warnings give them.
func seconds(_ seconds: Double) -> String {
  "\((seconds * 10).rounded() / 10) s"
}
