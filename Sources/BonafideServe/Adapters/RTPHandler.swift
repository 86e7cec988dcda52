import NIOCore

/// A port at which RTP is taken: each sender is a call, or all that comes is one.
final class RTPHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private struct Entry {
    var call: RTPCall
    var feed: CallFeed
    var heard: NIODeadline
    var flow: FlowAllowance
    /// Whether it was refused, or has ended.
    var isOver = false
    /// Until when what comes of these sources is left alone; of all, where there are none.
    var ignored: (sources: Set<UInt32>, until: NIODeadline)?
    /// Packets of a type of payload that is not known.
    var unknown = 0
  }

  /// Packets of a type of payload that is not known, from which on it is said: a call may begin with a key that is pressed.
  private static let unknownToTell = 50

  /// Senders, beside the calls that may be under way, that are on trial or left alone.
  private static let mostStrangers = 1000
  /// For how long a sender is left alone.
  private static let pause = TimeAmount.seconds(5)

  /// From a goodbye to the end.
  private static let grace = TimeAmount.milliseconds(500)
  /// Goodbyes that may wait for it; those of calls come one at a time, and what is lost of them ends later.
  private static let mostGoodbyes = 100
  /// Bytes that a small datagram counts as.
  private static let leastCharge = 256

  private let settings: RTPSettings
  private let calls: Calls
  private let log: HostLog
  private let idleTime: TimeAmount
  private let bytesPerSecond: Int
  private let isOneCall: Bool
  /// At the port before, for which this one may be that of RTCP.
  private let previous: (any Channel)?
  private var entries: [SocketAddress?: Entry] = [:]
  private var sweep: RepeatedTask?
  /// Goodbyes that wait.
  private var goodbyes = 0

  /// Sources that said goodbye at the next port.
  private struct Goodbye: Sendable {
    let sources: [UInt32]
    let host: String?
  }

  /// - Parameters:
  ///   - isOneCall: whether all that comes to the port is one call.
  ///   - previous: what listens at the port before.
  init(_ settings: ServerSettings, _ rtp: RTPSettings, isOneCall: Bool, previous: (any Channel)?, calls: Calls, log: HostLog) {
    self.previous = previous
    self.settings = rtp
    self.calls = calls
    self.log = log
    self.isOneCall = isOneCall
    idleTime = .seconds(Int64(settings.idleSeconds))
    bytesPerSecond = settings.mostBytesPerSecond
  }

  func channelActive(context: ChannelHandlerContext) {
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    sweep = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in bound.value.endIdle() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    sweep?.cancel()
    for key in entries.keys { end(key, .closed) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    if let peers = settings.peers, !peers.contains(envelope.remoteAddress) { return calls.countDropped(.stranger) }
    let now = NIODeadline.now()
    guard let packet = RTPPacket(envelope.data) else {
      return RTCP.isOne(envelope.data) ? sayGoodbye(envelope, context) : calls.countDropped(.malformed)
    }
    let key = isOneCall ? nil : envelope.remoteAddress
    guard var entry = entries.removeValue(forKey: key) ?? stranger(envelope.remoteAddress, context, at: now) else { return calls.countDropped(.full) }
    defer { entries[key] = entry }
    if let (sources, until) = entry.ignored, now < until, sources.isEmpty || sources.contains(packet.source) { return calls.countDropped(.ended) }
    if entry.isOver {
      let ignored = entry.ignored
      entry = newEntry(envelope.remoteAddress, context, at: now)
      entry.ignored = ignored
    }
    entry.heard = now
    guard entry.flow.take(max(envelope.data.readableBytes, Self.leastCharge), at: now) else { return calls.countDropped(.flood) }
    if settings.payloads[packet.type] == nil, packet.mayBeAudio { noteUnknown(packet, of: &entry, from: envelope.remoteAddress) }
    let events = entry.call.take(packet, from: Self.text(envelope.remoteAddress), at: Double(now.uptimeNanoseconds) / 1e9)
    do throws(CallFeed.Failure) {
      for event in events { try entry.feed.take(event) }
    } catch {
      log.note(error, of: "rtp", from: envelope.remoteAddress, call: entry.feed.id)
      entry.feed.end(.error)
      (entry.isOver, entry.ignored) = (true, ([], now + Self.pause))
    }
  }

  private func noteUnknown(_ packet: RTPPacket, of entry: inout Entry, from address: SocketAddress) {
    calls.countDropped(.payload)
    entry.unknown += 1
    guard entry.unknown == Self.unknownToTell else { return }
    log.note("payload type \(packet.type) is not known; --rtp-payload says what it is", of: entry.feed.id ?? "rtp", from: address)
  }

  private func stranger(_ address: SocketAddress, _ context: ChannelHandlerContext, at now: NIODeadline) -> Entry? {
    entries.count < calls.most + Self.mostStrangers ? newEntry(address, context, at: now) : nil
  }

  private func newEntry(_ address: SocketAddress, _ context: ChannelHandlerContext, at now: NIODeadline) -> Entry {
    let port = context.localAddress?.port ?? 0
    let name = isOneCall ? "\(port)" : Self.text(address)
    let call = RTPCall(name, details: ["from": Self.text(address), "port": "\(port)"], payloads: settings.payloads)
    return Entry(call: call, feed: CallFeed(calls), heard: now, flow: FlowAllowance(bytesPerSecond: bytesPerSecond, at: now))
  }

  /// Where a datagram is of RTCP, ends what says goodbye in it: it came to the port of the audio, or to the next one.
  private func sayGoodbye(_ envelope: AddressedEnvelope<ByteBuffer>, _ context: ChannelHandlerContext) {
    let goodbye = Goodbye(sources: RTCP.goodbyes(in: envelope.data), host: envelope.remoteAddress.ipAddress)
    guard !goodbye.sources.isEmpty else { return }
    guard goodbyes < Self.mostGoodbyes else { return calls.countDropped(.flood) }
    goodbyes += 1
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    // Audio that was sent before it may still come, by another socket.
    context.eventLoop.scheduleTask(in: Self.grace) { [previous] in
      bound.value.goodbyes -= 1
      bound.value.take(goodbye)
      previous?.pipeline.fireUserInboundEventTriggered(goodbye)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let goodbye = event as? Goodbye { take(goodbye) } else { context.fireUserInboundEventTriggered(event) }
  }

  private func take(_ goodbye: Goodbye) {
    let keys = entries.keys.filter { isOneCall || $0?.ipAddress == goodbye.host }
    for source in goodbye.sources {
      for key in keys {
        guard let (events, isLast) = entries[key]?.call.goodbye(of: source) else { continue }
        give(events, to: key)
        if isLast { end(key, .hangUp) }
      }
    }
  }

  private func endIdle() {
    let now = NIODeadline.now()
    for (key, entry) in entries {
      if entry.isOver {
        if now >= entry.ignored?.until ?? now { entries[key] = nil }
      } else if now - entry.heard > (entry.call.hasBegun ? idleTime : Self.pause) {
        end(key, .idle)
        entries[key] = nil
      }
    }
  }

  private func end(_ key: SocketAddress?, _ end: CallEnd) {
    guard let entry = entries[key], !entry.isOver, let events = entries[key]?.call.flush() else { return }
    give(events, to: key)
    entries[key]?.feed.end(end)
    entries[key]?.isOver = true
    // What of it is still under way; another source is another call.
    entries[key]?.ignored = (entry.call.sources, .now() + Self.pause)
  }

  /// The last of a source's audio, which can no longer be refused.
  private func give(_ events: [WireEvent], to key: SocketAddress?) {
    for event in events { try? entries[key]?.feed.take(event) }
  }

  private static func text(_ address: SocketAddress) -> String {
    ServerSettings.Place(host: address.ipAddress ?? "unknown", port: address.port ?? 0).description
  }
}
