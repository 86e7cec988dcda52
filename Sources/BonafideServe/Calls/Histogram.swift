/// Times, counted in buckets as Prometheus has them.
struct Histogram: Sendable {
  /// Upper bounds in seconds.
  static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5]

  /// Per bound those at or below it and above the one before; last, those above all.
  private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
  private(set) var sum = 0.0

  var count: Int { counts.reduce(0, +) }

  mutating func add(_ seconds: Double) {
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }

  static func + (one: Histogram, other: Histogram) -> Histogram {
    var both = one
    for (index, count) in other.counts.enumerated() { both.counts[index] += count }
    both.sum += other.sum
    return both
  }
}
