/// Reads a recording of any kind, in blocks: by libsndfile where it knows the content, and by ffmpeg elsewhere.
///
/// The kind is told by the content and not by the ending of the name. Memory does not grow with the length of the
/// recording. All of its audio is read: parts one after another, and the channels of all tracks side by side. What rates they
/// have is brought to one; the channels that a part does not have are silent in it.
public struct AudioReader: ~Copyable, @unchecked Sendable {
  // Sendable: the readers of parts belong to this value alone, and none is bound to a thread.

  /// What the recording is.
  public var format: AudioFormat { input.format }
  /// Per channel, where it comes from.
  public var channels: [TrackChannel] { input.channels }
  /// Frames that the recording lacks right before those that `read` gave last, as its clock has them: nothing was said, or sent.
  public private(set) var missing = 0
  /// Seconds that are known to be there, or to be missing from the end, and were not read. Complete once `read` has returned 0.
  public private(set) var unheard = 0.0
  /// Seconds of `unheard` that were read as silence, for the samples were no numbers.
  public private(set) var noNumbers = 0.0

  private let input: Input
  private var part: PartReader?
  /// Parts to come: the last is next.
  private var waiting: [InputPart]

  private var framesRead: Int64 = 0
  /// Frames that the block being read has got.
  private var filled = 0
  /// Frames that are missing behind the block that was read last.
  private var missingNext = 0
  private var nonNumberCount = 0
  private var cutCount = 0
  private var partWarnings: [String] = []
  private var failure: String?
  private var isFinished = false

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
    waiting = opened.input.parts.dropFirst().reversed()
    part = opened.first
    input = opened.input
  }

  /// Reads the next frames.
  ///
  /// Numbers that are not finite become 0, and what is beyond ±4 is cut to that.
  ///
  /// - Parameters:
  ///   - buffer: gets the samples, interleaved, full scale ±1; its count becomes frames × channels.
  ///   - frames: most frames to read. Fewer come before the end, and before frames that are missing.
  /// - Returns: the frames read; 0 at the end. `missing` says what is missing before them.
  /// - Throws: `empty` where there is a header and no audio; `decodeFailed` where nothing at all can be decoded. Damage
  ///   after the first frame ends a part, with a warning.
  public mutating func read(into buffer: inout [Float], frames: Int) throws(AudioError) -> Int {
    let wanted = min(frames, Self.largestBlock / format.channelCount)
    guard wanted > 0 else {
      missing = 0
      buffer.removeAll(keepingCapacity: true)
      return 0
    }
    missing = missingNext
    missingNext = 0
    filled = 0
    resize(&buffer, to: wanted * format.channelCount)
    while filled < wanted, missingNext == 0, let part {
      switch read(part, into: &buffer) {
      case .samples(let count): filled += count
      case .missing(let count): pass(count)
      case nil: try end(part)
      }
    }
    framesRead += Int64(filled)
    resize(&buffer, to: filled * format.channelCount)
    if filled == 0 { try finish() }
    return filled
  }

  /// Reads on behind the frames that `buffer` has got.
  private mutating func read(_ part: PartReader, into buffer: inout [Float]) -> PartReader.Block? {
    let (start, channelCount) = (filled * format.channelCount, format.channelCount)
    return buffer.withUnsafeMutableBufferPointer { samples in
      let room = UnsafeMutableBufferPointer(rebasing: samples[start...])
      let block = part.read(into: room)
      if case .samples(let count) = block {
        let changed = makeFinite(UnsafeMutableBufferPointer(rebasing: room[..<(count * channelCount)]))
        nonNumberCount += changed.nonNumbers
        cutCount += changed.cut
      }
      return block
    }
  }

  /// Passes over frames that the recording lacks, in front of the block or behind it.
  private mutating func pass(_ count: Int) {
    if filled == 0 { missing += count } else { missingNext += count }
  }

  /// Most samples that one call reads.
  private static let largestBlock = 1 << 22

  /// Goes back to the first frame, and forgets the warnings.
  ///
  /// - Throws: as `init`, where the input has changed or ffmpeg has gone.
  public mutating func rewind() throws(AudioError) {
    part = nil
    framesRead = 0
    nonNumberCount = 0
    cutCount = 0
    partWarnings = []
    failure = nil
    isFinished = false
    (unheard, noNumbers) = (0, 0)
    missing = 0
    missingNext = 0
    filled = 0
    waiting = input.parts.reversed()
    try startPart()
  }

  /// What was amiss, one line each, such as `the header promises 61.3 s, 12.0 s are there` or
  /// `12 samples were not numbers`. Complete once `read` has returned 0.
  public var warnings: [String] {
    var lines = input.warnings + partWarnings
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
  private mutating func startPart() throws(AudioError) {
    part = nil
    guard let next = waiting.popLast() else { return }
    if next.damagedBefore > 0 {
      pass(Int((next.damagedBefore * Double(format.sampleRate)).rounded()))
    }
    part = try PartReader(next, of: input)
  }

  /// Looks at how a part ended, and goes on to the next one.
  private mutating func end(_ ended: PartReader) throws(AudioError) {
    let ending = ended.finish(input)
    unheard += ending.unheard
    pass(Int((ending.silence * Double(format.sampleRate)).rounded()))
    failure = failure ?? ending.failure
    for warning in ending.warnings where !partWarnings.contains(warning) { partWarnings.append(warning) }
    if let rest = ending.rest {
      // Each lost frame is known to be there.
      if rest.damagedBefore > 0 {
        unheard += rest.damagedBefore
        partWarnings.append(
          "\(seconds(rest.damagedBefore)) are damaged behind \(seconds(timeRead)) of audio")
      }
      waiting.append(rest)
    } else if ended.framesRead == 0, let failure = ending.failure, !waiting.isEmpty || framesRead + Int64(filled) > 0 {
      partWarnings.append("a part cannot be decoded: \(failure)")
      unheard += 0.1
    }
    try startPart()
  }

  /// Seconds of audio so far.
  private var timeRead: Double { Double(framesRead + Int64(filled)) / Double(format.sampleRate) }

  /// Looks at the whole, when there are no more parts.
  private mutating func finish() throws(AudioError) {
    guard part == nil, waiting.isEmpty, missingNext == 0, !isFinished else { return }
    isFinished = true
    if framesRead == 0 { throw nothingRead(failure) }
    let seconds = Double(nonNumberCount) / Double(format.channelCount * format.sampleRate)
    // A tenth of a second is no loss.
    noNumbers = seconds > 0.1 ? seconds : 0
    unheard += input.lost + noNumbers
    if input.unreadableBytes > 0 {
      // As many seconds as so many bytes of the others.
      let read = input.parts.reduce(Int64(0)) { $0 + ($1.excerpt?.count ?? 0) }
      unheard += max(0.1, Double(input.unreadableBytes) / Double(max(1, read)) * timeRead)
    }
  }

  private func nothingRead(_ failure: String?) -> AudioError {
    if let failure { return AudioError(code: .decodeFailed, path: input.path, message: failure) }
    let message =
      format.name.hasPrefix("RAW/")
      ? "shorter than one sample of each channel" : "there is a \(format.name) header and no audio after it"
    return AudioError(code: .empty, path: input.path, message: message)
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
