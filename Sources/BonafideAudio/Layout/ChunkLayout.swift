/// Containers of chunks, each with a name and a length: WAV and its kin, AIFF, CAF; and AU, which is a chunk of its own.
///
/// Audio whose length is right is left to the decoder. Where it is 0, less than what is there, or ran over at 4 GiB, the audio
/// goes on to the next chunk that can be one, or to the end; and it is given to the decoder under a header that says so.
extension Layout {
  /// Most bytes of audio under one header: lengths are of 32 bits, in some readers signed.
  private static let longestPart: Int64 = 1 << 30

  /// Names of chunks that may stand behind audio, whatever their length.
  private static let knownChunks: Set<String> = [
    "data", "LIST", "RIFF", "RIFX", "RF64", "BW64", "fact", "cue ", "bext", "iXML", "JUNK", "junk", "PAD ", "id3 ", "ID3 ",
    "smpl", "inst", "PEAK", "axml", "_PMX", "afsp", "DISP", "FLLR", "minf", "elm1", "regn", "umid", "chna", "levl", "plst",
    "note", "acid", "strc", "FORM", "SSND", "COMM", "MARK", "COMT", "ANNO", "NAME", "AUTH", "(c) ", "APPL", "INST", "MIDI",
    "AESD", "SAXL", "caff", "free", "info", "kuki", "pakt", "chan", "peak", "mark", "strg", "edct", "uuid",
  ]

  /// How far audio goes.
  private struct Extent {
    var end: Int64
    /// Whether it is where the header puts it, or where a decoder looks anyhow.
    var isAsSaid = true
    var warning: String?
  }

  private static let unfinished = "the header was never finished: it gives no length of the audio, which was read to its end"
  private static let stale = "the header gives too short a length of the audio, which was read to its end"

