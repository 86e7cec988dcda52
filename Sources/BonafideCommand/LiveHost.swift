import BonafideServe
import Glibc

/// A live host from its start to its end: its threads, its signals, and its events on standard output.
final class LiveHost: Sendable {
  private let calls: Calls
  private let scans: Scans
  private let server: Server
  private let drain: Int
  private let writer = EventWriter()
  private let ledger: LiveLedger?
  private let webhook: LiveWebhook?

  /// Seconds for which calls that were ended may be judged.
  private static let mostJudging = 120
  /// Seconds for which the last events may wait for their reader.
  private static let mostWriting = 10
  /// Seconds for which the last calls may wait for the ledger, and the last events for the webhook.
  private static let (mostKeeping, mostPosting) = (10, 20)

  init(calls: Calls, scans: Scans, ledger: LiveLedger?, webhook: LiveWebhook?, settings: ServerSettings, drain: Int) {
    self.ledger = ledger
    self.webhook = webhook
    self.calls = calls
    self.scans = scans
    self.drain = drain
    server = Server(settings, calls: calls, scans: scans, log: HostLog { Terminal.say($0) })
  }

  /// Runs until a signal.
  func run() throws(RunError) {
    // Ahead of the threads, which inherit it: a signal is for this one alone.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = calls.hub.add(writer.queue)
    calls.wait(for: writer.queue)
    try writer.start()
    for delivery in [ledger?.delivery, webhook?.delivery].compactMap(\.self) { calls.add(delivery) }
    try ledger?.start()
    try webhook?.start()
    do {
      for place in try server.start() { Terminal.say("listening at \(place)") }
    } catch {
      throw RunError(message: "cannot listen: \(error)")
    }
    wait(for: &signals, seconds: nil)
    calls.stopTaking()
    scans.stopTaking()
    if calls.count > 0, !writer.hasFailed {
      Terminal.say("stopping; \(calls.count) \(calls.count == 1 ? "call is" : "calls are") under way")
    }
    wait(for: &signals, seconds: drain)
    scans.stop()
    calls.endAll()
    // What was heard is judged: the last windows of a call take some tenths of a second each.
    for _ in 0..<Self.mostJudging * 10 where calls.count > 0 && !writer.hasFailed { usleep(100_000) }
    let left = calls.count
    calls.hub.close()
    var failures: [String] = []
    if !writer.finish(within: Self.mostWriting) { failures.append("events could not be written to standard output") }
    if let failure = ledger?.finish(within: Self.mostKeeping) { failures.append(failure) }
    if let failure = webhook?.finish(within: Self.mostPosting) { failures.append(failure) }
    try? server.stop()
    if left > 0 { failures.append("\(left) \(left == 1 ? "call" : "calls") could not be judged within \(Self.mostJudging) s: no call_ended") }
    if !failures.isEmpty { throw RunError(message: failures.joined(separator: "; ")) }
  }

  /// Waits for a signal; with a time, until it is over or no call is under way and no recording in work, too.
  private func wait(for signals: inout sigset_t, seconds: Int?) {
    var tenths = seconds.map { $0 * 10 }
    while !writer.hasFailed {
      if let left = tenths {
        if left <= 0 || calls.count == 0 && scans.count == 0 { return }
        tenths = left - 1
      }
      var pause = timespec(tv_sec: 0, tv_nsec: 100_000_000)
      if sigtimedwait(&signals, nil, &pause) > 0 { return }
    }
  }
}
