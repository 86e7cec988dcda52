/// The weighted mean score of some speech frames, as running sums.
struct PooledScore: Sendable, Equatable {
  /// Speech frames.
  private(set) var count = 0
  private var sum = 0.0
  private var weight = 0.0

  mutating func add(_ frame: SpeechFrame) {
    count += 1
    sum += Double(frame.score) * Double(frame.weight)
    weight += Double(frame.weight)
  }

  mutating func add(_ other: PooledScore) {
    count += other.count
    sum += other.sum
    weight += other.weight
  }

  /// Σ score · weight / Σ weight; zero where there are no frames.
  var raw: Double { weight > 0 ? sum / weight : 0 }
}
