import Synchronization

/// Events on their way to one reader.
///
/// It has a bound, however slow the reader is: of a party's updates the last one waits, and those of a call that has ended go. What else
/// there is of a call is never dropped, and new calls are refused while more than `limit` of it wait.
package final class EventQueue: Sendable {
  private struct State {
    /// `nil` is an update that a newer one took the place of.
    var entries: [CallEvent?] = []
    /// Where in `entries` the update of a party is.
    var updates: [PartyKey: Int] = [:]
    var gone = 0
    var dropped = 0
    var isClosed = false

    mutating func drop(_ key: PartyKey) {
      guard let index = updates.removeValue(forKey: key) else { return }
      entries[index] = nil
      gone += 1
      dropped += 1
      if gone > 64, gone > entries.count / 2 { compact() }
    }

    mutating func compact() {
      entries = entries.filter { $0 != nil }
      updates = [:]
      for (index, event) in entries.enumerated() { if let key = event?.updates { updates[key] = index } }
      gone = 0
    }
  }

  /// Events other than updates that may wait.
  package let limit: Int
  /// Called, on any thread, when the first event waits after there was none, and when the queue is closed.
  private let onReady: @Sendable () -> Void
  private let state = Mutex(State())

  package init(limit: Int, onReady: @escaping @Sendable () -> Void) {
    self.limit = limit
    self.onReady = onReady
  }

  /// Puts an event at the end.
  package func put(_ event: CallEvent) {
    let wasEmpty = state.withLock { state -> Bool in
      guard !state.isClosed else { return false }
      let wasEmpty = state.entries.count == state.gone
      if let key = event.updates {
        state.drop(key)
        state.updates[key] = state.entries.count
      }
      if event.kind == .callEnded { for key in state.updates.keys where key.call == event.call { state.drop(key) } }
      state.entries.append(event)
      return wasEmpty
    }
    if wasEmpty { onReady() }
  }

  /// Takes all that wait; `nil` once the queue is closed and empty.
  package func takeAll() -> [CallEvent]? {
    state.withLock { state in
      let events = state.entries.compactMap(\.self)
      if events.isEmpty, state.isClosed { return nil }
      state.entries = []
      state.updates = [:]
      state.gone = 0
      return events
    }
  }

  /// Takes no more events; those that wait can still be taken.
  package func close() {
    state.withLock { $0.isClosed = true }
    onReady()
  }

  /// Whether more waits than may.
  package var isOverfull: Bool { state.withLock { $0.entries.count - $0.gone - $0.updates.count > limit } }
  /// Updates that a newer one, or the end of their call, took the place of.
  package var dropped: Int { state.withLock { $0.dropped } }
}
