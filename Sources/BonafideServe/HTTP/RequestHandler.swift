import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers the requests of a connection.
final class RequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case idle
    case reading(HTTPRequestHead, bodyBytes: Int)
    case streaming(EventStream)
    case closing
  }

  /// Bytes of a body that nobody wants.
  private static let longestBody = 1 << 16
  /// Until the first request's head is there.
  private static let timeToAsk = TimeAmount.seconds(15)

  private let routes: Routes
  private var state = State.idle
  private var deadline: Scheduled<Void>?

  init(_ routes: Routes) {
    self.routes = routes
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: Self.timeToAsk) { channel.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), state) {
    case (.head(let head), .idle):
      deadline?.cancel()
      state = .reading(head, bodyBytes: 0)
    case (.body(let bytes), .reading(let head, let count)):
      state = .reading(head, bodyBytes: count + bytes.readableBytes)
      if count + bytes.readableBytes > Self.longestBody {
        answer(.failure(.payloadTooLarge, "a body of more than \(Self.longestBody) bytes"), to: head, context, closes: true)
      }
    case (.end, .reading(let head, _)):
      answer(routes.reply(to: head), to: head, context, closes: !head.isKeepAlive)
    default:
      break
    }
  }

  private func answer(_ reply: Reply, to head: HTTPRequestHead, _ context: ChannelHandlerContext, closes: Bool) {
    var headers = HTTPHeaders([("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
    switch reply {
    case .text(let status, let type, let text, let more):
      let body = ByteBuffer(string: text)
      headers.add(contentsOf: more)
      headers.add(name: "Content-Type", value: type)
      headers.add(name: "Content-Length", value: "\(body.readableBytes)")
      if closes { headers.add(name: "Connection", value: "close") }
      write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), context)
      if head.method != .HEAD { write(.body(.byteBuffer(body)), context) }
      state = closes ? .closing : .idle
      if closes { close(context) } else { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
    case .events(let call):
      headers.add(name: "Content-Type", value: "text/event-stream")
      write(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)), context)
      guard head.method != .HEAD else { return close(context) }
      let loop = context.eventLoop
      let bound = NIOLoopBound((self, context), eventLoop: loop)
      let stream = EventStream(call, hub: routes.calls.hub) { loop.execute { bound.value.0.drain(bound.value.1) } }
      state = .streaming(stream)
      for text in stream.opening(routes.calls) { write(.body(.byteBuffer(ByteBuffer(string: text))), context) }
      context.flush()
      drain(context)
    }
  }

  private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(part), promise: nil)
  }

  private func close(_ context: ChannelHandlerContext) {
    state = .closing
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
  }

  /// Sends the events that wait, as far as the connection takes them.
  private func drain(_ context: ChannelHandlerContext) {
    guard case .streaming(let stream) = state, context.channel.isWritable else { return }
    let (texts, isOver) = stream.take()
    for text in texts { write(.body(.byteBuffer(ByteBuffer(string: text))), context) }
    if isOver { close(context) } else if !texts.isEmpty { context.flush() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    drain(context)
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch (event as? IdleStateHandler.IdleStateEvent, state) {
    case (.write, .streaming(let stream)):
      drain(context)
      guard case .streaming = state else { return }
      // A reader that takes nothing at all for so long has gone.
      if context.channel.isWritable { context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: ":\n\n")))), promise: nil) }
      if stream.isStalled { context.close(promise: nil) }
    case (.read, .idle), (.read, .reading), (.read, .closing): context.close(promise: nil)
    default: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    if case .streaming(let stream) = state { stream.stop() }
    state = .closing
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What is no proper WebSocket request is answered as any other.
    if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
  }
}
