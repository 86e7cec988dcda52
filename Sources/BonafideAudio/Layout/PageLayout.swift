/// Containers of pages and boxes: Ogg, whose streams may be chained one after another, and MP4.
extension Layout {
  /// The links of an Ogg file: each starts with pages that begin streams (RFC 3533, section 6: header type, bit 2).
  static func oggRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    /// A link: its audio streams, and whether pages without a beginning have come.
    struct Link {
      var start: Int64
      var audioStreams = 0
      var hasContent = false
      /// Whether pages are lost, doubled or out of order, at which libsndfile stops.
      var isDamaged = false
      /// Number of the last page and its place in time, of each stream.
      var pages: [Int64: (number: Int64, time: Int64)] = [:]

      mutating func add(_ head: [UInt8]) {
        guard let stream = head.number(at: 14, bytes: 4, bigEndian: false), let number = head.number(at: 18, bytes: 4, bigEndian: false)
        else { return }
        // −1, which no page ends with a packet, is none.
        let time = head.number(at: 6, bytes: 8, bigEndian: false)
        let last = pages[stream]
        if let last, number != last.number + 1 || time.map({ $0 < last.time }) ?? false { isDamaged = true }
        if last == nil, head[5] & 2 == 0 { isDamaged = true }
        pages[stream] = (number, time ?? last?.time ?? 0)
      }
    }
    var (links, place, end): ([Link], Int64, Int64) = ([], start, size)
    while place < size {
      let head = file.bytes(at: place, count: 27 + 255)
      guard head.hasText("OggS"), head.count >= 27, head.count >= 27 + Int(head[26]) else {
        // Another recording, or damage.
        if place > start, isRecording(in: file, at: place, size: size) {
          end = place
          break
        }
        guard let next = file.firstPlace(of: Array("OggS".utf8), in: place + 1..<size) else { break }
        if !links.isEmpty { links[links.count - 1].isDamaged = true }
        place = next
        continue
      }
      let table = head[27..<(27 + Int(head[26]))]
      if head[5] & 2 != 0 {
        if links.last?.hasContent ?? true { links.append(Link(start: place)) }
        let packet = file.bytes(at: place + 27 + Int64(table.count), count: 8)
        if isAudio(packet) { links[links.count - 1].audioStreams += 1 }
      } else if !links.isEmpty {
        links[links.count - 1].hasContent = true
      }
      if !links.isEmpty { links[links.count - 1].add(head) }
      place += 27 + Int64(table.count) + table.reduce(0) { $0 + Int64($1) }
    }
    guard !links.isEmpty else { return nil }
    let parts = links.indices.compactMap { index -> LayoutPart? in
      let linkEnd = index + 1 < links.count ? links[index + 1].start : end
      guard links[index].audioStreams > 0 else { return nil }
      return LayoutPart(Excerpt(links[index].start..<linkEnd), takesFFmpeg: links[index].audioStreams > 1 || links[index].isDamaged)
    }
    return Recorded(parts: parts, end: end, isPlain: links.count == 1 && links[0].audioStreams <= 1 && !links[0].isDamaged)
  }

  private static func isAudio(_ packet: [UInt8]) -> Bool {
    packet.hasText("OpusHead") || packet.hasText("Speex   ") || packet.hasText("vorbis", at: 1) || packet.hasText("FLAC", at: 1)
  }

  /// An MP4 file: boxes up to another recording.
  static func movieRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    var (place, hasMovie) = (start, false)
    while place + 8 <= size {
      let head = file.bytes(at: place, count: 16)
      guard var length = head.number(at: 0, bytes: 4, bigEndian: true) else { break }
      if place > start, hasMovie, isRecording(in: file, at: place, size: size) {
        return Recorded(parts: [LayoutPart(Excerpt(start..<place), takesFFmpeg: true)], end: place)
      }
      hasMovie = hasMovie || head.hasText("moov", at: 4) || head.hasText("mdat", at: 4)
      if length == 1 { length = head.number(at: 8, bytes: 8, bigEndian: true) ?? 0 }
      guard length >= 8, length <= size - place else { break }
      place += length
    }
    return Recorded(parts: [LayoutPart(Excerpt(start..<size), takesFFmpeg: true)], end: size)
  }
}
