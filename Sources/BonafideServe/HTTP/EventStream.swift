import BonafideReport

/// Events for one reader, as server-sent events.
final class EventStream {
  private let call: Call?
  private let hub: EventHub
  private let queue: EventQueue
  private let number: Int

  /// Events other than updates that may wait for a reader; one that is farther behind is cut off.
  private static let most = 2000

  /// - Parameters:
  ///   - call: whose events are read; `nil` for all.
  ///   - onReady: called, on any thread, when events wait.
  init(_ call: Call?, hub: EventHub, onReady: @escaping @Sendable () -> Void) {
    self.call = call
    self.hub = hub
    queue = EventQueue(limit: Self.most, cutsOff: true, onReady: onReady)
    number = hub.add(queue, call: call?.id)
  }

  /// How the calls stand as the reader comes.
  func opening(_ calls: Calls) -> [String] {
    let state = call?.summary ?? .object([("calls", .array(calls.all.map(\.summary)))])
    return ["event: state\ndata: \(state.text)\n\n"]
  }

  /// What waits, and whether nothing follows.
  func take() -> (texts: [String], isOver: Bool) {
    // The call may have ended while the reader came.
    let hasEnded = call?.isTold ?? false
    guard let events = queue.takeAll() else {
      stop()
      return ([], true)
    }
    let isOver = call != nil && (events.contains { $0.kind == .callEnded } || hasEnded && events.isEmpty)
    if isOver { stop() }
    return (events.map { "event: \($0.kind.rawValue)\ndata: \($0.text)\n\n" }, isOver)
  }

  /// Whether the reader was so far behind that it gets nothing more.
  var isCut: Bool { queue.isCut }

  func stop() { hub.remove(number) }
}
