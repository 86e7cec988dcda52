import Bonafide
import BonafideLedger
import BonafideWebhook
import Dispatch
import Glibc
import Synchronization

/// Posts results to a webhook, out of the ledger, which knows which of them were taken: none waits in memory, and none is lost with the
/// process.
final class WebhookSender: Announcing {
  private let session: LedgerSession
  private let lines: ResultLines
  private let webhook: Webhook
  private let news = DispatchSemaphore(value: 0)
  private let ending = Mutex<RunError?>(nil)

  /// Results that are looked up at once.
  private static let page = 100

  init(session: LedgerSession, lines: ResultLines, webhook: Webhook) {
    self.session = session
    self.lines = lines
    self.webhook = webhook
  }

  var failure: RunError? { ending.withLock { $0 } }

  /// Starts a thread that posts what is kept, also by an earlier run, until the program ends.
  func start() throws(RunError) {
    if webhook.isOpen { Terminal.say("--webhook: results can be read on the way; https is for that") }
    // A receiver that closes its end may not end the program.
    signal(SIGPIPE, SIG_IGN)
    // Where there is no libcurl, it is told at once.
    _ = try connected()
    let thread = SystemThread.start { [self] in
      do throws(RunError) { try work() } catch { ending.withLock { $0 = error } }
    }
    guard thread != nil else { throw RunError(message: "the system has no thread left") }
  }

  func announce(_ result: FileResult, row: Int64) { news.signal() }

  private func work() throws(RunError) {
    var connection = try connected()
    var schedule = DeliverySchedule()
    while true {
      var last: Int64 = 0
      var waiting: Set<Int64> = []
      while true {
        let page = try wrapping { () throws(LedgerError) in try session.unannounced(after: last, limit: Self.page) }
        guard let end = page.last?.row else { break }
        last = end
        for kept in page {
          if schedule.isDue(kept.row) { try post(kept, over: &connection, &schedule) }
          if schedule.isWaiting(kept.row) { waiting.insert(kept.row) }
        }
      }
      schedule.forget(allBut: waiting)
      let wait = schedule.nextDue.map { max($0 - .now, .zero) } ?? .seconds(60)
      _ = news.wait(timeout: .now() + .milliseconds(Int(wait / .milliseconds(1)) + 1))
    }
  }

  private func connected() throws(RunError) -> WebhookConnection {
    do throws(WebhookError) {
      return try WebhookConnection(to: webhook, agent: "bonafide/\(Detector.version)")
    } catch {
      throw RunError(message: "--webhook \(error)")
    }
  }

  /// Posts a result, takes note of what came of it, and after a failure waits a while.
  private func post(
    _ kept: LedgerSession.Unannounced, over connection: inout WebhookConnection, _ schedule: inout DeliverySchedule
  ) throws(RunError) {
    // Where another process has forgotten it, there is nothing to tell.
    guard let line = try lines.line(on: kept) else { return }
    do throws(WebhookFailure) {
      try connection.send(Array(line.text.utf8.dropLast()), id: kept.name)
    } catch {
      let (pause, isNews) = schedule.noteFailure(error, of: kept.row)
      if isNews { Terminal.say("--webhook: the result of \(line.result.path) \(error.reason); it is posted again until it is taken") }
      usleep(UInt32(clamping: Int(pause / .microseconds(1))))
      return
    }
    if schedule.noteTaken(kept.row) { Terminal.say("--webhook: results are taken again") }
    try wrapping { () throws(LedgerError) in try session.setAnnounced(kept.row) }
  }
}
