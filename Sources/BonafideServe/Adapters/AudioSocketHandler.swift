import NIOCore

/// A connection of AudioSocket.
final class AudioSocketHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var parser = AudioSocketParser()
  private var feed: CallFeed
  private let log: HostLog

  init(_ calls: Calls, log: HostLog) {
    feed = CallFeed(calls)
    self.log = log
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    parser.append(unwrapInboundIn(data))
    do throws(WireError) {
      while let event = try parser.next() {
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
    feed.end(.closed)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? WireError { close(context, by: .wire(error)) } else { context.close(promise: nil) }
  }

  private func close(_ context: ChannelHandlerContext, by failure: CallFeed.Failure) {
    log.note(failure, of: "audiosocket", from: context.remoteAddress, call: feed.id)
    feed.end(.error)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: AudioSocketParser.refusal)), promise: nil)
    context.close(promise: nil)
  }
}
