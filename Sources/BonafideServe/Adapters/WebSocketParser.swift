/// What a message brings, and what is answered.
package struct WireTurn: Sendable, Equatable {
  package var events: [WireEvent]
  /// Texts to send, in order.
  package var replies: [String]

  package init(_ events: [WireEvent] = [], replies: [String] = []) {
    self.events = events
    self.replies = replies
  }
}

/// A telephone system's way of speaking over a WebSocket, without the socket.
package protocol WebSocketParser {
  /// Takes a text message.
  mutating func text(_ bytes: [UInt8]) throws(WireError) -> WireTurn
  /// Takes a binary message.
  mutating func binary(_ bytes: [UInt8]) throws(WireError) -> WireTurn
  /// Audio that waited for what was before it, when the connection ends.
  mutating func flush() -> [WireEvent]
  /// What the other side is told ahead of a close that it did not ask for.
  ///
  /// - Parameter why: in one line.
  mutating func farewell(_ why: String) -> [String]
  /// Takes note of that the replies of the last message were not sent.
  mutating func takeBack(_ replies: Int)
}

extension WebSocketParser {
  package mutating func farewell(_ why: String) -> [String] { [] }
  package mutating func takeBack(_ replies: Int) {}
}
