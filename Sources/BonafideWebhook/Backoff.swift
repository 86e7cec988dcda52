/// How long to wait before something is tried again: twice as long each time, and by chance a little less, so that many who wait do not all
/// come back at once.
public struct Backoff: Sendable {
  /// Before the second attempt.
  public let first: Duration
  /// At most.
  public let longest: Duration

  public init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// The time to wait after so many failures in a row; between a half and the whole of what it is at most.
  public func wait(after failures: Int) -> Duration {
    wait(after: failures, chance: Double.random(in: 0...1))
  }

  func wait(after failures: Int, chance: Double) -> Duration {
    guard failures > 0 else { return .zero }
    // More doublings than that are beyond all that is waited for.
    let whole = min(longest, first * (1 << min(failures - 1, 40)))
    return whole * (0.5 + chance / 2)
  }
}
