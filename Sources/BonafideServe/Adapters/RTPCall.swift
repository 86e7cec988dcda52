/// A call that comes as RTP, without the socket: sources are told apart, and what they send becomes parties.
///
/// A source that is new is on trial, so that a stray datagram is no party, and so that one which takes the place of another, as when the
/// sender begins anew, is told from one that speaks beside it.
package struct RTPCall {
  private struct Trial {
    let source: UInt32
    let address: String
    /// Packets and when they came, in seconds.
    var packets: [(packet: RTPPacket, at: Double)]
  }

  /// Packets in a row that make a source.
  private static let leastPackets = 2
  /// Packets without a word of the source before, after which one has taken its place.
  private static let packetsToReplace = 10
  /// Seconds between the two, at most.
  private static let longestChange = 0.2
  /// Seconds of a packet whose length is not known, at most.
  private static let longestPacket = 0.2
  /// Numbers from one packet of a trial to the next, at most.
  private static let mostApart = 16
  private static let mostTrials = 2 * Call.mostParties

  private let name: String
  private let details: [String: String]
  private let payloads: RTPPayloads
  private var streams: [RTPStream] = []
  private var trials: [Trial] = []
  private var parties = 0
  /// When the last packet came whose type is not known, in seconds.
  private var lastUnknown: Double?
  /// All that have stood their trial, those that are gone included.
  package private(set) var sources: Set<UInt32> = []

  /// - Parameter name: of the call.
  package init(_ name: String, details: [String: String] = [:], payloads: RTPPayloads) {
    (self.name, self.details, self.payloads) = (name, details, payloads)
  }

  /// Whether any source has stood its trial.
  package var hasBegun: Bool { parties > 0 }

  /// Takes a packet.
  ///
  /// - Parameters:
  ///   - address: it came from.
  ///   - now: seconds, on a clock that only goes forward.
  package mutating func take(_ packet: RTPPacket, from address: String, at now: Double) -> [WireEvent] {
    let format = payloads[packet.type]
    let content = format?.audio(packet.payload)
    // Longer than any packet of a call.
    if let format, let audio = content?.first, audio.count > format.sampleRate { return unheard(Double(audio.count) / Double(format.sampleRate)) }
    guard let latest = streams.indices.filter({ streams[$0].source == packet.source }).max(by: { streams[$0].heard < streams[$1].heard }) else {
      return format == nil ? unknown(packet, since: nil, at: now) : tryOut(packet, from: address, at: now)
    }
    guard let format else {
      let since = streams[latest].heard
      return streams[latest].take(packet, nil, at: now) + unknown(packet, since: since, at: now)
    }
    // At the same rate, another encoding is the same party.
    if format.isInStep(with: streams[latest].format) { return streams[latest].take(packet, content, at: now) }
    let waiting = streams[latest].flush()
    guard let before = streams.firstIndex(where: { $0.source == packet.source && format.isInStep(with: $0.format) }) else {
      return waiting + begin([(packet, now)], from: address)
    }
    streams[before].goOn(as: packet.source, from: address)
    return waiting + streams[before].take(packet, content, at: now)
  }

  /// Tells of a packet whose type is not known: it lasts as long as it is since the one before it.
  private mutating func unknown(_ packet: RTPPacket, since heard: Double?, at now: Double) -> [WireEvent] {
    guard packet.mayBeAudio else { return [] }
    defer { lastUnknown = now }
    let pause = now - (heard ?? lastUnknown ?? now)
    return unheard(pause > Self.longestPacket ? 0 : pause)
  }

  /// Tells of audio that no party is there for.
  private func unheard(_ seconds: Double) -> [WireEvent] {
    hasBegun && seconds > 0 ? [.unheard(seconds: seconds)] : []
  }

  private mutating func tryOut(_ packet: RTPPacket, from address: String, at now: Double) -> [WireEvent] {
    var trial = Trial(source: packet.source, address: address, packets: [])
    if let index = trials.firstIndex(where: { $0.source == packet.source }) { trial = trials.remove(at: index) }
    if let last = trial.packets.last?.packet.number, abs(Int(Int16(bitPattern: packet.number &- last))) > Self.mostApart { trial.packets = [] }
    trial.packets.append((packet, now))
    let before = predecessor(of: trial)
    guard trial.packets.count >= (before == nil ? Self.leastPackets : Self.packetsToReplace) else {
      trials = trials.suffix(Self.mostTrials - 1) + [trial]
      return []
    }
    let first = trial.packets[0].packet.number
    trial.packets.sort { Int16(bitPattern: $0.packet.number &- first) < Int16(bitPattern: $1.packet.number &- first) }
    guard let before else { return begin(trial.packets, from: trial.address) }
    sources.insert(trial.source)
    streams[before].goOn(as: trial.source, from: trial.address)
    return give(trial.packets, to: before)
  }

  /// The stream that fell silent as a trial began.
  private func predecessor(of trial: Trial) -> Int? {
    guard let (packet, began) = trial.packets.first, let format = payloads[packet.type] else { return nil }
    return streams.indices
      .filter { index in
        let stream = streams[index]
        return stream.address == trial.address && stream.format == format && stream.heard <= began && began - stream.heard <= Self.longestChange
      }
      .max { streams[$0].heard < streams[$1].heard }
  }

  private mutating func begin(_ packets: [(packet: RTPPacket, at: Double)], from address: String) -> [WireEvent] {
    guard let (first, now) = packets.first, let format = payloads[first.type] else { return [] }
    guard parties + format.channels <= Call.mostParties else {
      let samples = packets.reduce(0) { $0 + (payloads[$1.packet.type]?.audio($1.packet.payload).first?.count ?? 0) }
      return unheard(Double(samples) / Double(format.sampleRate))
    }
    sources.insert(first.source)
    let start = hasBegun ? [] : [WireEvent.start(CallOrigin(adapter: "rtp", name: name, details: details))]
    let named = (0..<format.channels).map { channel -> WireEvent in
      let source = "ssrc-" + String(first.source, radix: 16)
      return .party(name: format.channels > 1 ? "\(source)-\(channel + 1)" : source, sampleRate: format.sampleRate)
    }
    streams.append(RTPStream(first.source, from: address, format: format, party: parties, at: now))
    parties += format.channels
    return start + named + give(packets, to: streams.count - 1)
  }

  private mutating func give(_ packets: [(packet: RTPPacket, at: Double)], to index: Int) -> [WireEvent] {
    packets.flatMap { packet, now in streams[index].take(packet, payloads[packet.type]?.audio(packet.payload), at: now) }
  }

  /// A source said goodbye.
  ///
  /// - Returns: what of it still waited, and whether it was the last one.
  package mutating func goodbye(of source: UInt32) -> (events: [WireEvent], isLast: Bool) {
    var events: [WireEvent] = []
    for index in streams.indices where streams[index].source == source { events += streams[index].flush() }
    streams.removeAll { $0.source == source }
    return (events, sources.contains(source) && streams.isEmpty)
  }

  /// What still waits, at the end.
  package mutating func flush() -> [WireEvent] {
    streams.indices.flatMap { streams[$0].flush() }
  }
}
