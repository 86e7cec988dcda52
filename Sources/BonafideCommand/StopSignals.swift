import Glibc
import Synchronization

/// Signals that a program is to stop, counted instead of ending it at once.
///
/// They are caught and not waited for (`sigwait`): libraries have threads of their own before `main`, which do not block what it blocks, and
/// to which the system may give a signal.
enum StopSignals {
  private static let count = Atomic(0)

  /// Catches SIGTERM and SIGINT from here on, also where whoever started the program had blocked them.
  static func `catch`() {
    // Made ahead of any signal, whose handler may make nothing.
    _ = received
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGTERM, SIGINT] {
      sigaddset(&signals, number)
      signal(number) { _ in StopSignals.count.add(1, ordering: .relaxed) }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// How many came.
  static var received: Int { count.load(ordering: .relaxed) }
}
