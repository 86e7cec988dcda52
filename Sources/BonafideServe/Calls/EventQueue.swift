import Synchronization

/// Events on their way to one reader.
///
/// It has a bound, however slow the reader is: of a party's updates the last one waits, and those of a call that has ended go. What else
/// there is of a call is never dropped: new calls are refused while more than `limit` of it wait, or the reader is cut off.
package final class EventQueue: Sendable {
  private struct State {
    /// `nil` is an update that a newer one took the place of.
    var entries: [CallEvent?] = []
    /// Where in `entries` the update of a party is.
    var updates: [PartyKey: Int] = [:]
    var gone = 0
    var dropped = 0
    var isClosed = false
    var isCut = false

    /// Events other than updates.
    var waiting: Int { entries.count - gone - updates.count }

    mutating func drop(_ key: PartyKey) {
      guard let index = updates.removeValue(forKey: key) else { return }
      remove(index)
      dropped += 1
    }

    mutating func remove(_ index: Int) {
      entries[index] = nil
      gone += 1
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
  private let cutsOff: Bool
  private let kinds: Set<CallEvent.Kind>?
  private let state = Mutex(State())

  /// - Parameters:
  ///   - cutsOff: whether a reader with more than `limit` gets nothing more.
  ///   - kinds: of events that are read; `nil` for all.
  package init(limit: Int, cutsOff: Bool = false, kinds: Set<CallEvent.Kind>? = nil, onReady: @escaping @Sendable () -> Void) {
    self.kinds = kinds
    self.limit = limit
    self.cutsOff = cutsOff
    self.onReady = onReady
  }

  /// Puts an event at the end.
  package func put(_ event: CallEvent) {
    if let kinds, !kinds.contains(event.kind) { return }
    let wasEmpty = state.withLock { state -> Bool in
      guard !state.isClosed else { return false }
      let wasEmpty = state.entries.count == state.gone
      if let key = event.updates {
        state.drop(key)
        state.updates[key] = state.entries.count
      }
      if event.kind == .callEnded { for key in state.updates.keys where key.call == event.call { state.drop(key) } }
      state.entries.append(event)
      guard cutsOff, state.waiting > limit else { return wasEmpty }
      state = State(dropped: state.dropped, isClosed: true, isCut: true)
      return true
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

  /// What `takeNext` finds.
  package enum Next: Sendable {
    case event(CallEvent)
    /// Nothing waits.
    case nothing
    /// The queue is closed, and nothing waits.
    case closed
  }

  /// Takes the first event that is no update; where none waits, the first update.
  package func takeNext() -> Next {
    state.withLock { state in
      guard
        let index = state.entries.firstIndex(where: { $0.map { $0.updates == nil } ?? false }) ?? state.entries.firstIndex(where: { $0 != nil }),
        let event = state.entries[index]
      else { return state.isClosed ? .closed : .nothing }
      if let key = event.updates { state.updates[key] = nil }
      state.remove(index)
      return .event(event)
    }
  }

  /// Takes no more events; those that wait can still be taken.
  package func close() {
    state.withLock { $0.isClosed = true }
    onReady()
  }

  /// Events that wait.
  package var count: Int { state.withLock { $0.entries.count - $0.gone } }
  /// Whether more waits than may.
  package var isOverfull: Bool { state.withLock { $0.waiting > limit } }
  /// Whether its reader was so far behind that it gets nothing more.
  package var isCut: Bool { state.withLock { $0.isCut } }
  /// Updates that a newer one, or the end of their call, took the place of.
  package var dropped: Int { state.withLock { $0.dropped } }
}
