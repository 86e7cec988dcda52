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
    var failure: RunError?
  }

  private let session: LedgerSession
  private let detector: Detector
  private let options: ScanOptions
  private let announcer: any Announcing
  private let state = Mutex(State())

  init(session: LedgerSession, detector: Detector, options: ScanOptions, announcer: any Announcing) {
    self.session = session
    self.detector = detector
    self.options = options
    self.announcer = announcer
  }

  /// Starts threads, which go on until the program ends.
  func start(_ count: Int) {
    for _ in 0..<count { _ = SystemThread.start { [self] in work() } }
  }

  /// Has recordings screened, behind those that wait.
  func add(_ paths: [String]) {
    if !paths.isEmpty { state.withLock { $0.queue += paths } }
  }

  /// Recordings that another process had in work, and that are to be looked at again.
  func takeHeld() -> [String] {
    state.withLock { state in
      defer { state.held = [] }
      return state.held
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
        case .found: break
        // What changed meanwhile is found again when it is complete.
        case .unkept(let result): if let error = result.error { Terminal.say("\(path): \(error)") }
        case .held: state.withLock { $0.held.append(path) }
        case .toKeep(let result, let keeping, _):
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
