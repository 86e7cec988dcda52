import Synchronization

/// What became of events on their way to a place beside standard output, as `/metrics` tells.
package final class Delivery: Sendable {
  /// Where they go: `webhook`.
  package let place: String
  package let queue: EventQueue
  private let counts = Mutex((taken: 0, failed: 0, lost: 0))

  /// - Parameter queue: what waits.
  package init(to place: String, queue: EventQueue) {
    self.place = place
    self.queue = queue
  }

  /// An event is there.
  package func noteTaken() { counts.withLock { $0.taken += 1 } }
  /// An event is not there, and may be tried again.
  package func noteFailed() { counts.withLock { $0.failed += 1 } }
  /// Events will never be there.
  package func noteLost(_ count: Int = 1) { counts.withLock { $0.lost += count } }

  /// Events that are there, attempts that failed, and events that were given up.
  package var current: (taken: Int, failed: Int, lost: Int) { counts.withLock { $0 } }
}
