import Glibc

/// When to raise the alarm about a party: a sequential test, not a threshold that is tried again at each update.
///
/// `e^-llr` is how many times likelier the speech so far is from a machine than from a person. Were it exactly that, Ville's inequality
/// would hold for a genuine party whatever its length: the chance that the ratio *ever* reaches 1/α is α at most. So the alarm is raised
/// when the running LLR first falls to ln α. How far the calibrated LLR keeps to that is measured: `docs/live.md`.
package struct SequentialAlarm: Sendable {
  /// What an update changes.
  package enum Change: Sendable, Equatable {
    case raised, withdrawn
  }

  private enum State {
    case quiet, raised
  }

  /// LLR at or below which the alarm is raised.
  package let point: Double
  /// LLR above which it is withdrawn.
  package let release: Double
  /// Seconds of speech that an alarm takes.
  package let leastSpeech: Double
  private var state = State.quiet
  private var raises = 0

  /// Raises of one party, so that one that goes to and fro cannot fill a queue. The last stays.
  package static let mostRaises = 5

  /// - Parameters:
  ///   - falseAlarmsPerCall: α, the share of genuine parties that may be alarmed about, greater than 0 and less than 1.
  ///   - alarmPoint: the detector's; the alarm is never raised above it.
  ///   - leastSpeech: seconds of speech that an alarm takes.
  package init(falseAlarmsPerCall: Double, alarmPoint: Double, leastSpeech: Double) {
    point = min(log(falseAlarmsPerCall), alarmPoint)
    release = point / 2
    self.leastSpeech = leastSpeech
  }

  /// Whether the alarm is raised.
  package var isRaised: Bool { state == .raised }
  /// Whether it ever was.
  package var wasRaised: Bool { raises > 0 }

  /// Takes the evidence so far.
  ///
  /// - Parameters:
  ///   - llr: of all speech so far, natural log, higher is more likely bona fide; `nil` where there was none.
  ///   - speech: seconds.
  package mutating func take(llr: Double?, speech: Double) -> Change? {
    guard let llr else { return nil }
    switch state {
    case .quiet where llr <= point && speech >= leastSpeech && raises < Self.mostRaises:
      state = .raised
      raises += 1
      return .raised
    case .raised where llr > release && raises < Self.mostRaises:
      state = .quiet
      return .withdrawn
    case .quiet, .raised:
      return nil
    }
  }
}
