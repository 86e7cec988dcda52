/// Puts packets of a party in order, and says what is missing between them.
///
/// Numbers say the order, times say where the audio belongs. A packet that is ahead of its turn waits for those before it, for a few
/// packets; then they count as lost. One that comes after its turn, or twice, is dropped.
package struct PacketOrder {
  /// A packet of audio.
  package struct Packet: Sendable, Equatable {
    /// Goes up by one.
    package var number: Int
    /// Milliseconds on the sender's clock, where it says so.
    package var time: Int?
    package var audio: Audio

    package init(number: Int, time: Int?, audio: Audio) {
      self.number = number
      self.time = time
      self.audio = audio
    }
  }

  /// Packets that may wait: 320 ms of those of 20 ms.
  package static let window = 16
  /// Milliseconds that time may be ahead of the audio before there is a gap: what rounding makes, and less than the shortest packet.
  static let tolerance = 15
  /// Milliseconds of the longest gap that is believed; beyond it the sender's clock has begun anew.
  static let longestGap = 600_000

  private let sampleRate: Int
  private var waiting: [Packet] = []
  private var nextNumber: Int?
  /// Where the sender's clock was at the first sample, in milliseconds.
  private var origin: Int?
  /// Samples told, those missing included.
  private var told = 0
  /// Samples of the packet before.
  private var length = 0
  /// Packets since the last that was taken that came too late or twice.
  private var dropped = 0
  /// Packets in a row whose numbers are behind their turn while their times are not.
  private var behind: [Packet] = []
  /// Whether numbers are not what they should be, and packets are taken as they come.
  private var isUnnumbered = false

  /// Packets in a row that may be dropped; then the sender's numbers say nothing.
  package static let mostDropped = 50
  /// Packets in a row with numbers behind their turn, and times that go on, by which the sender has begun to count anew.
  package static let leastAnew = 5

  package init(sampleRate: Int) {
    self.sampleRate = sampleRate
  }

  /// Takes a packet.
  ///
  /// - Returns: what can be heard now, in order.
  package mutating func take(_ packet: Packet) -> [Audio] {
    if isUnnumbered {
      nextNumber = min(packet.number, .max - 1)
      return tell(Packet(number: min(packet.number, .max - 1), time: packet.time, audio: packet.audio))
    }
    let next = nextNumber ?? packet.number
    nextNumber = next
    // Behind the greatest number there is none.
    guard packet.number >= next, packet.number < .max, !waiting.contains(where: { $0.number == packet.number }) else {
      if let heard = countedAnew(packet) { return heard }
      dropped += 1
      isUnnumbered = dropped >= Self.mostDropped
      return isUnnumbered ? finish() : []
    }
    dropped = 0
    behind = []
    waiting.insert(packet, at: waiting.firstIndex { $0.number > packet.number } ?? waiting.endIndex)
    var heard: [Audio] = []
    while let first = waiting.first, first.number == nextNumber || waiting.count > Self.window {
      heard += tell(waiting.removeFirst())
    }
    return heard
  }

  /// What can be heard where a packet behind its turn, with those before it, says that the sender counts anew; else `nil`.
  private mutating func countedAnew(_ packet: Packet) -> [Audio]? {
    guard let time = packet.time, let origin, packet.number < .max, time &- origin &+ Self.tolerance >= told * 1000 / sampleRate else {
      behind = []
      return nil
    }
    if let last = behind.last, packet.number != last.number + 1 || time <= last.time ?? .min { behind = [] }
    behind.append(packet)
    guard behind.count == Self.leastAnew else { return nil }
    let anew = behind
    (behind, dropped) = ([], 0)
    return finish()
      + anew.flatMap { packet in
        nextNumber = packet.number
        return tell(packet)
      }
  }

  /// What still waits, at the end of the party.
  package mutating func finish() -> [Audio] {
    defer { waiting = [] }
    return waiting.flatMap { tell($0) }
  }

  private mutating func tell(_ packet: Packet) -> [Audio] {
    let (difference, overflow) = packet.number.subtractingReportingOverflow(nextNumber ?? packet.number)
    let skipped = overflow ? .max : difference
    nextNumber = packet.number + 1
    let gap = gap(before: packet, skipped: skipped)
    told += gap + packet.audio.count
    length = packet.audio.count
    return (gap > 0 ? [.missing(gap)] : []) + [packet.audio]
  }

  /// Samples between what was told and a packet.
  private mutating func gap(before packet: Packet, skipped: Int) -> Int {
    let position = told * 1000 / sampleRate
    guard let time = packet.time else {
      // Without a clock, the lost packets were as long as the one before.
      let (samples, overflow) = skipped.multipliedReportingOverflow(by: length)
      return overflow || samples > Self.longestGap / 1000 * sampleRate ? 0 : samples
    }
    let start = origin ?? time &- position
    origin = start
    let ahead = time.subtractingReportingOverflow(start).partialValue.subtractingReportingOverflow(position).partialValue
    if ahead > Self.longestGap || ahead < -Self.longestGap {
      origin = time &- position
      return 0
    }
    return ahead > (skipped > 0 ? 0 : Self.tolerance) ? ahead * sampleRate / 1000 : 0
  }
}
