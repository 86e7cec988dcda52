import BonafideServe
import Dispatch
import Glibc
import Synchronization

/// A live host from its start to its end: its threads, its signals, and its events on standard output.
final class LiveHost: Sendable {
  private let calls: Calls
  private let server: Server
  private let drain: Int
  private let queue: EventQueue
  private let ready = DispatchSemaphore(value: 0)
  /// Whether events can no longer be written.
  private let hasFailed = Atomic(false)

  /// Events other than updates that may wait to be written.
  private static let mostWaiting = 10_000
  /// Seconds for which calls that were ended may be judged.
  private static let mostJudging = 120

  init(calls: Calls, settings: ServerSettings, drain: Int) {
    self.calls = calls
    self.drain = drain
    queue = EventQueue(limit: Self.mostWaiting) { [ready] in _ = ready.signal() }
    server = Server(settings, calls: calls, log: HostLog { Terminal.say($0) })
  }

  /// Runs until a signal.
  func run() throws(RunError) {
    // Ahead of the threads, which inherit it: a signal is for this one alone.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = calls.hub.add(queue)
    calls.wait(for: queue)
    guard let writer = SystemThread.start({ [self] in writeEvents() }) else { throw RunError(message: "the system has no thread left") }
    do {
      for place in try server.start() { Terminal.say("listening at \(place)") }
    } catch {
      throw RunError(message: "cannot listen: \(error)")
    }
    wait(for: &signals, seconds: nil)
    calls.stopTaking()
    if calls.count > 0, !hasFailed.load(ordering: .relaxed) {
      Terminal.say("stopping; \(calls.count) \(calls.count == 1 ? "call is" : "calls are") under way")
    }
    wait(for: &signals, seconds: drain)
    calls.endAll()
    // What was heard is judged: the last windows of a call take some tenths of a second each.
    for _ in 0..<Self.mostJudging * 10 where calls.count > 0 && !hasFailed.load(ordering: .relaxed) { usleep(100_000) }
    let left = calls.count
    calls.hub.close()
    writer.join()
    try? server.stop()
    if hasFailed.load(ordering: .relaxed) { throw RunError(message: "events could not be written to standard output") }
    if left > 0 { throw RunError(message: "\(left) \(left == 1 ? "call" : "calls") could not be judged within \(Self.mostJudging) s: no call_ended") }
  }

  /// Waits for a signal; with a time, until it is over or no call is under way, too.
  private func wait(for signals: inout sigset_t, seconds: Int?) {
    var tenths = seconds.map { $0 * 10 }
    while !hasFailed.load(ordering: .relaxed) {
      if let left = tenths {
        if left <= 0 || calls.count == 0 { return }
        tenths = left - 1
      }
      var pause = timespec(tv_sec: 0, tv_nsec: 100_000_000)
      if sigtimedwait(&signals, nil, &pause) > 0 { return }
    }
  }

  private func writeEvents() {
    while let events = queue.takeAll() {
      if events.isEmpty { ready.wait() }
      var text = events.map { $0.text + "\n" }.joined()
      let isWritten = text.withUTF8 { bytes -> Bool in
        var start = 0
        while start < bytes.count {
          let count = write(STDOUT_FILENO, bytes.baseAddress?.advanced(by: start), bytes.count - start)
          if count > 0 { start += count } else if errno != EINTR { return false }
        }
        return true
      }
      if !isWritten {
        hasFailed.store(true, ordering: .relaxed)
        return
      }
    }
  }
}
