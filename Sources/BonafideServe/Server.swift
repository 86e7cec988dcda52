import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// The live host: takes calls from telephone systems, and answers requests.
package final class Server: Sendable {
  private let settings: ServerSettings
  private let calls: Calls
  private let scans: Scans
  private let log: HostLog
  private let group: MultiThreadedEventLoopGroup
  private let connections: ConnectionCount

  /// - Parameter loops: threads for sockets; screening has its own.
  package init(_ settings: ServerSettings, calls: Calls, scans: Scans, log: HostLog, loops: Int = 1) {
    self.settings = settings
    self.calls = calls
    self.scans = scans
    self.log = log
    connections = ConnectionCount(most: settings.mostConnections)
    group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
  }

  /// Starts to listen, and returns when all places are listened at.
  ///
  /// - Returns: where: the ports, when 0 was asked for.
  package func start() throws -> [String] {
    var places = ["\(settings.tls == nil ? "http" : "https")://\(try listen(at: settings.http, http))"]
    if let place = settings.audioSocket { places.append("audiosocket://\(try listen(at: place, audioSocket))") }
    if let rtp = settings.rtp {
      var channel: (any Channel)?
      for port in rtp.ports { channel = try receive(rtp, at: port, behind: channel) }
      let last = channel?.localAddress?.port ?? rtp.ports.upperBound
      places.append("rtp://\(RTPSettings(host: rtp.host, ports: (rtp.ports.count > 1 ? rtp.ports.lowerBound : last)...last).description)")
    }
    return places
  }

  /// Closes all connections.
  package func stop() throws { try group.syncShutdownGracefully() }

  private func listen(
    at place: ServerSettings.Place, _ initializer: @escaping @Sendable (any Channel) throws -> Void
  ) throws -> ServerSettings.Place {
    let channel = try ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 1 << 15, high: 1 << 18))
      .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try initializer(channel) } }
      .bind(host: place.host, port: place.port).wait()
    return ServerSettings.Place(host: place.host, port: channel.localAddress?.port ?? place.port)
  }

  private func receive(_ rtp: RTPSettings, at port: Int, behind previous: (any Channel)?) throws -> any Channel {
    let isOneCall = rtp.ports.count > 1
    let atOnce = isOneCall ? 1 : 16
    return try DatagramBootstrap(group: group)
      .channelOption(.socketOption(.so_rcvbuf), value: isOneCall ? 1 << 20 : 1 << 22)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: ServerSettings.longestDatagram * atOnce))
      .channelOption(.datagramVectorReadMessageCount, value: atOnce)
      .channelInitializer { [settings, calls, log] channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = RTPHandler(settings, rtp, isOneCall: isOneCall, previous: previous, calls: calls, log: log)
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .bind(host: rtp.host, port: port).wait()
  }

  private var idleTime: TimeAmount { .seconds(Int64(settings.idleSeconds)) }

  private func audioSocket(_ channel: any Channel) throws {
    if let peers = settings.audioSocketPeers, !peers.contains(channel.remoteAddress) {
      log.note("refused: not one of --audiosocket-from", of: "audiosocket", from: channel.remoteAddress)
      channel.close(promise: nil)
      return
    }
    try channel.pipeline.syncOperations.addHandlers([
      ConnectionLimit(connections, isCall: true, refusal: AudioSocketParser.refusal),
      FlowLimit(bytesPerSecond: settings.mostBytesPerSecond),
      IdleStateHandler(readTimeout: idleTime),
      AudioSocketHandler(calls, log: log, patience: .milliseconds(Int64(settings.patience.request * 1_000))),
    ])
  }

  /// What is answered to a WebSocket: the first of the names that the client has for what it speaks, which some insist on.
  private static func headers(of head: HTTPRequestHead) -> HTTPHeaders {
    guard let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].first else { return HTTPHeaders() }
    return HTTPHeaders([("Sec-WebSocket-Protocol", String(offered))])
  }

  private static let refusal = Array(
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".utf8)

  private func http(_ channel: any Channel) throws {
    let routes = Routes(calls: calls, scans: scans, gate: settings.gate, connections: connections)
    let pipeline = channel.pipeline.syncOperations
    if let tls = settings.tls {
      let context = tls.context { log.note($0, of: "tls", from: channel.remoteAddress) }
      try pipeline.addHandler(NIOSSLServerHandler(context: context))
    }
    let limit = ConnectionLimit(connections, isCall: false, refusal: Self.refusal)
    try pipeline.addHandlers([
      limit,
      IdleStateHandler(readTimeout: idleTime, writeTimeout: .seconds(15)),
    ])
    let upgrader = NIOWebSocketServerUpgrader(maxFrameSize: ServerSettings.longestMessage) { channel, head in
      // `nil` has the request answered as any other, which says why.
      channel.eventLoop.makeSucceededFuture(routes.refusal(ofStream: head) == nil ? Self.headers(of: head) : nil)
    } upgradePipelineHandler: { [settings, calls, log] channel, head in
      channel.eventLoop.makeCompletedFuture {
        guard let stream = Routes.Stream(rawValue: String(Routes.path(of: head))) else { return }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.handler(type: ConnectionLimit.self).becomeCall()
        let flow = FlowLimit(bytesPerSecond: settings.mostBytesPerSecond)
        try pipeline.addHandler(flow, position: .first)
        try pipeline.addHandlers([
          NIOWebSocketFrameAggregator(
            minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 64, maxAccumulatedFrameSize: ServerSettings.longestMessage),
          WebSocketHandler(try stream.parser(head.uri), adapter: stream.adapter, flow: flow, calls: calls, log: log),
        ])
      }
    }
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = ServerSettings.longestHeaders / 2
    limits.maxHeaderListSize = ServerSettings.longestHeaders
    limits.maxHeaderFieldCount = 64
    try pipeline.configureHTTPServerPipeline(
      withServerUpgrade: (
        upgraders: [upgrader],
        completionHandler: { context in
          guard let handler = try? context.pipeline.syncOperations.handler(type: RequestHandler.self) else { return }
          context.pipeline.syncOperations.removeHandler(handler, promise: nil)
        }
      ), withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
    try pipeline.addHandler(RequestHandler(routes, limit: limit, patience: settings.patience))
  }
}