  /// - Parameters:
  ///   - body: where the audio starts.
  ///   - claimed: bytes of it, as the header has them; `nil` where it says that it does not know.
  ///   - wraps: whether the length is one of 32 bits, that runs over.
  ///   - least: bytes of a tenth of a second; what is shorter behind the audio is no audio.
  ///   - follows: whether something else can start at a place.
  ///   - next: where another recording starts, at a place or behind it.
  private static func extent(
    _ body: Int64, claimed: Int64?, size: Int64, wraps: Bool, least: Int64, follows: (Int64) -> Bool,
    next: (Int64) -> Int64?
  ) -> Extent {
    // A header may put the audio behind the end.
    guard body <= size else { return Extent(end: body) }
    let rest = size - body
    guard let claimed, claimed <= rest else {
      // A decoder goes to the end of the file.
      if let another = next(body) { return Extent(end: another, isAsSaid: false) }
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

  private static func isName(_ bytes: [UInt8]) -> Bool {
    bytes.count == 4 && bytes.allSatisfy { (0x20...0x7E).contains($0) }
  }

  /// Whether a tag of another program, or padding, starts at a place.
  private static func isTag(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Bool {
    let head = file.bytes(at: place, count: 8)
    return head.hasText("TAG") || head.hasText("ID3") || head.hasText("APETAGEX") || head.hasText("LYRICS")
      || (head.allSatisfy { $0 == 0 } && size - place < 1 << 20 && file.isZero(place..<size))
  }

  /// Whether a chunk can start at a place: one whose name is known, or one that ends where another can start.
  private static func isChunk(
    in file: borrowing FileDescriptor, at place: Int64, size: Int64, lengthBytes: Int = 4, bigEndian: Bool, depth: Int = 2
  ) -> Bool {
    if size - place < 8 || isStart(file.bytes(at: place, count: 12)) { return true }
    let head = file.bytes(at: place, count: 4 + lengthBytes)
    guard isName(Array(head.prefix(4))), let length = head.number(at: 4, bytes: lengthBytes, bigEndian: bigEndian) else {
      return isTag(in: file, at: place, size: size)
    }
    if knownChunks.contains(String(decoding: head.prefix(4), as: UTF8.self)) { return true }
    let end = place + Int64(head.count) + length
    guard length <= size, end <= size, depth > 0 else { return isTag(in: file, at: place, size: size) }
    return isChunk(
      in: file, at: end + (length & 1), size: size, lengthBytes: lengthBytes, bigEndian: bigEndian, depth: depth - 1)
  }

  /// Ranges of audio, cut to whole blocks and to lengths that a header holds.
  private static func pieces(_ ranges: [Range<Int64>], block: Int64) -> [Range<Int64>] {
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

  // MARK: WAV

  /// By which WAV names MP3.
  private static let mp3Tag: Int64 = 0x55

  /// WAV, RF64, BW64.
  static func waveRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    let bigEndian = file.bytes(at: start, count: 4).hasText("RIFX")
    let isLong = file.bytes(at: start, count: 4).hasText("RF64") || file.bytes(at: start, count: 4).hasText("BW64")
    var (place, format, longLength): (Int64, [UInt8]?, Int64?) = (start + 12, nil, nil)
    var (audio, recorded): ([Range<Int64>], Recorded) = ([], Recorded(parts: [], end: size))
    while place + 8 <= size {
      let head = file.bytes(at: place, count: 8)
      guard isName(Array(head.prefix(4))), let length = head.number(at: 4, bytes: 4, bigEndian: bigEndian) else { break }
      let body = place + 8
      if isStart(file.bytes(at: place, count: 12)) {
        recorded.end = place
        break
      }
      if head.hasText("fmt ") {
        guard (14...4_096).contains(length) else { return nil }
        format = file.bytes(at: body, count: Int(length))
      } else if head.hasText("ds64") {
        longLength = file.bytes(at: body + 8, count: 8).number(at: 0, bytes: 8, bigEndian: bigEndian)
      } else if head.hasText("data") {
        guard let rate = format?.number(at: 8, bytes: 4, bigEndian: bigEndian) else { return nil }
        var claimed: Int64? = length < 0xFFFF_0000 ? length : nil
        if isLong, length == 0xFFFF_FFFF { claimed = longLength }
        let extent = extent(
          body, claimed: claimed, size: size, wraps: !isLong, least: max(64, rate / 10),
          follows: { place in
            isChunk(in: file, at: place, size: size, bigEndian: bigEndian)
              || place & 1 != body & 1 && isChunk(in: file, at: place + 1, size: size, bigEndian: bigEndian)
          },
          next: { nextWave(in: file, from: $0, size: size) })
        // Decoders do not take a length of 64 bits that is none.
        if !extent.isAsSaid || !audio.isEmpty || isLong && claimed == nil { recorded.isPlain = false }
        if let warning = extent.warning { recorded.warnings.append(warning) }
        if extent.end > body { audio.append(body..<extent.end) }
        place = extent.end
        // The byte that evens a length may be there or not.
        if (extent.end - body) & 1 == 1, !isChunkName(in: file, at: place) { place += 1 }
        continue
      }
      place = body + length + (length & 1)
    }
    guard let format, let block = format.number(at: 12, bytes: 2, bigEndian: bigEndian) else { return nil }
    if format.number(at: 0, bytes: 2, bigEndian: bigEndian) == mp3Tag {
      // Frames in a chunk are what they are without.
      var found: [Recorded] = []
      for range in audio where recorded.end > range.lowerBound {
        guard let frames = framesRecording(in: file, at: range.lowerBound, size: range.upperBound) else { continue }
        found.append(frames)
        // Another recording begins inside.
        if frames.end < range.upperBound { recorded.end = frames.end }
      }
      if !found.isEmpty {
        recorded.isPlain = false
        recorded.parts = found.flatMap(\.parts)
        for index in recorded.parts.indices { recorded.parts[index].container = "WAV" }
        recorded.warnings += found.flatMap(\.warnings)
        return recorded
      }
    }
    recorded.parts = pieces(audio, block: block).map {
      LayoutPart(wave(format, audio: $0, bigEndian: bigEndian), container: isLong ? "RF64" : nil)
    }
    return recorded
  }

  private static func isChunkName(in file: borrowing FileDescriptor, at place: Int64) -> Bool {
    knownChunks.contains(String(decoding: file.bytes(at: place, count: 4), as: UTF8.self))
  }

  private static func nextWave(in file: borrowing FileDescriptor, from place: Int64, size: Int64) -> Int64? {
    var place = place
    while let hit = file.firstPlace(of: Array("WAVEfmt ".utf8), in: place..<size) {
      let head = file.bytes(at: hit - 8, count: 4)
      if hit - 8 >= place, head.hasText("RIFF") || head.hasText("RIFX") { return hit - 8 }
      place = hit + 1
    }
    return nil
  }

  /// A WAV file of some audio.
  private static func wave(_ format: [UInt8], audio: Range<Int64>, bigEndian: Bool) -> Excerpt {
    func number(_ value: Int) -> [UInt8] { headerBytes(Int64(value), count: 4, bigEndian: bigEndian) }
    let count = Int(audio.upperBound - audio.lowerBound)
    let padded = format + (format.count % 2 == 1 ? [0] : [])
    let header =
      Array((bigEndian ? "RIFX" : "RIFF").utf8) + number(20 + padded.count + count + (count & 1)) + Array("WAVEfmt ".utf8)
      + number(format.count) + padded + Array("data".utf8) + number(count)
    return Excerpt([.bytes(header), .file(audio)] + (count & 1 == 1 ? [.bytes([0])] : []))
  }

  // MARK: W64

  private static let wave64Tail: [UInt8] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A]

  /// Sony Wave64: names of 16 bytes, lengths of 64 bits that count the head, chunks at multiples of 8.
  static func wave64Recording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    func isHead(_ place: Int64) -> Bool {
      let head = file.bytes(at: place, count: 16)
      return Array(head.dropFirst(4)) == wave64Tail || isWave64(in: file, at: place)
    }
    guard isWave64(in: file, at: start) else { return nil }
    var (place, format): (Int64, [UInt8]?) = (start + 40, nil)
    var (audio, recorded): ([Range<Int64>], Recorded) = ([], Recorded(parts: [], end: size))
    while place + 24 <= size {
      let head = file.bytes(at: place, count: 24)
      if isWave64(in: file, at: place) || isStart(head) {
        recorded.end = place
        break
      }
      let length = head.number(at: 16, bytes: 8, bigEndian: false)
      let body = place + 24
      if head.hasText("fmt "), let length {
        guard (38...4_096).contains(length) else { return nil }
        format = file.bytes(at: body, count: Int(length) - 24)
      } else if head.hasText("data") {
        guard let rate = format?.number(at: 8, bytes: 4, bigEndian: false) else { return nil }
        let extent = extent(
          body, claimed: length.map { max(0, $0 - 24) }, size: size, wraps: false, least: max(64, rate / 10),
          follows: { place in
            size - place < 24 || isStart(file.bytes(at: place, count: 12)) || isHead(place) || isHead(start + (place - start + 7) / 8 * 8)
          },
          next: { place in file.firstPlace(of: Array("riff".utf8) + wave64RIFFTail, in: place..<size) })
        if !extent.isAsSaid || !audio.isEmpty { recorded.isPlain = false }
        if let warning = extent.warning { recorded.warnings.append(warning) }
        if extent.end > body { audio.append(body..<extent.end) }
        place = isHead(extent.end) ? extent.end : start + (extent.end - start + 7) / 8 * 8
        continue
      }
      guard let length, length >= 24 else { break }
      let (next, overflow) = place.addingReportingOverflow(length > size ? size : length)
      if overflow { break }
      place = start + (next - start + 7) / 8 * 8
    }
    guard let format, let block = format.number(at: 12, bytes: 2, bigEndian: false) else { return nil }
    recorded.parts = pieces(audio, block: block).map { LayoutPart(wave(format, audio: $0, bigEndian: false), container: "W64") }
    return recorded
  }

  private static let wave64RIFFTail: [UInt8] = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00]

