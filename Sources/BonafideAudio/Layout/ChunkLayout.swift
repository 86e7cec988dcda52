/// Containers of chunks, each with a name and a length: WAV and its kin, AIFF, CAF; and AU, which is a chunk of its own.
///
/// Audio whose length is right is left to the decoder. Where it is 0, less than what is there, or ran over at 4 GiB, the audio
/// goes on to the next chunk that can be one, or to the end; and it is given to the decoder under a header that says so.
extension Layout {
  /// Most bytes of audio under one header: lengths are of 32 bits, in some readers signed.
  static let longestPart: Int64 = 1 << 30

  /// Names of chunks that may stand behind audio, whatever their length.
  static let knownChunks: Set<String> = [
    "data", "LIST", "RIFF", "RIFX", "RF64", "BW64", "fact", "cue ", "bext", "iXML", "JUNK", "junk", "PAD ", "id3 ", "ID3 ",
    "smpl", "inst", "PEAK", "axml", "_PMX", "afsp", "DISP", "FLLR", "minf", "elm1", "regn", "umid", "chna", "levl", "plst",
    "note", "acid", "strc", "FORM", "SSND", "COMM", "MARK", "COMT", "ANNO", "NAME", "AUTH", "(c) ", "APPL", "INST", "MIDI",
    "AESD", "SAXL", "caff", "free", "info", "kuki", "pakt", "chan", "peak", "mark", "strg", "edct", "uuid",
  ]

  /// How far audio goes.
  struct Extent {
    var end: Int64
    /// Whether it is where the header puts it, or where a decoder looks anyhow.
    var isAsSaid = true
    var warning: String?
    /// Bytes that the header promises beyond the end of the file.
    var lost: Int64 = 0
  }

  /// The audio of chunks, as far as they were passed.
  struct ChunkAudio {
    private(set) var ranges: [Range<Int64>] = []
    /// All but the parts.
    var recorded: Recorded
    private(set) var lost: Int64 = 0

    init(size: Int64) { recorded = Recorded(parts: [], end: size) }

    /// Takes the parts, of so many bytes a second; the last one has lost what is cut off.
    mutating func take(_ parts: [LayoutPart], bytesPerSecond: Double) -> Recorded {
      recorded.parts = parts
      if lost > 0, let last = parts.indices.last {
        // Of an unknown rate, it is known that something is missing.
        let seconds = bytesPerSecond > 0 ? Double(lost) / bytesPerSecond : 0.2
        recorded.parts[last].promisedBeyond = max(recorded.parts[last].promisedBeyond, seconds)
      }
      return recorded
    }

    mutating func add(_ extent: Extent, from body: Int64) {
      if !extent.isAsSaid || !ranges.isEmpty { recorded.isPlain = false }
      lost += extent.lost
      if let warning = extent.warning { recorded.warnings.append(warning) }
      if extent.end > body { ranges.append(body..<extent.end) }
    }
  }

  /// From here on decoders do not tell that a length is beyond the end of the file.
  private static let leastBeyondDecoders: Int64 = 0x7FFF_0000

  /// Whether a length stands for one that is not known: near the top of 31, 32 or 63 bits, as programs leave it that write to a pipe.
  private static func isPlaceholder(_ length: Int64) -> Bool {
    (0x7FFF_0000...0x7FFF_FFFF).contains(length) || (0xFFFF_0000...0xFFFF_FFFF).contains(length) || length > 1 << 62
  }

  static let unfinished = "the header was never finished: it gives no length of the audio, which was read to its end"
  static let stale = "the header gives too short a length of the audio, which was read to its end"

