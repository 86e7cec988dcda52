/// Samples with the time at which they stand, as ffmpeg gives them: Matroska on a pipe, one track of 32-bit floats.
///
/// A plain stream of samples would lose the gaps between packets, and with them the clock of the recording.
struct TimedPCM: ~Copyable {
  /// A packet of samples.
  struct Packet {
    /// Seconds from the start of the recording.
    var time: Double
    /// Interleaved.
    var samples: [Float]
  }

  private var child: ChildProcess
  private var bytes: [UInt8] = []
  private var place = 0
  /// Milliseconds, to which the times of packets add.
  private var clusterTime: Int64 = 0

  init(_ child: consuming ChildProcess) {
    self.child = child
  }

  /// Elements of Matroska (RFC 9559).
  private enum Element {
    static let segment = 0x1853_8067
    static let cluster = 0x1F43_B675
    static let timestamp = 0xE7
    static let simpleBlock = 0xA3
    static let blockGroup = 0xA0
    static let block = 0xA1
  }

  /// The next packet; `nil` at the end.
  mutating func next() -> Packet? {
    while let id = identifier(), let size = length() {
      switch id {
      case Element.segment, Element.cluster, Element.blockGroup: continue
      case Element.timestamp:
        guard let size, size <= 8, fill(size) else { return nil }
        clusterTime = bytes[place..<(place + size)].reduce(0) { $0 << 8 | Int64($1) }
        place += size
      case Element.simpleBlock, Element.block:
        guard let size, size >= 4, size < 1 << 28, fill(size) else { return nil }
        // The track's number takes one byte; then time and flags.
        let offset = Int16(bitPattern: UInt16(bytes[place + 1]) << 8 | UInt16(bytes[place + 2]))
        let samples = floats(bytes[(place + 4)..<(place + size)])
        place += size
        if !samples.isEmpty { return Packet(time: Double(clusterTime + Int64(offset)) / 1_000, samples: samples) }
      default:
        guard let size, skip(size) else { return nil }
      }
    }
    return nil
  }

  /// How the program ended. To be called once, behind the last packet.
  mutating func finish() -> ChildProcess.Ending { child.finish() }

  private func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
    bytes.withUnsafeBytes { raw in
      [Float](unsafeUninitializedCapacity: raw.count / 4) { floats, count in
        count = raw.count / 4
        UnsafeMutableRawBufferPointer(floats).copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[..<(count * 4)]))
      }
    }
  }

  private mutating func identifier() -> Int? {
    guard fill(1) else { return nil }
    let width = bytes[place].leadingZeroBitCount + 1
    guard width <= 4, fill(width) else { return nil }
    defer { place += width }
    return bytes[place..<(place + width)].reduce(0) { $0 << 8 | Int($1) }
  }

  /// - Returns: the bytes of an element; `nil` inside where it says that it does not know, `nil` at the end.
  private mutating func length() -> Int?? {
    guard fill(1) else { return nil }
    let width = bytes[place].leadingZeroBitCount + 1
    guard width <= 8, fill(width) else { return nil }
    var value = Int(bytes[place]) & (0xFF >> width)
    for index in 1..<max(1, width) { value = value << 8 | Int(bytes[place + index]) }
    place += width
    return .some(value == 1 << (7 * width) - 1 ? nil : value)
  }

  /// Reads on until `count` bytes are there.
  private mutating func fill(_ count: Int) -> Bool {
    if bytes.count - place >= count { return true }
    bytes.removeFirst(place)
    place = 0
    while bytes.count < count {
      let got = child.readAvailable(max(1 << 16, count - bytes.count), appendingTo: &bytes)
      if got <= 0 { return false }
    }
    return true
  }

  private mutating func skip(_ count: Int) -> Bool {
    var rest = count
    while rest > 0 {
      guard fill(1) else { return false }
      let step = min(rest, bytes.count - place)
      place += step
      rest -= step
    }
    return true
  }
}
