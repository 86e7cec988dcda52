/// Containers that say how long they are, to which their decoders do not hold them: where the file was cut, what is there is read, and
/// the rest is told here.
extension Layout {
  /// A recording of which a header promises more than there is, read as it is.
  private static func whole(_ range: Range<Int64>, promising promised: Double, there: Double) -> Recorded {
    var recorded = Recorded(parts: [LayoutPart(Excerpt(range))], end: range.upperBound)
    // A tenth of a second is no loss, and what would last for years, or for no number of seconds, is no promise.
    if promised <= FFmpeg.mostSeconds, there >= 0, promised - there > 0.1 {
      recorded.cut(by: promised - there, "the header promises \(seconds(promised)), \(seconds(there)) are there")
    }
    return recorded
  }

  /// Bytes in which a header says how long its file is.
  private static let longestHead: Int64 = 1 << 16

  /// AVI: of the length of the file, and of each stream.
  static func aviRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    guard let length = file.bytes(at: start + 4, count: 4).number(at: 0, bytes: 4, bigEndian: false), start + 8 + length > size,
      length < 0x7FFF_0000
    else { return nil }
    var place = start
    // Stream headers: 'strh', a length, the kind, and what times are counted in.
    while let found = file.firstPlace(of: Array("strh".utf8), in: place..<min(start + longestHead, size)) {
      let head = file.bytes(at: found, count: 44)
      place = found + 4
      guard head.hasText("auds", at: 8), let scale = head.number(at: 28, bytes: 4, bigEndian: false),
        let rate = head.number(at: 32, bytes: 4, bigEndian: false), rate > 0, let count = head.number(at: 40, bytes: 4, bigEndian: false)
      else { continue }
      let promised = Double(count) * Double(scale) / Double(rate)
      return whole(start..<size, promising: promised, there: promised * Double(size - start) / Double(length + 8))
    }
    return nil
  }

  /// What ASF, which WMA and WMV are, begins with.
  static let asfMark: [UInt8] = [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA]
  private static let asfProperties: [UInt8] = [0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65]

  /// ASF: of the length of the file, and of what it plays.
  static func asfRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    guard let found = file.firstPlace(of: asfProperties, in: start..<min(start + longestHead, size)) else { return nil }
    let head = file.bytes(at: found, count: 92)
    guard let length = head.number(at: 40, bytes: 8, bigEndian: false), let played = head.number(at: 64, bytes: 8, bigEndian: false),
      let lead = head.number(at: 80, bytes: 8, bigEndian: false), let flags = head.number(at: 88, bytes: 4, bigEndian: false),
      // Of what was broadcast nothing is known ahead.
      flags & 1 == 0, length > size - start
    else { return nil }
    // In units of 100 ns, with the milliseconds that a player waits first.
    let promised = Double(played) / 1e7 - Double(lead) / 1e3
    return whole(start..<size, promising: promised, there: promised * Double(size - start) / Double(length))
  }

  /// NIST SPHERE: a header of text, which counts samples.
  static func sphereRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    let lines = String(decoding: file.bytes(at: start, count: 1 << 10), as: UTF8.self).split(separator: "\n")
    var numbers: [Substring: Double] = [:]
    for words in lines.map({ $0.split(separator: " ") }) where words.count == 3 { numbers[words[0]] = Double(words[2]) }
    guard lines.count > 1, let length = Double(lines[1].filter { $0 != " " }), let count = numbers["sample_count"],
      let rate = numbers["sample_rate"], rate > 0, let bytes = numbers["sample_n_bytes"], bytes > 0
    else { return nil }
    let frame = bytes * max(1, numbers["channel_count"] ?? 1)
    return whole(start..<size, promising: count / rate, there: (Double(size - start) - length) / frame / rate)
  }

  /// Blocks of VOC that are looked at: hours in short ones.
  private static let mostBlocks = 1 << 20

  /// VOC: blocks of a kind, a length and samples, the first of which says their form, to one of kind 0.
  static func vocRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    guard let first = file.bytes(at: start + 20, count: 2).number(at: 0, bytes: 2, bigEndian: false) else { return nil }
    var (place, bytesPerSecond, samples) = (start + first, 0.0, 0.0)
    for _ in 0..<mostBlocks {
      let head = file.bytes(at: place, count: 16)
      guard let length = head.number(at: 1, bytes: 3, bigEndian: false), head[0] != 0 else { return nil }
      // A form of 12 bytes, or of 2, ahead of the samples; blocks of kind 2 go on as the one before.
      let form: Int64 = head[0] == 9 ? 12 : head[0] == 1 ? 2 : 0
      if head[0] == 9, let rate = head.number(at: 4, bytes: 4, bigEndian: false), head.count > 9 {
        bytesPerSecond = Double(rate) * Double(head[8]) / 8 * Double(max(1, head[9]))
      } else if head[0] == 1, head.count > 4, bytesPerSecond == 0 {
        bytesPerSecond = 1e6 / Double(256 - Int(head[4]))
      }
      if [1, 2, 9].contains(head[0]) { samples += Double(length - form) }
      place += 4 + length
      guard place > size else { continue }
      guard bytesPerSecond > 0 else { return nil }
      // Further blocks are gone with the end of this one, nobody knows how many.
      let (promised, missing) = (samples / bytesPerSecond, Double(place - size) / bytesPerSecond)
      return whole(start..<size, promising: max(promised, promised - missing + 0.2), there: promised - missing)
    }
    return nil
  }
}
