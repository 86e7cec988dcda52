import NIOCore

/// A connection of AudioSocket.
final class AudioSocketHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var parser = AudioSocketParser()
  private var feed: CallFeed
  private let log: HostLog
  /// When a connection is closed that has not named a call.
  private var deadline: Scheduled<Void>?
  private let patience: TimeAmount
  /// Whether it was refused, and only waits for the other side to read that.
  private var isClosing = false

  /// - Parameter patience: for the name of a call, behind which bytes may come as slowly as they like.
  init(_ calls: Calls, log: HostLog, patience: TimeAmount) {
    feed = CallFeed(calls)
    self.log = log
    self.patience = patience
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    parser.append(unwrapInboundIn(data))
    do throws(WireError) {
      while let event = try parser.next() {
        deadline?.cancel()
        do throws(CallFeed.Failure) { try feed.take(event) } catch { return close(context, by: error) }
        if case .end = event { return context.close(promise: nil) }
      }
    } catch {
      close(context, by: .wire(error))
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event as? IdleStateHandler.IdleStateEvent == .read else { return context.fireUserInboundEventTriggered(event) }
    feed.end(.idle)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    feed.end(.closed)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? WireError { close(context, by: .wire(error)) } else { context.close(promise: nil) }
  }

  private func close(_ context: ChannelHandlerContext, by failure: CallFeed.Failure) {
    guard !isClosing else { return }
    isClosing = true
    log.note(failure, of: "audiosocket", from: context.remoteAddress, call: feed.id)
    feed.end(.error)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: AudioSocketParser.refusal)), promise: nil)
    // Closed at once, the audio that still comes would take the refusal from under the other side's eyes.
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }
}