  private static func isWave64(in file: borrowing FileDescriptor, at place: Int64) -> Bool {
    file.bytes(at: place, count: 16) == Array("riff".utf8) + wave64RIFFTail
  }

  // MARK: AU

  /// Sun and NeXT audio: a header and the audio.
  static func auRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    let head = file.bytes(at: start, count: 24)
    let bigEndian = head.hasText(".snd")
    let numbers = (0..<5).compactMap { head.number(at: 4 + 4 * $0, bytes: 4, bigEndian: bigEndian) }
    guard numbers.count == 5, numbers[0] >= 24, numbers[0] <= 1 << 20, numbers[3] > 0, numbers[4] > 0 else { return nil }
    let body = start + numbers[0]
    guard body < size else { return nil }
    let extent = extent(
      body, claimed: numbers[1] < 0xFFFF_0000 ? numbers[1] : nil, size: size, wraps: true, least: max(64, numbers[3] / 10),
      follows: { place in
        place >= size || isStart(file.bytes(at: place, count: 12)) && !file.bytes(at: place, count: 4).hasText(".snd")
          || nextAU(in: file, from: place, to: place + 4, size: size) != nil || isTag(in: file, at: place, size: size)
      },
      next: { place in nextAU(in: file, from: place, to: size, size: size) })
    let header = Array(head.prefix(4)) + headerBytes(24, count: 4, bigEndian: bigEndian)
    // The smallest frame of any encoding: G.721 and G.723 have half bytes.
    let width: [Int64: Int64] = [3: 2, 4: 3, 5: 4, 6: 4, 7: 8]
    let parts = pieces([body..<extent.end], block: max(1, (width[numbers[2]] ?? 1) * min(numbers[4], 1_024))).map { range in
      let length = headerBytes(range.upperBound - range.lowerBound, count: 4, bigEndian: bigEndian)
      return LayoutPart(Excerpt([.bytes(header + length + head.suffix(12)), .file(range)]))
    }
    let isFollowed = isStart(file.bytes(at: extent.end, count: 12))
    return Recorded(
      parts: parts, end: isFollowed ? extent.end : size, isPlain: extent.isAsSaid, warnings: extent.warning.map { [$0] } ?? [])
  }

  private static func nextAU(in file: borrowing FileDescriptor, from place: Int64, to end: Int64, size: Int64) -> Int64? {
    var place = place
    while place < end, let hit = file.firstPlace(of: Array(".snd".utf8), in: place..<min(end, size)) {
      let head = file.bytes(at: hit, count: 24)
      let numbers = (0..<5).compactMap { head.number(at: 4 + 4 * $0, bytes: 4, bigEndian: true) }
      if numbers.count == 5, (24...65_536).contains(numbers[0]), (1...30).contains(numbers[2]),
        AudioFormat.sampleRates.contains(Int(numbers[3])), AudioFormat.channelCounts.contains(Int(numbers[4]))
      {
        return hit
      }
      place = hit + 1
    }
    return nil
  }

  // MARK: AIFF

  static func aiffRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    let form = file.bytes(at: start, count: 12)
    guard form.hasText("AIFF", at: 8) || form.hasText("AIFC", at: 8) else { return nil }
    var (place, common): (Int64, [UInt8]?) = (start + 12, nil)
    var (audio, recorded): ([Range<Int64>], Recorded) = ([], Recorded(parts: [], end: size))
    while place + 8 <= size {
      let head = file.bytes(at: place, count: 8)
      guard isName(Array(head.prefix(4))), let length = head.number(at: 4, bytes: 4, bigEndian: true) else { break }
      if isStart(file.bytes(at: place, count: 12)) {
        recorded.end = place
        break
      }
      if head.hasText("COMM") {
        guard (18...4_096).contains(length) else { return nil }
        common = file.bytes(at: place + 8, count: Int(length))
      } else if head.hasText("SSND") {
        // The audio may come before its description.
        let offset = file.bytes(at: place + 8, count: 4).number(at: 0, bytes: 4, bigEndian: true) ?? 0
        let body = place + 16 + min(offset, 1 << 16)
        let extent = extent(
          body, claimed: length < 0xFFFF_0000 ? max(0, length - 8 - min(offset, 1 << 16)) : nil, size: size, wraps: true,
          least: 800,
          follows: { place in
            isChunk(in: file, at: place, size: size, bigEndian: true)
              || place & 1 != body & 1 && isChunk(in: file, at: place + 1, size: size, bigEndian: true)
          },
          next: { place in nextAIFF(in: file, from: place, size: size) })
        if !extent.isAsSaid || !audio.isEmpty { recorded.isPlain = false }
        if let warning = extent.warning { recorded.warnings.append(warning) }
        if extent.end > body { audio.append(body..<extent.end) }
        place = extent.end
        if (extent.end - body) & 1 == 1, !isChunkName(in: file, at: place) { place += 1 }
        continue
      }
      place += 8 + length + (length & 1)
    }
    guard let common, let channels = common.number(at: 0, bytes: 2, bigEndian: true),
      let bits = common.number(at: 6, bytes: 2, bigEndian: true)
    else { return nil }
    var (block, frames) = (max(1, channels * ((bits + 7) / 8)), Int64(1))
    if form.hasText("AIFC", at: 8) {
      switch String(decoding: common.dropFirst(18).prefix(4), as: UTF8.self) {
      case "ulaw", "ULAW", "alaw", "ALAW": block = max(1, channels)
      case "ima4": block = max(1, 34 * channels)
      case "GSM ", "agsm": (block, frames) = (33, 160)
      case "fl64", "FL64": block = max(1, 8 * channels)
      case "fl32", "FL32", "in32", "ni32", "23ni": block = max(1, 4 * channels)
      default: break
      }
    }
    recorded.parts = pieces(audio, block: block).map { range in
      let count = range.upperBound - range.lowerBound
      var described = common
      described.replaceSubrange(2..<6, with: headerBytes(count / block * frames, count: 4, bigEndian: true))
      if described.count % 2 == 1 { described.append(0) }
      let head =
        Array("COMM".utf8) + headerBytes(Int64(common.count), count: 4, bigEndian: true) + described + Array("SSND".utf8)
        + headerBytes(count + 8, count: 4, bigEndian: true) + [UInt8](repeating: 0, count: 8)
      let version =
        form.hasText("AIFC", at: 8)
        ? Array("FVER".utf8) + headerBytes(4, count: 4, bigEndian: true) + headerBytes(0xA280_5140, count: 4, bigEndian: true) : []
      let total = Int64(4 + version.count + head.count) + count
      return LayoutPart(
        Excerpt([
          .bytes(Array("FORM".utf8) + headerBytes(total, count: 4, bigEndian: true) + Array(form.suffix(4)) + version + head),
          .file(range),
        ]))
    }
    return recorded
  }

  private static func nextAIFF(in file: borrowing FileDescriptor, from place: Int64, size: Int64) -> Int64? {
    var place = place
    while let hit = file.firstPlace(of: Array("FORM".utf8), in: place..<size) {
      let head = file.bytes(at: hit, count: 12)
      if head.hasText("AIFF", at: 8) || head.hasText("AIFC", at: 8) { return hit }
      place = hit + 1
    }
    return nil
  }

  // MARK: CAF

  /// Apple's Core Audio Format. Packets whose lengths are told in a table are left to the decoder.
  static func cafRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    var (place, described): (Int64, [UInt8]?) = (start + 8, nil)
    var (audio, recorded): ([Range<Int64>], Recorded) = ([], Recorded(parts: [], end: size))
    var isTabled = false
    while place + 12 <= size {
      let head = file.bytes(at: place, count: 12)
      guard isName(Array(head.prefix(4))) else { break }
      if isStart(head) {
        recorded.end = place
        break
      }
      // −1 is a length that is not known.
      let length = head.number(at: 4, bytes: 8, bigEndian: true)
      let body = place + 12
      if head.hasText("desc") { described = file.bytes(at: body, count: 32) }
      if head.hasText("pakt") { isTabled = true }
      if head.hasText("data") {
        let extent = extent(
          body + 4, claimed: length.map { max(0, $0 - 4) }, size: size, wraps: false, least: 800,
          follows: { place in isChunk(in: file, at: place, size: size, lengthBytes: 8, bigEndian: true) },
          next: { place in nextCAF(in: file, from: place, size: size) })
        // libsndfile does not take the length that stands for one that is not known.
        if !extent.isAsSaid || !audio.isEmpty || length == nil { recorded.isPlain = false }
        if let warning = extent.warning { recorded.warnings.append(warning) }
        if extent.end > body + 4 { audio.append(body + 4..<extent.end) }
        place = extent.end
        continue
      }
      guard let length, length <= size else { break }
      place = body + length
    }
    guard let described, let block = described.number(at: 16, bytes: 4, bigEndian: true) else { return nil }
    if block == 0 || isTabled {
      return Recorded(parts: [LayoutPart(Excerpt(start..<recorded.end))], end: recorded.end)
    }
    let head =
      Array("caff".utf8) + [0, 1, 0, 0] + Array("desc".utf8) + headerBytes(32, count: 8, bigEndian: true) + described
      + Array("data".utf8)
    recorded.parts = pieces(audio, block: block).map { range in
      let length = headerBytes(range.upperBound - range.lowerBound + 4, count: 8, bigEndian: true)
      return LayoutPart(Excerpt([.bytes(head + length + [0, 0, 0, 0]), .file(range)]))
    }
    return recorded
  }

  private static func nextCAF(in file: borrowing FileDescriptor, from place: Int64, size: Int64) -> Int64? {
    file.firstPlace(of: Array("caff".utf8) + [0, 1, 0, 0] + Array("desc".utf8), in: place..<size)
  }
}
