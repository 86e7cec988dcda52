/// Where the audio lies in a file: parts that follow one another, each as a decoder is to see it.
///
/// Decoders believe headers. A recorder that never came back to its header, a length of 32 bits that ran over, recordings put
/// one after another, links of a chain, a hole among frames: in each there is more audio than the header says. So the container
/// is looked at before it is opened, and where it is not what one decoder would read to its end, the decoder gets the parts.
struct Layout {
  /// One after another; at least one.
  var parts: [LayoutPart]
  /// What was odd, a line each.
  var warnings: [String] = []
  /// Seconds of what is no audio where audio should be.
  var lost = 0.0

  /// Looks at a file by its content.
  ///
  /// - Returns: `nil` where one decoder reads all of the file as it is.
  static func scan(_ file: borrowing FileDescriptor) -> Layout? {
    let size = file.size
    let lead = lead(of: file)
    var (place, found): (Int64, [Recorded]) = (lead, [])
    while place < size, let recorded = recording(in: file, at: place, size: size) {
      found.append(recorded)
      guard recorded.end > place else { break }
      place = recorded.end
    }
    guard let first = found.first, found.count > 1 || lead > 0 || !first.isPlain else { return nil }
    let parts = found.flatMap(\.parts)
    guard !parts.isEmpty else { return nil }
    var layout = Layout(parts: parts, lost: found.reduce(0) { $0 + $1.lost })
    if lead > 0 { layout.warnings.append("\(lead) \(lead == 1 ? "byte" : "bytes") of something else ahead of the recording passed over") }
    for warning in found.flatMap(\.warnings) where !layout.warnings.contains(warning) { layout.warnings.append(warning) }
    return layout
  }

  /// How far into a file a recording may start, behind bytes that are none of it.
  private static let longestLead = 1024

  /// Bytes ahead of a recording that are none of it, such as the mark or the line feed of a program that took it for text, or the
  /// head of a message that it came in; 0 where none are there, or no recording behind them.
  static func lead(of file: borrowing FileDescriptor) -> Int64 {
    let head = file.bytes(at: 0, count: longestLead + 12)
    // A tag is part of what is behind it.
    guard head.count > 12, !head.hasText("ID3"), !isCertainStart(head[...], isBehindText: true) else { return 0 }
    // What is no text may be a header that places are counted from.
    var isText = true
    for place in 1..<(head.count - 11) {
      isText = isText && [0xEF, 0xBB, 0xBF, 0xFE, 0xFF, 0, 0x09, 0x0A, 0x0D, 0x20].contains(head[place - 1])
      if isCertainStart(head[place...], isBehindText: isText) { return Int64(place) }
    }
    return 0
  }

  /// Whether bytes, 12 or more, are the start of a container beyond doubt.
  private static func isCertainStart(_ bytes: ArraySlice<UInt8>, isBehindText: Bool) -> Bool {
    let head = Array(bytes.prefix(12))
    switch head[0] {
    case UInt8(ascii: "R"):
      return ["RIFF", "RIFX", "RF64", "BW64"].contains { head.hasText($0) } && head.hasText("WAVE", at: 8)
    case UInt8(ascii: "r"): return head.starts(with: wave64Mark)
    case UInt8(ascii: "F"): return head.hasText("FORM") && head.hasText("AIF", at: 8)
    case UInt8(ascii: "c"): return head.hasText("caff") && head[4] == 0
    case UInt8(ascii: "f"): return head.hasText("fLaC") && head[4] & 0x7F == 0 && head[5...7].elementsEqual([0, 0, 34])
    case UInt8(ascii: "O"): return head.hasText("OggS") && head[4] == 0
    case UInt8(ascii: "."): return head.hasText(".snd") && head[4] == 0 && head[5] == 0
    case UInt8(ascii: "#"): return head.hasText("#!AMR")
    default: return isBehindText && (head.hasText("ftyp", at: 4) || head.starts(with: ebmlMark))
    }
  }

