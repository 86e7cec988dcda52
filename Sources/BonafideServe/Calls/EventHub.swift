import Synchronization

/// Gives events to all who read them.
package final class EventHub: Sendable {
  private struct Reader {
    let queue: EventQueue
    /// The one call whose events are read; `nil` for all.
    let call: String?
  }

  private struct State {
    var readers: [Int: Reader] = [:]
    /// Updates that readers who are gone did without.
    var dropped = 0
  }

  private let state = Mutex(State())
  private let numbers = Atomic(0)

  package init() {}

  /// - Parameter call: the one call whose events are read; `nil` for all.
  /// - Returns: what `remove` takes.
  package func add(_ queue: EventQueue, call: String? = nil) -> Int {
    let number = numbers.add(1, ordering: .relaxed).newValue
    state.withLock { $0.readers[number] = Reader(queue: queue, call: call) }
    return number
  }

  package func remove(_ number: Int) {
    state.withLock { $0.dropped += $0.readers.removeValue(forKey: number)?.queue.dropped ?? 0 }
  }

  func publish(_ event: CallEvent) {
    // Put under the lock: events come to all readers in one order.
    state.withLock { state in
      for reader in state.readers.values where reader.call == nil || reader.call == event.call { reader.queue.put(event) }
    }
  }

  /// Closes all queues: what waits in them is still read.
  package func close() {
    state.withLock { state in
      for reader in state.readers.values { reader.queue.close() }
    }
  }

  /// Updates that slow readers did without.
  var dropped: Int { state.withLock { $0.readers.values.reduce($0.dropped) { $0 + $1.queue.dropped } } }
}
