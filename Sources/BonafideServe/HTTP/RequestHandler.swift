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
    /// A body that nobody wants.
    case reading(HTTPRequestHead, bodyBytes: Int)
    /// A request that is answered once the answers before it are on their way.
    case waiting(HTTPRequestHead)
    case uploading(HTTPRequestHead, Upload)
    case streaming(EventStream)
    case closing
  }

  /// Bytes of a body that nobody wants.
  private static let longestBody = 1 << 16

  private let routes: Routes
  private let limit: ConnectionLimit
  private let patience: ServerSettings.Patience
  private var state = State.idle
  private var deadline: Scheduled<Void>?
  /// Whether the channel has asked for more, which waits for room.
  private var hasAsked = false

  /// - Parameter limit: of the connection, which is told while a recording comes or events go.
  init(_ routes: Routes, limit: ConnectionLimit, patience: ServerSettings.Patience) {
    self.routes = routes
    self.limit = limit
    self.patience = patience
  }

  func handlerAdded(context: ChannelHandlerContext) { close(context, after: patience.request) }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  /// Closes the connection in a while, if nothing is done until then.
  private func close(_ context: ChannelHandlerContext, after seconds: Double) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: .seconds(seconds)) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), state) {
    case (.head(let head), .idle):
      close(context, after: patience.request)
      receive(head, context)
    case (.body(let bytes), .reading(let head, let count)):
      state = .reading(head, bodyBytes: count + bytes.readableBytes)
      if count + bytes.readableBytes > Self.longestBody {
        answer(.failure(.payloadTooLarge, "a body of more than \(Self.longestBody) bytes"), to: head, context, isAhead: true)
      }
    case (.end, .reading(let head, _)):
      state = .waiting(head)
      answerWaiting(context)
    case (.body(let bytes), .uploading(_, let upload)):
      upload.take(bytes)
    case (.end, .uploading(_, let upload)):
      deadline?.cancel()
      upload.end()
    case (.end, .closing):
      // The rest of a request that was answered before.
      context.close(promise: nil)
    default:
      break
    }
  }

  /// Answers the request that waits, if the connection takes the answer: who asks and does not read has one of them kept for him.
  private func answerWaiting(_ context: ChannelHandlerContext) {
    guard case .waiting(let head) = state, context.channel.isWritable else { return }
    answer(routes.reply(to: head), to: head, context)
  }

  private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard let reception = routes.reception(of: head, from: context.remoteAddress?.ipAddress ?? "") else {
      state = .reading(head, bodyBytes: 0)
      return
    }
    do throws(Upload.Refused) {
      let (request, ticket) = try reception.get()
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let upload = try Upload(
        request, scans: routes.scans, ticket: ticket, on: context.eventLoop,
        onReply: { reply in bound.value.0.answerUpload(reply, bound.value.1) },
        onRoom: { bound.value.0.goOn(bound.value.1) })
      state = .uploading(head, upload)
      limit.note(isBusy: true)
      watch(context)
      if head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" }) {
        write(.head(HTTPResponseHead(version: .http1_1, status: .continue)), context)
        context.flush()
      }
    } catch {
      answer(error.reply, to: head, context, isAhead: true)
    }
  }

  /// Looks now and then whether a recording still comes.
  private func watch(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    deadline?.cancel()
    deadline = context.eventLoop.scheduleTask(in: .seconds(patience.flow)) {
      let (handler, context) = bound.value
      guard case .uploading(_, let upload) = handler.state else { return }
      handler.watch(context)
      upload.checkFlow()
    }
  }

  private func answerUpload(_ reply: Reply, _ context: ChannelHandlerContext) {
    guard case .uploading(let head, let upload) = state else { return }
    answer(reply, to: head, context, isAhead: !upload.isWhole)
    goOn(context)
  }

  /// Reads on, where the disk was waited for.
  private func goOn(_ context: ChannelHandlerContext) {
    guard hasAsked else { return }
    hasAsked = false
    context.read()
  }

  func read(context: ChannelHandlerContext) {
    if case .uploading(_, let upload) = state, upload.isFull { hasAsked = true } else { context.read() }
  }

  /// - Parameter isAhead: whether the request goes on; the connection is closed when it ends.
  private func answer(_ reply: Reply, to head: HTTPRequestHead, _ context: ChannelHandlerContext, isAhead: Bool = false) {
    let closes = isAhead || !head.isKeepAlive
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
      if !closes { limit.note(isBusy: false) }
      close(context, after: isAhead ? patience.rest : patience.next)
      // Closed at once, what the client still sends would take the answer from under its eyes.
      if closes, !isAhead { close(context) } else { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
    case .events(let call):
      headers.add(name: "Content-Type", value: "text/event-stream")
      write(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)), context)
      deadline?.cancel()
      guard head.method != .HEAD else { return close(context) }
      let loop = context.eventLoop
      let bound = NIOLoopBound((self, context), eventLoop: loop)
      let stream = EventStream(call, hub: routes.calls.hub) { loop.execute { bound.value.0.drain(bound.value.1) } }
      state = .streaming(stream)
      limit.note(isBusy: true)
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

  /// Sends the events that wait, as far as the connection takes them; one whose reader is too far behind is closed.
  private func drain(_ context: ChannelHandlerContext) {
    guard case .streaming(let stream) = state else { return }
    if stream.isCut { return context.close(promise: nil) }
    guard context.channel.isWritable else { return }
    let (texts, isOver) = stream.take()
    for text in texts { write(.body(.byteBuffer(ByteBuffer(string: text))), context) }
    if isOver { close(context) } else if !texts.isEmpty { context.flush() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    answerWaiting(context)
    drain(context)
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch (event as? IdleStateHandler.IdleStateEvent, state) {
    case (.write, .streaming):
      drain(context)
      guard case .streaming = state else { return }
      // So that one that has gone is noticed.
      if context.channel.isWritable { context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: ":\n\n")))), promise: nil) }
    case (.read, .idle), (.read, .reading), (.read, .waiting), (.read, .closing): context.close(promise: nil)
    default: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    switch state {
    case .streaming(let stream): stream.stop()
    case .uploading(_, let upload): upload.cancel()
    case .idle, .reading, .waiting, .closing: break
    }
    state = .closing
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What is no proper WebSocket request is answered as any other.
    if !(error is NIOWebSocketUpgradeError) { context.close(promise: nil) }
  }
}

extension TimeAmount {
  fileprivate static func seconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }
}