  /// The recording that starts at a place, by its first bytes.
  private static func recording(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Recorded? {
    let start = file.bytes(at: place, count: 12)
    if start.hasText("RIFF") || start.hasText("RIFX") || start.hasText("RF64") || start.hasText("BW64") {
      if start.hasText("AVI ", at: 8) { return aviRecording(in: file, at: place, size: size) }
      return start.hasText("WAVE", at: 8) ? waveRecording(in: file, at: place, size: size) : nil
    }
    if start.hasText("NIST_1A") { return sphereRecording(in: file, at: place, size: size) }
    if start.hasText("Creative Voi") { return vocRecording(in: file, at: place, size: size) }
    if start.starts(with: asfMark) { return asfRecording(in: file, at: place, size: size) }
    if start.hasText("riff") { return wave64Recording(in: file, at: place, size: size) }
    if start.hasText(".snd") || start.hasText("dns.") { return auRecording(in: file, at: place, size: size) }
    if start.hasText("FORM") { return aiffRecording(in: file, at: place, size: size) }
    if start.hasText("caff") { return cafRecording(in: file, at: place, size: size) }
    if start.hasText("fLaC") { return markedRecording(in: file, at: place, size: size, mark: flacMark) }
    if start.starts(with: ebmlMark) { return markedRecording(in: file, at: place, size: size, mark: ebmlMark) }
    if start.hasText("OggS") { return oggRecording(in: file, at: place, size: size) }
    if start.hasText("ftyp", at: 4) { return movieRecording(in: file, at: place, size: size) }
    if start.hasText("#!AMR") { return amrRecording(in: file, at: place, size: size) }
    return framesRecording(in: file, at: place, size: size)
  }

  /// Whether the first bytes, 12 or more, are those of a container that tells itself.
  static func isStart(_ head: some Collection<UInt8>) -> Bool {
    let head = Array(head.prefix(12))
    return ["RIFF", "RIFX", "RF64", "BW64", ".snd", "FORM", "caff", "fLaC", "OggS", "#!AMR"].contains { head.hasText($0) }
      || head.hasText("ftyp", at: 4) || head.starts(with: ebmlMark) || head.starts(with: wave64Mark)
  }

  /// What a FLAC stream starts with: the marker, and the head of the block that must come first.
  private static let flacMark = Array("fLaC".utf8)
  /// What Wave64 starts with.
  private static let wave64Mark = Array(wave64Name.prefix(12))
  /// What Matroska and WebM start with.
  private static let ebmlMark: [UInt8] = [0x1A, 0x45, 0xDF, 0xA3]

  /// Whether a recording starts at a place, of a container or of frames without one.
  static func isRecording(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Bool {
    let head = file.bytes(at: place, count: 12)
    return head.count == 12 && (isStart(head) || startsFrames(in: file, at: place, size: size))
  }

  /// Whether bytes may be the first of a container that `isCertainStart` knows, or of a frame: asked of each byte of a file.
  @inline(__always)
  private static func mayBeStart(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fifth: UInt8) -> Bool {
    switch first {
    case 0xFF: second >= 0xE0 && third != 0xFF
    case UInt8(ascii: "R"): second == UInt8(ascii: "I") || second == UInt8(ascii: "F")
    case UInt8(ascii: "r"): second == UInt8(ascii: "i")
    case UInt8(ascii: "F"): second == UInt8(ascii: "O")
    case UInt8(ascii: "c"): second == UInt8(ascii: "a")
    case UInt8(ascii: "f"): second == UInt8(ascii: "L")
    case UInt8(ascii: "O"): second == UInt8(ascii: "g")
    case UInt8(ascii: "."): second == UInt8(ascii: "s")
    case UInt8(ascii: "#"): second == UInt8(ascii: "!")
    case 0x1A: second == 0x45
    case 0: fifth == UInt8(ascii: "f")
    default: false
    }
  }

  /// Where a container starts beyond doubt, or a long run of frames without one, at a place or behind it.
  private static func nextCertainStart(in file: borrowing FileDescriptor, from place: Int64, size: Int64) -> Int64? {
    var (place, window) = (place, Window())
    while size - place > 12 {
      let bytes = file.bytes(at: place, count: 1 << 20)
      guard bytes.count > 12 else { return nil }
      for index in 0..<(bytes.count - 12) where mayBeStart(bytes[index], bytes[index + 1], bytes[index + 2], bytes[index + 4]) {
        let start = place + Int64(index)
        let isFound =
          bytes[index] == 0xFF
          ? window.startsManyFrames(at: start, of: file)
          : isCertainStart(bytes[index...], isBehindText: true) && isWhole(in: file, at: start, size: size)
        if isFound { return start }
      }
      place += Int64(bytes.count - 12)
    }
    return nil
  }

  /// Whether what looks like the start of a container is described as one.
  private static func isWhole(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Bool {
    let head = file.bytes(at: place, count: 64)
    if head.starts(with: ebmlMark) { return head.containsText("webm") || head.containsText("matroska") }
    if head.hasText("ftyp", at: 4) { return head.number(at: 0, bytes: 4, bigEndian: true).map { (12...256).contains($0) } ?? false }
    if head.hasText(".snd") { return isAUHeader(head) && head[12..<15].allSatisfy { $0 == 0 } }
    return true
  }

  /// A recording that goes on until another one starts.
  private static func markedRecording(
    in file: borrowing FileDescriptor, at place: Int64, size: Int64, mark: [UInt8]
  ) -> Recorded? {
    // What the metadata of FLAC keep of a file that it was made of is none.
    let first = mark == flacMark ? flacFrames(in: file, at: place) : place + 1
    let end = nextCertainStart(in: file, from: first, size: size) ?? size
    return mark == flacMark ? flacRecording(in: file, place..<end) : Recorded(parts: [LayoutPart(Excerpt(place..<end))], end: end)
  }

  /// Where the metadata of a FLAC stream end.
  private static func flacFrames(in file: borrowing FileDescriptor, at start: Int64) -> Int64 {
    var place = start + 4
    while true {
      let head = file.bytes(at: place, count: 4)
      guard head.count == 4, let length = head.number(at: 1, bytes: 3, bigEndian: true) else { return place }
      place += 4 + length
      if head[0] & 0x80 != 0 { return place }
    }
  }

  /// libsndfile stops at the length that the header gives, whatever comes behind frames that stand there twice.
  private static func flacRecording(in file: borrowing FileDescriptor, _ range: Range<Int64>) -> Recorded {
    let goesBack = FLACRecovery.goesBack(file, in: range)
    return Recorded(parts: [LayoutPart(Excerpt(range), takesFFmpeg: goesBack)], end: range.upperBound, isPlain: !goesBack)
  }
}

/// What one decoder is to read.
struct LayoutPart: Sendable {
  let excerpt: Excerpt
  /// Name of the container where the excerpt is in another one than the file.
  var container: String?
  /// Whether ffmpeg is to decode it, whatever libsndfile knows.
  var takesFFmpeg = false
  /// Seconds that the header of the part promises beyond what is there.
  var promisedBeyond = 0.0

  init(_ excerpt: Excerpt, container: String? = nil, takesFFmpeg: Bool = false) {
    self.excerpt = excerpt
    self.container = container
    self.takesFFmpeg = takesFFmpeg
  }
}

/// A recording found in a file.
struct Recorded {
  var parts: [LayoutPart]
  /// Place behind it, where another may start.
  var end: Int64
  /// Whether a decoder that is given the whole file reads all of it, if nothing follows.
  var isPlain = true
  var warnings: [String] = []
  /// Seconds of what is no audio where audio should be, beyond what parts promise.
  var lost = 0.0

  /// Notes that so many seconds at the end are missing.
  mutating func cut(by seconds: Double, _ warning: String) {
    isPlain = false
    lost += seconds
    warnings.append(warning)
  }
}

extension [UInt8] {
  fileprivate func containsText(_ text: String) -> Bool {
    let pattern = Array(text.utf8)
    return indices.contains { self[$0...].starts(with: pattern) }
  }
}
