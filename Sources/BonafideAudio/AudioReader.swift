/// Reads a recording of any kind, in blocks: by libsndfile where it knows the content, and by ffmpeg elsewhere.
///
/// The kind is told by the content and not by the ending of the name. Memory does not grow with the length of the
/// recording. Where a file has several audio tracks, the first is read.
public struct AudioReader: ~Copyable, @unchecked Sendable {
  // Sendable: the libsndfile handle and the process belong to this value alone, and neither is bound to a thread.

  /// What the recording is.
  public let format: AudioFormat
  private let path: String
  private let input: Input
  private var source: Source

  private var framesRead: Int64 = 0
  private var nonNumberCount = 0
  private var cutCount = 0
  private var endingWarning: String?
  /// Seconds that the header promises beyond what was there. Complete once `read` has returned 0.
  public private(set) var unheard = 0.0

  /// Opens a recording.
  ///
  /// - Parameters:
  ///   - path: of a file, or `-` for standard input. Standard input and pipes are copied to a temporary file without a
  ///     name (in `TMPDIR`, else `/tmp`), so that they can be read again.
  ///   - raw: how to read the bytes, where they have no header.
  /// - Throws: `notFound`, `isDirectory`, `unreadable`, `empty`, `notAudio`, `unsupportedRate`, `unsupportedChannels`,
  ///   `ffmpegMissing`, `ffmpegFailed`, `decodeFailed`.
  public init(path: String, raw: RawFormat? = nil) throws(AudioError) {
    let opened = try Opened(path: path, raw: raw)
    self.path = path
    format = opened.format
    input = opened.input
    source = opened.source
  }

  /// Reads the next frames.
  ///
  /// Numbers that are not finite become 0, and what is beyond ±4 is cut to that.
  ///
  /// - Parameters:
  ///   - buffer: gets the samples, interleaved, full scale ±1; its count becomes frames × channels.
  ///   - frames: most frames to read. Fewer may come before the end where this is millions.
  /// - Returns: the frames read; 0 at the end.
  /// - Throws: `empty` where there is a header and no audio; `decodeFailed` where nothing at all can be decoded. Damage
  ///   after the first frame ends the recording, with a warning.
  public mutating func read(into buffer: inout [Float], frames: Int) throws(AudioError) -> Int {
    let wanted = min(frames, Self.largestBlock / format.channelCount)
    guard wanted > 0 else {
      buffer.removeAll(keepingCapacity: true)
      return 0
    }
    resize(&buffer, to: wanted * format.channelCount)
    let count = buffer.withUnsafeMutableBufferPointer { samples in
      let count = source.read(into: samples, channelCount: format.channelCount)
      let changed = makeFinite(UnsafeMutableBufferPointer(rebasing: samples[..<(count * format.channelCount)]))
      nonNumberCount += changed.nonNumbers
      cutCount += changed.cut
      return count
    }
    resize(&buffer, to: count * format.channelCount)
    framesRead += Int64(count)
    if count == 0 { try end() }
    return count
  }

  /// Most samples that one call reads.
  private static let largestBlock = 1 << 22

  /// Goes back to the first frame, and forgets the warnings.
  ///
  /// - Throws: as `init`, where the input has changed or ffmpeg has gone.
  public mutating func rewind() throws(AudioError) {
    source = .ended
    framesRead = 0
    nonNumberCount = 0
    cutCount = 0
    endingWarning = nil
    unheard = 0
    source = try input.start()
  }

  /// What was amiss, one line each, such as `the header promises 61.3 s, 12.0 s are there` or
  /// `12 samples were not numbers`. Complete once `read` has returned 0.
  public var warnings: [String] {
    var lines: [String] = []
    if let endingWarning { lines.append(endingWarning) }
    if nonNumberCount > 0 {
      lines.append("\(nonNumberCount) \(nonNumberCount == 1 ? "sample was not a number" : "samples were not numbers")")
    }
    if cutCount > 0 {
      lines.append("\(cutCount) \(cutCount == 1 ? "sample was" : "samples were") beyond ±4 and cut; full scale is ±1")
    }
    return lines
  }
}

extension AudioReader {
  /// Looks at how the source ended.
  private mutating func end() throws(AudioError) {
    switch Source.take(&source) {
    case .soundFile(let soundFile):
      let failure = soundFile.failure
      if framesRead == 0 { throw nothingRead(failure) }
      let promised = soundFile.promisedFrameCount ?? format.frameCount ?? 0
      // A tenth of a second is no loss, and estimates err by more.
      let tolerance = soundFile.hasExactFrameCount ? Int64(format.sampleRate / 10) : framesRead / 5
      if promised - framesRead > tolerance {
        unheard = Double(promised - framesRead) / Double(format.sampleRate)
        endingWarning = "the header promises \(seconds(promised)), \(seconds(framesRead)) are there"
      } else if format.name.hasPrefix("OGG/"), !endsStream(input.file.suffix(longestOggPage)) {
        endingWarning = "the last page of the Ogg stream is missing after \(seconds(framesRead))"
      } else if let failure {
        endingWarning = "decoding stopped after \(seconds(framesRead)): \(failure.singleLine)"
      }
    case .ffmpeg(var child):
      let ending = child.finish()
      let message = ending.messages.isEmpty ? "no reason given" : String(FFmpeg.plain(ending.messages).prefix(200))
      if framesRead == 0 { throw nothingRead(ending.succeeded ? nil : "ffmpeg cannot decode it: \(message)") }
      if !ending.succeeded {
        endingWarning = "ffmpeg stopped after \(seconds(framesRead)): \(message)"
      } else if !ending.messages.isEmpty {
        endingWarning = "ffmpeg found damage: \(message)"
      }
    case .ended:
      break
    }
  }

  private func nothingRead(_ failure: String?) -> AudioError {
    if let failure { return AudioError(code: .decodeFailed, path: path, message: failure) }
    let message =
      format.name.hasPrefix("RAW/")
      ? "shorter than one sample of each channel" : "there is a \(format.name) header and no audio after it"
    return AudioError(code: .empty, path: path, message: message)
  }

  private func seconds(_ frames: Int64) -> String {
    let tenths = (Double(frames) / Double(format.sampleRate) * 10).rounded() / 10
    return "\(tenths) s"
  }
}

/// Changes the count of `buffer` and keeps its memory.
private func resize(_ buffer: inout [Float], to count: Int) {
  if count < buffer.count {
    buffer.removeLast(buffer.count - count)
  } else {
    buffer.append(contentsOf: repeatElement(0, count: count - buffer.count))
  }
}
