import BonafideServe
import Dispatch
import Synchronization

/// A thread that takes events off a queue of its own, until the queue is closed and empty, or nobody waits for it any more.
final class EventThread: Sendable {
  let queue: EventQueue
  private let ready = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)
  private let abandoned = Atomic(false)

  /// - Parameters:
  ///   - limit: events other than updates that may wait.
  ///   - kinds: of events that are taken; `nil` for all.
  init(limit: Int, kinds: Set<CallEvent.Kind>? = nil) {
    queue = EventQueue(limit: limit, kinds: kinds) { [ready] in _ = ready.signal() }
  }

  /// - Parameter work: on the thread, once.
  func start(_ work: @escaping @Sendable (EventThread) -> Void) throws(RunError) {
    let thread = SystemThread.start { [self] in
      work(self)
      done.signal()
    }
    guard thread != nil else { throw RunError(message: "the system has no thread left") }
  }

  /// Waits until events may wait, the queue was closed, or a time is over.
  func wait(_ time: Duration? = nil) {
    if let time { _ = ready.wait(timeout: .now() + .milliseconds(Int(time / .milliseconds(1)) + 1)) } else { ready.wait() }
  }

  /// Waits for the end of the work, behind the closing of the queue.
  ///
  /// - Parameter seconds: at most so long; then the work is to end as soon as it can.
  /// - Returns: whether it has ended.
  func finish(within seconds: Int) -> Bool {
    if done.wait(timeout: .now() + .seconds(seconds)) == .success { return true }
    abandoned.store(true, ordering: .relaxed)
    ready.signal()
    return false
  }

  /// Whether nobody waits for it any more.
  var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }
}
