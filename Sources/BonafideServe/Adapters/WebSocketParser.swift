/// What a message brings, and what is answered.
package struct WireTurn: Sendable, Equatable {
  package var events: [WireEvent]
  /// Texts to send, in order.
  package var replies: [String]
  /// Whether the connection is to be closed behind the replies.
  package var closes: Bool

  package init(_ events: [WireEvent] = [], replies: [String] = [], closes: Bool = false) {
    self.events = events
    self.replies = replies
    self.closes = closes
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
}

extension WebSocketParser {
  package mutating func farewell(_ why: String) -> [String] { [] }
}
