import NIOCore
import Synchronization

/// Lines about what goes wrong, for standard error; a flood of them is counted and not written.
package final class HostLog: Sendable {
  private struct State {
    var since = NIODeadline.now()
    var lines = 0
    var left = 0
  }

  /// Lines in ten seconds.
  private static let most = 20

  private let write: @Sendable (String) -> Void
  private let state = Mutex(State())

  package init(_ write: @escaping @Sendable (String) -> Void) {
    self.write = write
  }

  func note(_ failure: CallFeed.Failure, of adapter: String, from address: SocketAddress?, call: String?) {
    let what =
      switch failure {
      case .refused(let refusal): "call refused: \(refusal.rawValue)"
      case .wire(let error): "closed: \(error)"
      }
    note(what, of: call ?? adapter, from: address)
  }

  func note(_ message: String, of adapter: String, from address: SocketAddress?) {
    let lines = state.withLock { state -> [String] in
      var lines: [String] = []
      if NIODeadline.now() - state.since > .seconds(10) {
        if state.left > 0 { lines.append("\(state.left) more lines like these were left out") }
        state = State()
      }
      state.lines += 1
      if state.lines > Self.most {
        state.left += 1
      } else {
        lines.append("\(adapter), \(address?.ipAddress ?? "unknown address"): \(message)")
      }
      return lines
    }
    for line in lines { write(line) }
  }
}

extension CallFeed.Failure {
  var isRefusal: Bool { if case .refused = self { true } else { false } }
}
