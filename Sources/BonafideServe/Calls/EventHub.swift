import Synchronization

/// Gives events to all who read them.
package final class EventHub: Sendable {
  private struct Reader {
    let queue: EventQueue
    /// The one call whose events are read; `nil` for all.
    let call: String?
  }

  private let readers = Mutex<[Int: Reader]>([:])
  private let numbers = Atomic(0)

  package init() {}

  /// - Parameter call: the one call whose events are read; `nil` for all.
  /// - Returns: what `remove` takes.
  package func add(_ queue: EventQueue, call: String? = nil) -> Int {
    let number = numbers.add(1, ordering: .relaxed).newValue
    readers.withLock { $0[number] = Reader(queue: queue, call: call) }
    return number
  }

  package func remove(_ number: Int) {
    _ = readers.withLock { $0.removeValue(forKey: number) }
  }

  func publish(_ event: CallEvent) {
    // Put under the lock: events come to all readers in one order.
    readers.withLock { readers in
      for reader in readers.values where reader.call == nil || reader.call == event.call { reader.queue.put(event) }
    }
  }

  /// Closes all queues: what waits in them is still read.
  package func close() {
    readers.withLock { readers in
      for reader in readers.values { reader.queue.close() }
    }
  }

  /// Updates that slow readers did without.
  var dropped: Int { readers.withLock { $0.values.reduce(0) { $0 + $1.queue.dropped } } }
}
