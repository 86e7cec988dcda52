import BonafideServe
import Glibc
import Logging

/// A live host from its start to its end: its threads, its signals, and its events on standard output.
final class LiveHost: Sendable {
  private let calls: Calls
  private let scans: Scans
  private let server: Server
  private let drain: Int
  private let writer = EventWriter()
  private let outputs: Outputs
  private let log: Logger

  /// Seconds for which calls that were ended may be judged.
  private static let mostJudging = 120
  /// Seconds for which the last events may wait for their reader.
  private static let mostWriting = 10
  /// Seconds for which the last calls may wait for the ledger, and the last events for the webhook.
  private static let (mostKeeping, mostPosting) = (10, 20)

  /// Where events go, beside standard output.
  struct Outputs: Sendable {
    var ledger: LiveLedger?
    var webhook: LiveWebhook?
  }

  init(calls: Calls, scans: Scans, outputs: Outputs, settings: ServerSettings, drain: Int, log: Logger) {
    self.log = log
    self.outputs = outputs
    self.calls = calls
    self.scans = scans
    self.drain = drain
    server = Server(settings, calls: calls, scans: scans, log: HostLog { log.warning("\($0)") })
  }

  /// Runs until a signal.
  func run() throws(RunError) {
    StopSignals.catch()
    _ = calls.hub.add(writer.queue)
    calls.wait(for: writer.queue)
    try writer.start()
    for delivery in [outputs.ledger?.delivery, outputs.webhook?.delivery].compactMap(\.self) { calls.add(delivery) }
    let callLog = try logCalls()
    try outputs.ledger?.start()
    try outputs.webhook?.start()
    do {
      for place in try server.start() { log.notice("listening at \(place)") }
    } catch {
      throw RunError(message: "cannot listen: \(error)")
    }
    wait(for: 1, seconds: nil)
    calls.stopTaking()
    scans.stopTaking()
    if calls.count > 0, !writer.hasFailed {
      log.notice("stopping; \(calls.count) \(calls.count == 1 ? "call is" : "calls are") under way")
    }
    wait(for: 2, seconds: drain)
    scans.stop()
    calls.endAll()
    // What was heard is judged: the last windows of a call take some tenths of a second each.
    for _ in 0..<Self.mostJudging * 10 where calls.count > 0 { usleep(100_000) }
    let left = calls.count
    calls.hub.close()
    var failures: [String] = []
    if !writer.finish(within: Self.mostWriting) { failures.append("events could not be written to standard output") }
    // Standard error that nobody reads is no failure.
    _ = callLog?.finish(within: Self.mostWriting)
    if let failure = outputs.ledger?.finish(within: Self.mostKeeping) { failures.append(failure) }
    if let failure = outputs.webhook?.finish(within: Self.mostPosting) { failures.append(failure) }
    try? server.stop()
    if left > 0 { failures.append("\(left) \(left == 1 ? "call" : "calls") could not be judged within \(Self.mostJudging) s: no call_ended") }
    if !failures.isEmpty { throw RunError(message: failures.joined(separator: "; ")) }
  }

  /// Says of each call that it began and that it ended, where that is asked for.
  private func logCalls() throws(RunError) -> EventThread? {
    guard log.logLevel <= .info else { return nil }
    let thread = EventThread(limit: 10_000, kinds: [.callStarted, .callEnded])
    _ = calls.hub.add(thread.queue)
    calls.wait(for: thread.queue)
    try thread.start { [log] thread in
      while let events = thread.queue.takeAll() {
        if events.isEmpty { thread.wait() }
        for event in events { log.info("\(event.kind.rawValue)", metadata: ["call": "\(event.call)"]) }
      }
    }
    return thread
  }

  /// Waits for so many signals; with a time, until it is over or no call is under way and no recording in work, too.
  private func wait(for signals: Int, seconds: Int?) {
    var tenths = seconds.map { $0 * 10 }
    while !writer.hasFailed, StopSignals.received < signals {
      if let left = tenths {
        if left <= 0 || calls.count == 0 && scans.count == 0 { return }
        tenths = left - 1
      }
      usleep(100_000)
    }
  }
}
