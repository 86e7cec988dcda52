/// When messages that were not taken are posted again. Each waits for itself, so that one that the receiver never takes does not keep it from
/// the others; and after each failure all wait a while, so that a receiver in trouble is left alone.
public struct DeliverySchedule: Sendable {
  private struct Waiting {
    var failures: Int
    var until: ContinuousClock.Instant
  }

  private var waiting: [Int64: Waiting] = [:]
  private var failuresInARow = 0

  /// Between attempts at whatever message, while none is taken.
  private static let pause = Backoff(first: .milliseconds(500), longest: .seconds(60))
  /// Between attempts at a message that was refused.
  private static let refusal = Backoff(first: .seconds(5), longest: .seconds(600))
  private let longestWait: Duration

  /// - Parameter longestWait: that a receiver may ask to be left alone for, at most.
  public init(longestWait: Duration = .seconds(3600)) {
    self.longestWait = longestWait
  }

  /// Whether a message is to be posted now.
  public func isDue(_ message: Int64, at now: ContinuousClock.Instant = .now) -> Bool {
    waiting[message].map { $0.until <= now } ?? true
  }

  /// Whether a message was posted and not taken.
  public func isWaiting(_ message: Int64) -> Bool { waiting[message] != nil }

  /// Takes note that of the messages that wait, there are these alone: others were taken back.
  public mutating func forget(allBut messages: Set<Int64>) {
    waiting = waiting.filter { messages.contains($0.key) }
  }

  /// When the next of those is due that were not taken; `nil` where there are none.
  public var nextDue: ContinuousClock.Instant? { waiting.values.map(\.until).min() }

  /// Takes note of a message that was taken.
  ///
  /// - Returns: whether the receiver has taken none of several before it.
  public mutating func noteTaken(_ message: Int64) -> Bool {
    waiting[message] = nil
    defer { failuresInARow = 0 }
    return failuresInARow > 1
  }

  /// Takes note of a message that was not taken.
  ///
  /// - Returns: how long nothing may be posted, and whether the failure is news.
  public mutating func noteFailure(
    _ failure: WebhookFailure, of message: Int64, at now: ContinuousClock.Instant = .now
  ) -> (pause: Duration, isNews: Bool) {
    failuresInARow += 1
    let failures = (waiting[message]?.failures ?? 0) + 1
    let backoff = failure.isRefusal ? Self.refusal : Self.pause
    waiting[message] = Waiting(failures: failures, until: now + backoff.wait(after: failures))
    let pause = max(Self.pause.wait(after: failuresInARow), min(failure.wait ?? .zero, longestWait))
    return (pause, failures == 1 && (failuresInARow == 1 || failure.isRefusal))
  }
}
