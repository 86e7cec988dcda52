import NIOCore
import Synchronization

/// Connections that are open.
///
/// Those that are no calls may be half of what there may be, so that whoever comes without a proof of who he is leaves room for calls. Where
/// there is no room, the one that has asked for nothing the longest makes some: who comes may be about to become a call.
final class ConnectionCount: Sendable {
  private struct Other {
    /// Since when it is neither sending a recording nor reading events; `nil` while it is.
    var idleSince: NIODeadline?
    let close: @Sendable () -> Void
  }

  private struct State {
    var calls = 0
    var others: [Int: Other] = [:]
    var last = 0
    var refused = 0

    /// Takes the place of the other one that has been idle the longest, and for a second at least: one that has just come is about to ask.
    ///
    /// - Returns: what closes it; `nil` where there is none.
    mutating func evict() -> (@Sendable () -> Void)? {
      let idle = others.compactMap { number, other in other.idleSince.map { (since: $0, number: number) } }.min { $0.since < $1.since }
      guard let idle, .now() - idle.since > ConnectionCount.leastIdle else { return nil }
      return others.removeValue(forKey: idle.number)?.close
    }
  }

  private static let leastIdle = TimeAmount.seconds(1)

  private let most: Int
  private let state = Mutex(State())

  /// - Parameter most: connections that may be open.
  init(most: Int) { self.most = most }

  var current: Int { state.withLock { $0.calls + $0.others.count } }
  /// Connections that were turned away, and idle ones that were closed for others.
  var refused: Int { state.withLock { $0.refused } }

  /// Counts a connection that is a call.
  ///
  /// - Returns: whether it may stay.
  func enterCall() -> Bool {
    enter(isOther: false) { $0.calls += 1 } != nil
  }

  /// Counts a connection that is none yet.
  ///
  /// - Parameter close: closes it.
  /// - Returns: what it is known by; `nil` where it may not stay.
  func enterOther(close: @escaping @Sendable () -> Void) -> Int? {
    enter(isOther: true) { $0.others[$0.last] = Other(idleSince: .now(), close: close) }
  }

  private func enter(isOther: Bool, _ add: (inout State) -> Void) -> Int? {
    let (number, close) = state.withLock { state -> (Int?, (@Sendable () -> Void)?) in
      let isFull = state.calls + state.others.count >= most || isOther && state.others.count >= max(1, most / 2)
      let close = isFull ? state.evict() : nil
      if isFull { state.refused += 1 }
      guard !isFull || close != nil else { return (nil, nil) }
      state.last += 1
      add(&state)
      return (state.last, close)
    }
    close?()
    return number
  }

  func leaveCall() { state.withLock { $0.calls -= 1 } }

  func leaveOther(_ number: Int) { state.withLock { _ = $0.others.removeValue(forKey: number) } }

  /// Takes note of whether one sends a recording or reads events.
  func note(_ number: Int, isBusy: Bool) {
    state.withLock { $0.others[number]?.idleSince = isBusy ? nil : .now() }
  }

  /// One that was none is a call from here on.
  ///
  /// - Returns: whether it was still there.
  func becomeCall(_ number: Int) -> Bool {
    state.withLock { state in
      guard state.others.removeValue(forKey: number) != nil else { return false }
      state.calls += 1
      return true
    }
  }
}

/// Turns away connections beyond the limit, in the words of their protocol.
final class ConnectionLimit: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case new, call, refused
    case other(Int)
  }

  private let count: ConnectionCount
  private let isCall: Bool
  private let refusal: [UInt8]
  private var state = State.new

  /// - Parameters:
  ///   - isCall: whether the connection is one from its beginning.
  ///   - refusal: what one connection too many is told.
  init(_ count: ConnectionCount, isCall: Bool, refusal: [UInt8]) {
    self.count = count
    self.isCall = isCall
    self.refusal = refusal
  }

  /// Counts the connection among calls from here on.
  func becomeCall() {
    if case .other(let number) = state, count.becomeCall(number) { state = .call }
  }

  /// Takes note of whether a recording comes or events go: else, the connection may be closed for another one.
  func note(isBusy: Bool) {
    if case .other(let number) = state { count.note(number, isBusy: isBusy) }
  }

  func channelActive(context: ChannelHandlerContext) {
    let channel = context.channel
    if isCall {
      if count.enterCall() { state = .call }
    } else if let number = count.enterOther(close: { channel.close(promise: nil) }) {
      state = .other(number)
    }
    if case .new = state {} else { return context.fireChannelActive() }
    state = .refused
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: refusal)), promise: nil)
    // Closed at once, what the client has sent would take the refusal from under its eyes.
    context.close(mode: .output, promise: nil)
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    switch state {
    case .call: count.leaveCall()
    case .other(let number): count.leaveOther(number)
    case .new: break
    case .refused: return
    }
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .refused = state { return }
    context.fireChannelRead(data)
  }
}

/// Bytes that may still come, at so many a second over some seconds.
struct FlowAllowance {
  let bytesPerSecond: Int
  private var left: Double
  private var filled: NIODeadline

  /// Seconds' worth of bytes that may come at once.
  private static let burst = 5.0

  init(bytesPerSecond: Int, at now: NIODeadline = .now()) {
    self.bytesPerSecond = bytesPerSecond
    left = Double(bytesPerSecond) * Self.burst
    filled = now
  }

  /// Takes bytes; `false` where they are too many.
  mutating func take(_ bytes: Int, at now: NIODeadline = .now()) -> Bool {
    left = min(Double(bytesPerSecond) * Self.burst, left + Double(bytesPerSecond) * Double((now - filled).nanoseconds) / 1e9)
    filled = now
    guard left >= Double(bytes) else { return false }
    left -= Double(bytes)
    return true
  }
}

/// Ends connections that bring more than a call does.
final class FlowLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var allowance: FlowAllowance

  init(bytesPerSecond: Int) {
    allowance = FlowAllowance(bytesPerSecond: bytesPerSecond)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if take(unwrapInboundIn(data).readableBytes) {
      context.fireChannelRead(data)
    } else {
      context.fireErrorCaught(excess)
    }
  }

  /// Takes what costs as much as so many bytes that come; `false` where it is too much.
  func take(_ bytes: Int) -> Bool { allowance.take(bytes) }

  /// What is wrong then.
  var excess: WireError { WireError("more than \(allowance.bytesPerSecond) bytes a second") }
}
