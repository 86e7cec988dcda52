import Glibc

/// Where the audio of AIFF and AIFF-C is.
extension Layout {
  static func aiffRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    let form = file.bytes(at: start, count: 12)
    guard form.hasText("AIFF", at: 8) || form.hasText("AIFC", at: 8) else { return nil }
    var (place, common, audio): (Int64, [UInt8]?, ChunkAudio) = (start + 12, nil, ChunkAudio(size: size))
    while place + 8 <= size {
      let head = file.bytes(at: place, count: 8)
      if isRecording(in: file, at: place, size: size) {
        audio.recorded.end = place
        break
      }
      guard isName(Array(head.prefix(4))), let length = head.number(at: 4, bytes: 4, bigEndian: true) else { break }
      if head.hasText("COMM") {
        guard (18...4_096).contains(length) else { return nil }
        common = file.bytes(at: place + 8, count: Int(length))
      } else if head.hasText("SSND") {
        // The audio may come before its description.
        let offset = min(file.bytes(at: place + 8, count: 4).number(at: 0, bytes: 4, bigEndian: true) ?? 0, 1 << 16)
        let body = place + 16 + offset
        let extent = extent(
          body, claimed: length < 0xFFFF_0000 ? max(0, length - 8 - offset) : nil, size: size, wraps: true, least: 800,
          follows: { isChunk(behindAudioFrom: body, in: file, at: $0, size: size, bigEndian: true) },
          next: { nextAIFF(in: file, from: $0, size: size) })
        audio.add(extent, from: body)
        place = evened(extent.end, from: body, in: file)
        continue
      }
      place += 8 + length + (length & 1)
    }
    guard let common, let description = AIFFDescription(form: form, common: common) else { return nil }
    let parts = pieces(audio.ranges, block: description.block).map { LayoutPart(description.excerpt(of: $0)) }
    return audio.take(parts, bytesPerSecond: description.bytesPerSecond)
  }

  /// What an AIFF file says of its audio.
  private struct AIFFDescription {
    private let form: [UInt8]
    /// Whether it is AIFF-C.
    private let isCompressed: Bool
    /// Of the chunk `COMM`.
    private let common: [UInt8]
    /// Bytes that are decoded together.
    let block: Int64
    /// Frames that a block holds.
    private let frames: Int64
    let bytesPerSecond: Double

    init?(form: [UInt8], common: [UInt8]) {
      guard let channels = common.number(at: 0, bytes: 2, bigEndian: true), let bits = common.number(at: 6, bytes: 2, bigEndian: true)
      else { return nil }
      self.form = form
      self.common = common
      isCompressed = form.hasText("AIFC", at: 8)
      let encoding = isCompressed ? String(decoding: common.dropFirst(18).prefix(4), as: UTF8.self) : nil
      let bytes: Int64 =
        switch encoding {
        case "ulaw", "ULAW", "alaw", "ALAW": channels
        case "ima4": 34 * channels
        case "GSM ", "agsm": 33
        case "fl64", "FL64": 8 * channels
        case "fl32", "FL32", "in32", "ni32", "23ni": 4 * channels
        default: channels * ((bits + 7) / 8)
        }
      block = max(1, bytes)
      frames = encoding == "GSM " || encoding == "agsm" ? 160 : 1
      // An extended number: its exponent, then 64 bits, of which the upper 32 are enough.
      let exponent = (common.number(at: 8, bytes: 2, bigEndian: true) ?? 0) & 0x7FFF
      let rate = Double(common.number(at: 10, bytes: 4, bigEndian: true) ?? 0) * exp2(Double(exponent - 16_383 - 31))
      bytesPerSecond = rate / Double(frames) * Double(block)
    }

    /// An AIFF file of some audio.
    func excerpt(of audio: Range<Int64>) -> Excerpt {
      func number(_ value: Int64) -> [UInt8] { headerBytes(value, count: 4, bigEndian: true) }
      let count = audio.upperBound - audio.lowerBound
      var described = common
      described.replaceSubrange(2..<6, with: number(count / block * frames))
      if described.count % 2 == 1 { described.append(0) }
      let version = isCompressed ? Array("FVER".utf8) + number(4) + number(0xA280_5140) : []
      let head =
        version + Array("COMM".utf8) + number(Int64(common.count)) + described + Array("SSND".utf8) + number(count + 8)
        + [UInt8](repeating: 0, count: 8)
      return Excerpt([.bytes(Array("FORM".utf8) + number(4 + Int64(head.count) + count) + Array(form.suffix(4)) + head), .file(audio)])
    }
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
}
