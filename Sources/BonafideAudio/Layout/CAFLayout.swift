/// Where the audio of CAF is.
extension Layout {
  /// Apple's Core Audio Format. Packets whose lengths are told in a table are left to the decoder.
  static func cafRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    var (place, described, audio): (Int64, [UInt8]?, ChunkAudio) = (start + 8, nil, ChunkAudio(size: size))
    var isTabled = false
    while place + 12 <= size {
      let head = file.bytes(at: place, count: 12)
      if isRecording(in: file, at: place, size: size) {
        audio.recorded.end = place
        break
      }
      guard isName(Array(head.prefix(4))) else { break }
      // −1 is a length that is not known.
      let length = head.number(at: 4, bytes: 8, bigEndian: true)
      let body = place + 12
      if head.hasText("desc") { described = file.bytes(at: body, count: 32) }
      if head.hasText("pakt") { isTabled = true }
      if head.hasText("data") {
        let extent = extent(
          body + 4, claimed: length.map { max(0, $0 - 4) }, size: size, wraps: false, decoderTells: false, least: 800,
          follows: { place in isChunk(in: file, at: place, size: size, lengthBytes: 8, bigEndian: true) },
          next: { place in nextCAF(in: file, from: place, size: size) })
        // libsndfile does not take the length that stands for one that is not known.
        if length == nil { audio.recorded.isPlain = false }
        audio.add(extent, from: body + 4)
        place = extent.end
        continue
      }
      guard let length, length <= size else { break }
      place = body + length
    }
    guard let described, let block = described.number(at: 16, bytes: 4, bigEndian: true) else { return nil }
    if block == 0 || isTabled {
      var recorded = Recorded(parts: [LayoutPart(Excerpt(start..<audio.recorded.end))], end: audio.recorded.end)
      // How long packets last is in the part that is gone.
      if audio.lost > 0 { recorded.cut(by: 0.1, "the end of the audio is cut off") }
      return recorded
    }
    let head =
      Array("caff".utf8) + [0, 1, 0, 0] + Array("desc".utf8) + headerBytes(32, count: 8, bigEndian: true) + described
      + Array("data".utf8)
    let parts = pieces(audio.ranges, block: block).map { range in
      let length = headerBytes(range.upperBound - range.lowerBound + 4, count: 8, bigEndian: true)
      return LayoutPart(Excerpt([.bytes(head + length + [0, 0, 0, 0]), .file(range)]))
    }
    let rate = described.number(at: 0, bytes: 8, bigEndian: true).map { Double(bitPattern: UInt64(bitPattern: $0)) } ?? 0
    let frames = described.number(at: 20, bytes: 4, bigEndian: true) ?? 1
    return audio.take(parts, bytesPerSecond: rate / Double(max(1, frames)) * Double(block))
  }

  private static func nextCAF(in file: borrowing FileDescriptor, from place: Int64, size: Int64) -> Int64? {
    file.firstPlace(of: Array("caff".utf8) + [0, 1, 0, 0] + Array("desc".utf8), in: place..<size)
  }
}
