import NIOCore

/// Where a host listens, and what it takes.
package struct ServerSettings: Sendable {
  /// An address and a port.
  package struct Place: Sendable, Equatable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    /// Reads `HOST:PORT`, `[IPv6]:PORT` or `PORT` of this machine alone; `nil` for another form.
    package init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":") else {
        guard let port = UInt16(text) else { return nil }
        self.init(host: "127.0.0.1", port: Int(port))
        return
      }
      var host = text[..<colon]
      if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
      guard !host.isEmpty, let port = UInt16(text[text.index(after: colon)...]) else { return nil }
      self.init(host: String(host), port: Int(port))
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine reaches it.
    package var isLoopback: Bool {
      switch try? SocketAddress(ipAddress: host, port: 0) {
      case .v4(let address): UInt32(bigEndian: address.address.sin_addr.s_addr) >> 24 == 127
      case .v6: host == "::1"
      // A name that begins like an address is anybody's.
      default: host.lowercased() == "localhost"
      }
    }
  }

  package var http: Place
  package var audioSocket: Place?
  /// Addresses that AudioSocket is taken from; `nil` for all.
  package var audioSocketPeers: PeerList?
  package var rtp: RTPSettings?
  /// What HTTP and WebSockets are secured by; `nil` where they are in the clear.
  package var tls: TLSIdentity?
  package var gate = Gate()
  /// Connections at once, those of calls included.
  package var mostConnections = 4096
  /// Seconds for which a connection may be silent.
  package var idleSeconds = 30
  /// Bytes a second that a connection of a call may bring, over some seconds.
  package var mostBytesPerSecond = 1 << 20

  /// How long what a client of HTTP does may take, in seconds.
  package struct Patience: Sendable {
    /// Until the first request's head or AudioSocket's name of the call is there, and until a body is that nobody wants.
    package var request = 15.0
    /// From an answer to the next request's head.
    package var next = 60.0
    /// For the rest of a request that was answered ahead of its end.
    package var rest = 10.0
    /// For the next bytes of a recording, `Upload.leastFlow` at least.
    package var flow = 15.0
  }

  package var patience = Patience()

  package init(http: Place) {
    self.http = http
  }

  /// Bytes of a message over a WebSocket.
  static let longestMessage = 1 << 17
  /// Bytes of a datagram: 20 ms of two channels at 44.1 kHz are 3528.
  static let longestDatagram = 1 << 13
  /// Bytes of all headers of a request.
  static let longestHeaders = 1 << 14
}

/// Where RTP is taken, and in which forms.
package struct RTPSettings: Sendable {
  package var host: String
  /// Of one port each sender is a call; of more each port is one.
  package var ports: ClosedRange<Int>
  /// Addresses that it is taken from; `nil` for all.
  package var peers: PeerList?
  package var payloads = RTPPayloads()

  package init(host: String, ports: ClosedRange<Int>) {
    (self.host, self.ports) = (host, ports)
  }

  /// Reads `HOST:PORT`, `HOST:PORT-PORT`, or ports of this machine alone; `nil` for another form.
  package init?(_ text: String) {
    guard let last = text.split(separator: ":").last, let dash = last.firstIndex(of: "-") else {
      guard let place = ServerSettings.Place(text) else { return nil }
      self.init(host: place.host, ports: place.port...place.port)
      return
    }
    guard let place = ServerSettings.Place(String(text[..<dash])), let end = UInt16(last[last.index(after: dash)...]), Int(end) >= place.port,
      place.port > 0
    else { return nil }
    self.init(host: place.host, ports: place.port...Int(end))
  }

  /// Whether only this machine reaches it.
  package var isLoopback: Bool { ServerSettings.Place(host: host, port: 0).isLoopback }

  /// As it is written on the command line.
  package var description: String {
    ServerSettings.Place(host: host, port: ports.lowerBound).description + (ports.count > 1 ? "-\(ports.upperBound)" : "")
  }
}
