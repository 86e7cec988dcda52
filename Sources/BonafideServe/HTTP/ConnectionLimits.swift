import NIOCore
import Synchronization

/// Connections that are open.
final class ConnectionCount: Sendable {
  private let count = Atomic(0)

  var current: Int { count.load(ordering: .relaxed) }

  /// Counts one more.
  func enter() -> Int { count.add(1, ordering: .relaxed).newValue }
  func leave() { count.subtract(1, ordering: .relaxed) }
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
  private let most: Int
  private let refusal: [UInt8]
  private var state = State.new

  /// - Parameter refusal: what one connection too many is told.
  init(_ count: ConnectionCount, most: Int, refusal: [UInt8]) {
    self.count = count
    self.most = most
    self.refusal = refusal
  }

  func channelActive(context: ChannelHandlerContext) {
    state = .counted
    guard count.enter() > most else { return context.fireChannelActive() }
    state = .refused
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: refusal)), promise: nil)
    // Closed at once, what the client has sent would take the refusal from under its eyes.
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if state != .new { count.leave() }
    if state != .refused { context.fireChannelInactive() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if state != .refused { context.fireChannelRead(data) }
  }
}

/// Ends connections that bring more than a call does.
final class FlowLimit: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let bytesPerSecond: Int
  /// Bytes that may still come now.
  private var allowance: Double
  private var filled = NIODeadline.now()

  /// Seconds' worth of bytes that may come at once.
  private static let burst = 5

  init(bytesPerSecond: Int) {
    self.bytesPerSecond = bytesPerSecond
    allowance = Double(bytesPerSecond * Self.burst)
  }

  /// The allowance some time later.
  static func allowance(after time: TimeAmount, from allowance: Double, bytesPerSecond: Int) -> Double {
    min(Double(bytesPerSecond * burst), allowance + Double(bytesPerSecond) * Double(time.nanoseconds) / 1e9)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = NIODeadline.now()
    allowance = Self.allowance(after: now - filled, from: allowance, bytesPerSecond: bytesPerSecond)
    filled = now
    allowance -= Double(unwrapInboundIn(data).readableBytes)
    if allowance < 0 {
      context.fireErrorCaught(WireError("more than \(bytesPerSecond) bytes a second"))
    } else {
      context.fireChannelRead(data)
    }
  }
}