  /// - Parameters:
  ///   - body: where the audio starts.
  ///   - claimed: bytes of it, as the header has them; `nil` where it says that it does not know.
  ///   - wraps: whether the length is one of 32 bits, that runs over.
  ///   - decoderTells: whether the decoder takes a length beyond the end of the file, and tells.
  ///   - least: bytes of a tenth of a second; what is shorter behind the audio is no audio.
  ///   - follows: whether something else can start at a place.
  ///   - next: where another recording starts, at a place or behind it.
  static func extent(
    _ body: Int64, claimed: Int64?, size: Int64, wraps: Bool, decoderTells: Bool = true, least: Int64, follows: (Int64) -> Bool,
    next: (Int64) -> Int64?
  ) -> Extent {
    // A header may put the audio behind the end.
    guard body <= size else { return Extent(end: body) }
    let rest = size - body
    guard let claimed, claimed <= rest else {
      // A decoder goes to the end of the file.
      if let another = next(body) { return Extent(end: another, isAsSaid: false) }
      if let claimed, !isPlaceholder(claimed) {
        return Extent(end: size, isAsSaid: decoderTells && claimed < leastBeyondDecoders, lost: claimed - rest)
      }
      return Extent(end: size, isAsSaid: !(wraps && rest > 0xFFFF_0000))
    }
    if claimed == rest || follows(body + claimed) { return Extent(end: body + claimed) }
    if wraps {
      var longer = claimed + (1 << 32)
      while longer <= rest {
        if longer == rest || follows(body + longer) { return Extent(end: body + longer, isAsSaid: false, warning: stale) }
        longer += 1 << 32
      }
    }
    // What is behind is too short, or no audio.
    if rest - claimed < least, claimed > 0 { return Extent(end: body + claimed) }
    return Extent(end: next(body + claimed) ?? size, isAsSaid: false, warning: claimed == 0 ? unfinished : stale)
  }

  /// Whether a chunk can start at a place behind audio, or behind the byte that evens the length of the audio.
  static func isChunk(behindAudioFrom body: Int64, in file: borrowing FileDescriptor, at place: Int64, size: Int64, bigEndian: Bool) -> Bool {
    isChunk(in: file, at: place, size: size, bigEndian: bigEndian)
      || place & 1 != body & 1 && isChunk(in: file, at: place + 1, size: size, bigEndian: bigEndian)
  }

  /// The place behind audio, and behind the byte that evens its length, which may be there or not.
  static func evened(_ end: Int64, from body: Int64, in file: borrowing FileDescriptor) -> Int64 {
    (end - body) & 1 == 1 && !isChunkName(in: file, at: end) ? end + 1 : end
  }

  static func isName(_ bytes: [UInt8]) -> Bool {
    bytes.count == 4 && bytes.allSatisfy { (0x20...0x7E).contains($0) }
  }

  static func isChunkName(in file: borrowing FileDescriptor, at place: Int64) -> Bool {
    knownChunks.contains(String(decoding: file.bytes(at: place, count: 4), as: UTF8.self))
  }

  /// Whether a tag of another program, padding, or audio of another kind starts at a place.
  static func isTag(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Bool {
    let head = file.bytes(at: place, count: 8)
    return head.hasText("TAG") || head.hasText("ID3") || head.hasText("APETAGEX") || head.hasText("LYRICS")
      || (head.allSatisfy { $0 == 0 } && size - place < 1 << 20 && file.isZero(place..<size)) || startsFrames(in: file, at: place, size: size)
  }

  /// Whether a chunk can start at a place: one whose name is known, or one that ends where another can start.
  static func isChunk(
    in file: borrowing FileDescriptor, at place: Int64, size: Int64, lengthBytes: Int = 4, bigEndian: Bool, depth: Int = 2
  ) -> Bool {
    if size - place < 8 || isStart(file.bytes(at: place, count: 12)) { return true }
    let head = file.bytes(at: place, count: 4 + lengthBytes)
    guard isName(Array(head.prefix(4))), let length = head.number(at: 4, bytes: lengthBytes, bigEndian: bigEndian) else {
      return isTag(in: file, at: place, size: size)
    }
    if knownChunks.contains(String(decoding: head.prefix(4), as: UTF8.self)) { return true }
    // A length of 64 bits may be beyond all that can be added to.
    guard length <= size, place + Int64(head.count) + length <= size, depth > 0 else { return isTag(in: file, at: place, size: size) }
    let end = place + Int64(head.count) + length
    return isChunk(
      in: file, at: end + (length & 1), size: size, lengthBytes: lengthBytes, bigEndian: bigEndian, depth: depth - 1)
  }

  /// Ranges of audio, cut to whole blocks and to lengths that a header holds.
  static func pieces(_ ranges: [Range<Int64>], block: Int64) -> [Range<Int64>] {
    let block = max(1, block)
    let longest = max(block, longestPart / block * block)
    return ranges.flatMap { range -> [Range<Int64>] in
      var (pieces, start): ([Range<Int64>], Int64) = ([], range.lowerBound)
      while range.upperBound - start >= block {
        let end = min(start + longest, start + (range.upperBound - start) / block * block)
        pieces.append(start..<end)
        start = end
      }
      return pieces
    }
  }
}
