/// Where the audio of AIFF and AIFF-C is.
extension Layout {
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
}
