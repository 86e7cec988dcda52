import NIOCore
import Synchronization

/// Connections that are open.
///
/// Those that are no calls may be half of what there may be, so that whoever comes without a proof of who he is leaves room for calls.
final class ConnectionCount: Sendable {
  private let most: Int
  private let count = Atomic(0)
  private let others = Atomic(0)

  /// - Parameter most: connections that may be open.
  init(most: Int) { self.most = most }

  var current: Int { count.load(ordering: .relaxed) }

  /// Counts one more.
  ///
  /// - Returns: whether it may stay.
  func enter(isCall: Bool) -> Bool {
    let isAmongMost = count.add(1, ordering: .relaxed).newValue <= most
    return isCall ? isAmongMost : others.add(1, ordering: .relaxed).newValue <= max(1, most / 2) && isAmongMost
  }

  func leave(isCall: Bool) {
    count.subtract(1, ordering: .relaxed)
    if !isCall { others.subtract(1, ordering: .relaxed) }
  }

  /// One that was none is a call from here on.
  func becomeCall() { others.subtract(1, ordering: .relaxed) }
}

/// Turns away connections beyond the limit, in the words of their protocol.
final class ConnectionLimit: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case new, counted, refused
  }

  private let count: ConnectionCount
  private var isCall: Bool
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
    guard state == .counted, !isCall else { return }
    isCall = true
    count.becomeCall()
  }

  func channelActive(context: ChannelHandlerContext) {
    state = .counted
    guard !count.enter(isCall: isCall) else { return context.fireChannelActive() }
    state = .refused
    count.leave(isCall: isCall)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: refusal)), promise: nil)
    // Closed at once, what the client has sent would take the refusal from under its eyes.
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if state == .counted { count.leave(isCall: isCall) }
    if state != .refused { context.fireChannelInactive() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if state != .refused { context.fireChannelRead(data) }
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
