/// Times of a recording that are heard in a page, in seconds from its start.
struct HeardTimes {
  /// In order, and apart from each other.
  private(set) var ranges: [ClosedRange<Double>] = []

  /// Seconds of them all.
  var seconds: Double { ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound } }

  /// The longest begin of `range` that adds no more than `seconds` to these times.
  func begin(of range: ClosedRange<Double>, adding seconds: Double) -> ClosedRange<Double> {
    var (end, left) = (range.lowerBound, max(0, seconds))
    for other in ranges where other.upperBound > end {
      let added = max(0, other.lowerBound - end)
      if added > left { break }
      left -= added
      end = other.upperBound
    }
    return range.lowerBound...min(end + left, range.upperBound)
  }

  mutating func insert(_ range: ClosedRange<Double>) {
    let near = ranges.filter { $0.overlaps(range) }
    ranges.removeAll { $0.overlaps(range) }
    let whole = near.reduce(range) { min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound) }
    ranges.insert(whole, at: ranges.firstIndex { $0.lowerBound > whole.lowerBound } ?? ranges.endIndex)
  }
}
