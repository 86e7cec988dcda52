/// Finds the audio behind damage in a FLAC file: its frames have a checksum each, and say where in time they stand.
enum FLACRecovery {
  /// What is behind the damage: a stream of its own, where its frames start, and the place in time of the first sample.
  struct Rest {
    var excerpt: Excerpt
    var frames: Int64
    var firstSample: Int64
  }

  /// The rest of a stream from the first sound frame on.
  ///
  /// - Parameters:
  ///   - stream: where it starts.
  ///   - range: where to look.
  ///   - sample: what was decoded up to.
  static func rest(
    of file: borrowing FileDescriptor, stream start: Int64, in range: Range<Int64>, from sample: Int64
  ) -> Rest? {
    let head = file.bytes(at: start, count: 42)
    guard head.hasText("fLaC"), head.count == 42, head[4] & 0x7F == 0 else { return nil }
    let information = Array(head[8..<42])
    let blockSize = Int64(information[0]) << 8 | Int64(information[1])
    let total = Int64(information[13] & 15) << 32 | (information.number(at: 14, bytes: 4, bigEndian: true) ?? 0)
    var place = range.lowerBound == start ? firstFrame(of: file, in: range) : range.lowerBound
    // A number that is off by more is no number.
    let farthest = total > sample ? total - sample : 3_600 * 192_000
    let longest = Int(min(max(information.number(at: 7, bytes: 3, bigEndian: true) ?? 0, 1 << 16), 1 << 21))
    var checks = Checks()
    while place < range.upperBound {
      let window = file.bytes(at: place, count: Int(min(Int64(1 << 18 + longest), range.upperBound - place)))
      var index = 0
      while index + 16 < window.count, index < 1 << 18 {
        let mark = index
        index += 1
        guard window[mark] == 0xFF, let frame = Header(window[mark...], blockSize: blockSize), frame.sample >= sample,
          frame.sample - sample < farthest
        else { continue }
        guard checks.areLeft else { return nil }
        guard checks.isWhole(window[mark...].prefix(longest), frame, blockSize: blockSize) else { continue }
        let frames = place + Int64(mark)
        return Rest(
          excerpt: stream(information, samples: max(0, total - frame.sample), frames: frames..<range.upperBound),
          frames: frames, firstSample: frame.sample)
      }
      if window.count <= 1 << 18 { break }
      place += 1 << 18
    }
    return nil
  }

  /// Whether frames of a stream stand behind later ones.
  static func goesBack(_ file: borrowing FileDescriptor, in range: Range<Int64>) -> Bool {
    let head = file.bytes(at: range.lowerBound, count: 42)
    guard head.hasText("fLaC"), head.count == 42, head[4] & 0x7F == 0 else { return false }
    let blockSize = Int64(head[8]) << 8 | Int64(head[9])
    let longest = 1 << 16
    var (place, last) = (firstFrame(of: file, in: range), Int64(-1))
    var checks = Checks()
    while place < range.upperBound {
      let window = file.bytes(at: place, count: Int(min(Int64(1 << 20 + longest), range.upperBound - place)))
      var index = 0
      while index + 16 < window.count, index < 1 << 20 {
        guard let mark = window[index...].firstIndex(of: 0xFF), mark + 16 < window.count, mark < 1 << 20 else { break }
        index = mark + 1
        guard window[mark + 1] & 0xFE == 0xF8, let frame = Header(window[mark...], blockSize: blockSize) else { continue }
        // What looks like a header may be none: where it is not the next one, the checksum of its frame tells.
        if last < 0 || frame.sample != last + blockSize {
          guard checks.areLeft else { return false }
          guard checks.isWhole(window[mark...].prefix(longest), frame, blockSize: blockSize) else { continue }
          if frame.sample <= last { return true }
        }
        last = frame.sample
      }
      if window.count <= 1 << 20 { break }
      place += 1 << 20
    }
    return false
  }

  /// Place behind the blocks of metadata.
  private static func firstFrame(of file: borrowing FileDescriptor, in range: Range<Int64>) -> Int64 {
    var place = range.lowerBound + 4
    while place + 4 <= range.upperBound {
      let head = file.bytes(at: place, count: 4)
      guard let length = head.number(at: 1, bytes: 3, bigEndian: true) else { break }
      let next = place + 4 + length
      guard next <= range.upperBound else { break }
      place = next
      if head[0] & 0x80 != 0 { break }
    }
    return place
  }

