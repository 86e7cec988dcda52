/// Where the frames of AMR are.
extension Layout {
  /// Bytes of a frame by its type, the head included; 0 where there is none of the type.
  private static let amrFrames: (narrow: [Int64], wide: [Int64]) = (
    [13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1], [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1]
  )
  /// Frames in a row by which audio goes on behind damage.
  private static let leastAMRFrames = 10
  /// Seconds of what is no frame that are no loss.
  private static let leastAMRLoss = 0.5

  /// An AMR file of one channel: a magic and frames of 20 ms, each of which tells its length. What is between frames and is none is left out.
  static func amrRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    let magic = file.bytes(at: start, count: 9)
    let isWide = magic.hasText("#!AMR-WB\n")
    // Several channels have another magic, and frames beside each other.
    guard isWide || magic.hasText("#!AMR\n") else { return Recorded(parts: [LayoutPart(Excerpt(start..<size), takesFFmpeg: true)], end: size) }
    let lengths = isWide ? amrFrames.wide : amrFrames.narrow
    let first = start + (isWide ? 9 : 6)
    var (ranges, place, end, frames, lost): ([Range<Int64>], Int64, Int64, Int64, Int64) = ([start..<first], first, size, 0, 0)
    while place < size {
      let bytes = file.bytes(at: place, count: 1 << 16)
      let (ending, count) = passFrames(bytes, lengths)
      if ending > 0 {
        let range = place..<min(size, place + ending)
        if ranges[ranges.count - 1].upperBound == place {
          ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<range.upperBound
        } else {
          ranges.append(range)
        }
        frames += count
        place = range.upperBound
        continue
      }
      if isStart(file.bytes(at: place, count: 12)) {
        end = place
        break
      }
      let next = nextAMR(in: file, from: place + 1, size: size, lengths) ?? size
      lost += next - place
      place = next
    }
    let heard = ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound } - (first - start)
    let seconds = Double(lost) / Double(max(1, heard)) * Double(frames) * 0.02
    var recorded = Recorded(parts: [LayoutPart(Excerpt(ranges.map { .file($0) }), takesFFmpeg: true)], end: end, isPlain: lost == 0)
    if lost > 0 { recorded.warnings = ["\(lost) bytes between frames are no audio and were passed over"] }
    if seconds > leastAMRLoss || frames == 0 { recorded.lost = max(0.1, seconds) }
    return recorded
  }

  /// How many bytes from the start of some are frames, and how many frames these are. The last one may go on behind them.
  private static func passFrames(_ bytes: [UInt8], _ lengths: [Int64]) -> (bytes: Int64, frames: Int64) {
    var (place, frames): (Int64, Int64) = (0, 0)
    while place < bytes.count {
      let length = length(of: bytes[Int(place)], lengths)
      if length == 0 { break }
      place += length
      frames += 1
    }
    return (place, frames)
  }

  /// Bytes of a frame by its head; 0 where it is none: a bit for more frames, the type in four, one of quality, which is not set in a frame
  /// that was damaged ahead of being written, two of zeros.
  private static func length(of head: UInt8, _ lengths: [Int64]) -> Int64 {
    let length = head & 0x83 == 0 ? lengths[Int(head >> 3 & 15)] : 0
    return head & 0x04 != 0 || length == 1 ? length : 0
  }

  private static func nextAMR(in file: borrowing FileDescriptor, from place: Int64, size: Int64, _ lengths: [Int64]) -> Int64? {
    var place = place
    while place < size {
      let bytes = file.bytes(at: place, count: 1 << 16)
      if bytes.isEmpty { return nil }
      // A run of frames is looked for wholly inside.
      let reach = 61 * leastAMRFrames
      let last = place + Int64(bytes.count) >= size ? bytes.count : max(1, bytes.count - reach)
      for index in 0..<last {
        if bytes[index] == UInt8(ascii: "#"), isStart(bytes[index...].prefix(12)) { return place + Int64(index) }
        var (at, frames) = (index, 0)
        while frames < leastAMRFrames, at < bytes.count {
          let length = length(of: bytes[at], lengths)
          if length == 0 { break }
          at += Int(length)
          frames += 1
        }
        if frames == leastAMRFrames { return place + Int64(index) }
      }
      place += Int64(last)
    }
    return nil
  }
}
