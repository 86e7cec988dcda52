import Bonafide
import BonafideLedger
import Glibc
import Synchronization

/// Threads that screen what a watch finds.
final class WatchCrew: Sendable {
  private struct State {
    var queue: [String] = []
    /// Recordings that another process had in work.
    var held: [String] = []
    /// Recordings of which there is no result for want of something on this machine: when each is to be looked at again.
    var aside: [String: (due: ContinuousClock.Instant, pause: Duration)] = [:]
    var failure: RunError?

    /// Puts a recording aside, for twice as long as the last time.
    mutating func putAside(_ path: String, atFirst pause: Duration) {
      let pause = aside[path].map { min($0.pause * 2, max(pause, WatchCrew.longestPause)) } ?? pause
      aside[path] = (.now + pause, pause)
    }
  }

  private static let longestPause = Duration.seconds(3_600)

  private let session: LedgerSession
  private let detector: Detector
  private let options: ScanOptions
  private let announcer: any Announcing
  private let pause: Duration
  private let state = Mutex(State())

  /// - Parameter pause: until a recording is looked at again of which there is no result for want of something on this machine; the
  ///   next time twice as long, and so on.
  init(session: LedgerSession, detector: Detector, options: ScanOptions, announcer: any Announcing, pause: Duration) {
    self.session = session
    self.detector = detector
    self.options = options
    self.announcer = announcer
    self.pause = pause
  }

  /// Starts threads, which go on until the program ends.
  func start(_ count: Int) {
    for _ in 0..<count { _ = SystemThread.start { [self] in work() } }
  }

  /// Has recordings screened, behind those that wait.
  func add(_ paths: [String]) {
    if !paths.isEmpty { state.withLock { $0.queue += paths } }
  }

  /// Recordings that are to be looked at again: another process had them in work, or this machine lacked something a while ago.
  func takeHeld() -> [String] {
    state.withLock { state in
      let now = ContinuousClock.now
      let due = state.aside.filter { $0.value.due <= now }.keys
      // The pause is remembered, and the recording is not due while it is in work.
      for path in due { state.aside[path]?.due = now + Self.longestPause }
      defer { state.held = [] }
      return state.held + due
    }
  }

  /// Why it cannot go on.
  var failure: RunError? { state.withLock { $0.failure } }

  private func work() {
    while true {
      guard let path = state.withLock({ $0.queue.isEmpty ? nil : $0.queue.removeFirst() }) else {
        usleep(50_000)
        continue
      }
      do throws(LedgerError) {
        switch try session.screen(path, with: { detector.scan(path, options: options) }) {
        case .found: state.withLock { $0.aside[path] = nil }
        // What changed meanwhile is found again when it is complete.
        case .unkept(let result):
          if let error = result.error { Terminal.say("\(path): \(error)") }
          state.withLock { $0.putAside(path, atFirst: pause) }
        case .held: state.withLock { $0.held.append(path) }
        case .toKeep(let result, let keeping, _):
          state.withLock { $0.aside[path] = nil }
          session.keep(result, keeping) { [self] kept in
            switch kept {
            case .success(let row): announce(result, row: row)
            case .failure(let error): fail(RunError(message: error.description))
            }
          }
        }
      } catch {
        fail(RunError(message: error.description))
      }
    }
  }

  private func announce(_ result: FileResult, row: Int64) {
    do throws(RunError) { try announcer.announce(result, row: row) } catch { fail(error) }
  }

  private func fail(_ error: RunError) { state.withLock { $0.failure = $0.failure ?? error } }
}