  /// A stream with the description of another, but for its length and the checksum of its samples.
  private static func stream(_ information: [UInt8], samples: Int64, frames: Range<Int64>) -> Excerpt {
    var described = information
    described[13] = described[13] & 0xF0 | UInt8(truncatingIfNeeded: samples >> 32) & 15
    described.replaceSubrange(14..<18, with: headerBytes(samples, count: 4, bigEndian: true))
    described.replaceSubrange(18..<34, with: repeatElement(0, count: 16))
    return Excerpt([.bytes(Array("fLaC".utf8) + [0x80, 0, 0, 34] + described), .file(frames)])
  }

  /// The header of a frame (RFC 9639, section 9.1).
  private struct Header {
    /// Place of the first sample.
    let sample: Int64

    init?(_ bytes: ArraySlice<UInt8>, blockSize: Int64) {
      let i = bytes.startIndex
      guard bytes.count >= 16, bytes[i + 1] & 0xFE == 0xF8, bytes[i + 2] >> 4 != 0, bytes[i + 2] & 15 != 15,
        bytes[i + 3] >> 4 < 11, bytes[i + 3] & 1 == 0
      else { return nil }
      // The number of the frame, or of its first sample, coded as UTF-8 codes a character.
      let lead = bytes[i + 4]
      let more = lead < 0x80 ? 0 : (~lead).leadingZeroBitCount - 1
      guard lead < 0x80 || (1...6).contains(more) else { return nil }
      var number = more == 0 ? Int64(lead) : Int64(lead) & ((1 << Int64(6 - more)) - 1)
      for k in 0..<more {
        guard bytes[i + 5 + k] & 0xC0 == 0x80 else { return nil }
        number = number << 6 | Int64(bytes[i + 5 + k] & 0x3F)
      }
      var end = i + 5 + more
      if bytes[i + 2] >> 4 == 6 { end += 1 } else if bytes[i + 2] >> 4 == 7 { end += 2 }
      switch bytes[i + 2] & 15 {
      case 12: end += 1
      case 13, 14: end += 2
      default: break
      }
      guard end < bytes.endIndex, checksum8(bytes[i..<end]) == bytes[end] else { return nil }
      sample = bytes[i + 1] & 1 == 1 ? number : number * max(1, blockSize)
    }
  }

  /// Looks whether frames are whole. A file in which nearly nothing that looks like a frame is one is not worth its length squared.
  private struct Checks {
    /// Bytes that may be looked at in vain.
    private var left = 1 << 26

    var areLeft: Bool { left > 0 }

    /// Whether a frame's checksum is right: up to a later header, or the end.
    mutating func isWhole(_ bytes: ArraySlice<UInt8>, _ frame: Header, blockSize: Int64) -> Bool {
      var sum: UInt16 = 0
      for (index, byte) in zip(bytes.indices, bytes) {
        if sum == 0, byte == 0xFF, index >= bytes.startIndex + 8, index + 16 < bytes.endIndex,
          let next = Header(bytes[index...], blockSize: blockSize), next.sample > frame.sample
        {
          return true
        }
        sum = sum << 8 ^ FLACRecovery.remainders[Int(sum >> 8) ^ Int(byte)]
      }
      if sum != 0 { left -= bytes.count }
      return sum == 0
    }
  }

  private static func checksum8(_ bytes: ArraySlice<UInt8>) -> UInt8 {
    bytes.reduce(0) { sum, byte in
      (0..<8).reduce(sum ^ byte) { value, _ in value & 0x80 != 0 ? value << 1 ^ 0x07 : value << 1 }
    }
  }

  /// Of the checksum of frames, x^16 + x^15 + x^2 + 1, for each first byte.
  private static let remainders: [UInt16] = (0..<256).map { byte in
    (0..<8).reduce(UInt16(byte) << 8) { value, _ in value & 0x8000 != 0 ? value << 1 ^ 0x8005 : value << 1 }
  }
}
