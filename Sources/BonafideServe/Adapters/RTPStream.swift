/// The packets of one source of RTP, on their way to samples in order.
struct RTPStream {
  /// Packets from one number to the next beyond which the sender counts anew (RFC 3550, A.1).
  private static let mostSkipped = 3000
  /// Seconds that a packet's time may be ahead of when it comes, or behind the packet before; beyond, the sender's clock began anew.
  private static let mostDrift = 2.0
  /// Seconds of a stall of the network that what comes behind it may make up for.
  private static let mostStall = 60.0

  /// Which source it is heard from.
  var source: UInt32
  var address: String
  let format: RTPPayloads.Format
  /// Number of its first party in the call; each channel is one.
  let party: Int
  private var orders: [PacketOrder]
  /// When the last packet came, in seconds.
  private(set) var heard: Double
  /// As they were sent, unwrapped, of the last packet: number, and ticks.
  private var number = 0
  private var time = 0
  /// What is added to these for what is told.
  private var numberShift = 0
  private var timeShift = 0
  /// Ticks that the last packet lasted.
  private var length = 0
  /// Seconds that times are behind when packets came.
  private var stall = 0.0
  private var hasBegun = false

  init(_ source: UInt32, from address: String, format: RTPPayloads.Format, party: Int, at now: Double) {
    (self.source, self.address, self.format, self.party, heard) = (source, address, format, party, now)
    orders = (0..<format.channels).map { _ in PacketOrder(sampleRate: format.sampleRate) }
  }

  /// Another source goes on where this one stopped.
  mutating func goOn(as source: UInt32, from address: String) {
    (self.source, self.address) = (source, address)
    hasBegun = false
  }

  /// Takes a packet.
  ///
  /// - Parameters:
  ///   - content: its audio by channel; `nil` where it has none, such as comfort noise or a key that was pressed.
  ///   - now: seconds.
  mutating func take(_ packet: RTPPacket, _ content: [Audio]?, at now: Double) -> [WireEvent] {
    unwrap(packet, at: now)
    heard = now
    let ticks = (content?.first?.count ?? 0) * format.clock / format.sampleRate
    if ticks > 0 { length = ticks }
    return orders.indices.flatMap { channel in
      let audio = content?[channel] ?? .missing(0)
      let packet = PacketOrder.Packet(number: number + numberShift, time: (time + timeShift) * 1000 / format.clock, audio: audio)
      return events(orders[channel].take(packet), channel)
    }
  }

  private mutating func unwrap(_ packet: RTPPacket, at now: Double) {
    let (lastNumber, lastTime) = (number + numberShift, time + timeShift)
    let skipped = Int(Int16(truncatingIfNeeded: Int(packet.number) &- number))
    let ticks = Int(Int32(truncatingIfNeeded: Int(packet.time) &- time))
    (number, time) = (number &+ skipped, time &+ ticks)
    let seconds = Double(ticks) / Double(format.clock)
    let pause = now - heard
    let isAnew = abs(skipped) > Self.mostSkipped || seconds - pause > stall + Self.mostDrift || seconds < -Self.mostDrift
    stall = min(max(stall + pause - seconds, 0), Self.mostStall)
    guard !hasBegun || isAnew else { return }
    // Whatever the sender's clock says, it goes on after what was before: at once, or after the time in which nothing came.
    numberShift = lastNumber + 1 - number
    timeShift = lastTime + (pause < 0.2 ? length : Int(pause * Double(format.clock))) - time
    stall = 0
    hasBegun = true
  }

  /// What still waits, at the end.
  mutating func flush() -> [WireEvent] {
    orders.indices.flatMap { events(orders[$0].finish(), $0) }
  }

  private func events(_ audio: [Audio], _ channel: Int) -> [WireEvent] {
    audio.filter { $0.count > 0 }.map { .audio(party: party + channel, $0) }
  }
}
