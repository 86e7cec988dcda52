import BonafideLedger
import BonafideServe
import Synchronization

/// Keeps calls that have ended in a ledger.
final class LiveLedger: Sendable {
  let delivery: Delivery
  private let session: LedgerSession
  private let thread: EventThread
  private let say: @Sendable (String) -> Void
  private let failure = Mutex<LedgerError?>(nil)

  /// Calls that may wait to be kept.
  private static let mostWaiting = 1000

  /// - Parameter say: takes a line about what goes wrong.
  init(_ session: LedgerSession, say: @escaping @Sendable (String) -> Void) {
    self.session = session
    self.say = say
    thread = EventThread(limit: Self.mostWaiting, kinds: [.callEnded])
    delivery = Delivery(to: "ledger", queue: thread.queue)
  }

  func start() throws(RunError) {
    try thread.start { [self] thread in
      while let events = thread.queue.takeAll() {
        if events.isEmpty { thread.wait() }
        for event in events { keep(event) }
      }
      session.end()
    }
  }

  private func keep(_ event: CallEvent) {
    guard let call = event.ended else { return }
    let kept = LiveCall(
      name: call.id, adapter: call.origin.adapter, externalID: call.origin.name, details: call.origin.details, began: call.began,
      ended: call.ended, why: call.why.rawValue, alarmed: call.alarmed)
    session.keep(kept, call.result) { [self] status in
      switch status {
      case .success: delivery.noteTaken()
      case .failure(let error):
        delivery.noteLost()
        let isFirst = failure.withLock { failure in
          defer { failure = failure ?? error }
          return failure == nil
        }
        if isFirst { say("--ledger \(error); calls that end are not kept") }
      }
    }
  }

  /// Waits until all is kept.
  ///
  /// - Parameter seconds: at most so long.
  /// - Returns: what went wrong; `nil` where nothing did.
  func finish(within seconds: Int) -> String? {
    let isDone = thread.finish(within: seconds)
    if isDone { session.close() }
    let lost = delivery.current.lost
    if lost > 0 { return "\(lost) \(lost == 1 ? "call is" : "calls are") not in the ledger" }
    return isDone ? nil : "the ledger did not take the last calls"
  }
}
