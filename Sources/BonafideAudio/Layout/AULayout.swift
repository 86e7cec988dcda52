/// Where the audio of AU is.
extension Layout {
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
        place >= size || isRecording(in: file, at: place, size: size) && !file.bytes(at: place, count: 4).hasText(".snd")
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
    let isFollowed = isRecording(in: file, at: extent.end, size: size)
    var audio = ChunkAudio(size: isFollowed ? extent.end : size)
    audio.add(extent, from: body)
    return audio.take(parts, bytesPerSecond: Double((width[numbers[2]] ?? 1) * numbers[4] * numbers[3]))
  }

  private static func nextAU(in file: borrowing FileDescriptor, from place: Int64, to end: Int64, size: Int64) -> Int64? {
    var place = place
    while place < end, let hit = file.firstPlace(of: Array(".snd".utf8), in: place..<min(end, size)) {
      if isAUHeader(file.bytes(at: hit, count: 24)) { return hit }
      place = hit + 1
    }
    return nil
  }

  /// Whether bytes describe audio as AU does.
  static func isAUHeader(_ head: [UInt8]) -> Bool {
    let numbers = (0..<5).compactMap { head.number(at: 4 + 4 * $0, bytes: 4, bigEndian: true) }
    return head.hasText(".snd") && numbers.count == 5 && (24...65_536).contains(numbers[0]) && (1...30).contains(numbers[2])
      && AudioFormat.sampleRates.contains(Int(numbers[3])) && AudioFormat.channelCounts.contains(Int(numbers[4]))
  }
}
