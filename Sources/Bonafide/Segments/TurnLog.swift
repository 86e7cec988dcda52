/// The turns of a party, in memory that has a bound.
///
/// Turns with little speech are kept only as long as there is no other. Past `capacity` turns, the two with the shortest
/// pause between them become one.
struct TurnLog: Sendable {
  /// In order.
  private(set) var turns: [SpeechSpan] = []
  private var hasLong = false
  /// Seconds per score frame.
  private let hop: Double

  /// Most turns that are kept: 40 kB. A call has about ten a minute.
  static let capacity = 1000

  /// - Parameter hop: seconds per score frame.
  init(hop: Double) {
    self.hop = hop
  }

  mutating func append(_ turn: SpeechSpan) {
    let isLong = turn.speech(hop: hop) >= StretchFinder.minimum - hop / 2
    if isLong, !hasLong {
      hasLong = true
      turns.removeAll(keepingCapacity: true)
    }
    guard isLong || !hasLong else { return }
    turns.append(turn)
    if turns.count > Self.capacity { joinClosest() }
  }

  private mutating func joinClosest() {
    var closest = 0
    for i in 0..<turns.count - 1 where pause(behind: i) < pause(behind: closest) { closest = i }
    turns[closest].add(turns[closest + 1])
    turns.remove(at: closest + 1)
  }

  /// Score frames between turn `index` and the next.
  private func pause(behind index: Int) -> Int { turns[index + 1].start - turns[index].end }
}
