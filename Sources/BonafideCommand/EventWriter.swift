import BonafideServe
import Glibc
import Synchronization

/// Writes events to standard output, a line each, as fast as its reader takes them.
final class EventWriter: Sendable {
  private let output: Int32
  private let thread = EventThread(limit: mostWaiting)
  private let failed = Atomic(false)

  /// Events other than updates that may wait.
  private static let mostWaiting = 10_000
  /// What a pipe that takes anything takes at once, so that the thread never waits in the system.
  private static let piece = 4096

  /// - Parameter output: a descriptor that stays open.
  init(to output: Int32 = STDOUT_FILENO) {
    self.output = output
  }

  /// What waits to be written.
  var queue: EventQueue { thread.queue }
  /// Whether events can no longer be written.
  var hasFailed: Bool { failed.load(ordering: .relaxed) }

  func start() throws(RunError) {
    try thread.start { [self] thread in
      while let events = thread.queue.takeAll() {
        if events.isEmpty { thread.wait() }
        guard write(Array(events.map { $0.text + "\n" }.joined().utf8)) else { return failed.store(true, ordering: .relaxed) }
      }
    }
  }

  /// Waits until all is written, behind the closing of the queue.
  ///
  /// - Parameter seconds: at most so long.
  /// - Returns: whether it is.
  func finish(within seconds: Int) -> Bool { thread.finish(within: seconds) && !hasFailed }

  private func write(_ bytes: [UInt8]) -> Bool {
    var start = 0
    while start < bytes.count, !thread.isAbandoned {
      var place = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
      guard poll(&place, 1, 100) != 0 else { continue }
      let count = bytes[start...].prefix(Self.piece).withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
      if count > 0 { start += count } else if ![EINTR, EAGAIN].contains(errno) { return false }
    }
    return start == bytes.count
  }
}
