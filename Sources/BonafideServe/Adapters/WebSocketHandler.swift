import NIOCore
import NIOWebSocket

/// A connection of a telephone system over a WebSocket.
final class WebSocketHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private var parser: any WebSocketParser
  private var feed: CallFeed
  private let adapter: String
  private let flow: FlowLimit
  private let log: HostLog
  private var isClosing = false

  /// - Parameter flow: what the connection may bring; gaps that it tells of are charged to it.
  init(_ parser: any WebSocketParser, adapter: String, flow: FlowLimit, calls: Calls, log: HostLog) {
    self.parser = parser
    self.adapter = adapter
    self.flow = flow
    feed = CallFeed(calls)
    self.log = log
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .text, .binary:
      var content = frame.unmaskedData
      take(content.readBytes(length: content.readableBytes) ?? [], isText: frame.opcode == .text, context: context)
    case .ping:
      // A client that does not read what it is told is told no more.
      guard context.channel.isWritable else { return }
      context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
    case .connectionClose:
      feed(parser.flush())
      feed.end(.closed)
      close(context, .normalClosure)
    default:
      break
    }
  }

  private func take(_ bytes: [UInt8], isText: Bool, context: ChannelHandlerContext) {
    do throws(CallFeed.Failure) {
      let turn = try self.turn(bytes, isText: isText)
      // A call that is refused is not answered as if it were taken.
      do throws(CallFeed.Failure) {
        for event in turn.events {
          guard flow.take(Self.charge(for: event)) else { throw .wire(flow.excess) }
          try feed.take(event)
        }
      } catch {
        parser.takeBack(turn.replies.count)
        throw error
      }
      guard turn.replies.isEmpty || context.channel.isWritable else { throw .wire(WireError("what it is told is not read")) }
      for reply in turn.replies {
        context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: reply))), promise: nil)
      }
      if !turn.replies.isEmpty { context.flush() }
    } catch {
      fail(context, error)
    }
  }

  /// Samples of silence that a gap is heard as, at most; the rest of it costs nothing.
  private static let longestSilence = 8000

  /// Bytes that an event costs as much as, beside those that brought it.
  private static func charge(for event: WireEvent) -> Int {
    if case .audio(_, .missing(let count)) = event { 2 * min(count, longestSilence) } else { 0 }
  }

  private func turn(_ bytes: [UInt8], isText: Bool) throws(CallFeed.Failure) -> WireTurn {
    do throws(WireError) {
      return try isText ? parser.text(bytes) : parser.binary(bytes)
    } catch {
      throw .wire(error)
    }
  }

  /// The last of a call's audio, which can no longer be refused.
  private func feed(_ events: [WireEvent]) {
    for event in events { try? feed.take(event) }
  }

  private func fail(_ context: ChannelHandlerContext, _ failure: CallFeed.Failure) {
    guard !isClosing else { return }
    log.note(failure, of: adapter, from: context.remoteAddress, call: feed.id)
    feed.end(.error)
    let why =
      switch failure {
      case .refused(let refusal): "no more calls are taken: \(refusal.rawValue)"
      case .wire(let error): error.description
      }
    for text in parser.farewell(why) {
      context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))), promise: nil)
    }
    // 1013: try again later.
    close(context, failure.isRefusal ? .unknown(1013) : .policyViolation)
  }

  private func close(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
    guard !isClosing else { return }
    isClosing = true
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: nil)
    context.close(mode: .output, promise: nil)
    // For a client that never answers.
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event as? IdleStateHandler.IdleStateEvent == .read else { return context.fireUserInboundEventTriggered(event) }
    feed(parser.flush())
    feed.end(.idle)
    close(context, .goingAway)
  }

  func channelInactive(context: ChannelHandlerContext) {
    feed(parser.flush())
    feed.end(.closed)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? WireError { return fail(context, .wire(error)) }
    // The decoder of frames has told the other side what is wrong.
    let isLong = error as? NIOWebSocketError == .invalidFrameLength
    let what = isLong ? "a message of more than \(ServerSettings.longestMessage) bytes" : "\(error)"
    log.note(what, of: adapter, from: context.remoteAddress)
    feed.end(.error)
    context.close(promise: nil)
  }
}
