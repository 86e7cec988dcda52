/// A range that a figure lies in with 95 % confidence.
public struct Interval: Sendable, Equatable {
  public var low: Double
  public var high: Double

  public init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }
}

/// Percentile bootstrap over clusters: trials of one source, speaker or generator are not independent, so that as many
/// clusters as there are get drawn with replacement, each with all its trials.
public struct Bootstrap: Sendable, Equatable {
  /// Number of samples; 0 for no intervals.
  public let sampleCount: Int
  public let clusterCount: Int
  public let seed: UInt64

  public init(sampleCount: Int, clusterCount: Int, seed: UInt64) {
    self.sampleCount = sampleCount
    self.clusterCount = clusterCount
    self.seed = seed
  }

  /// 95 % intervals of several figures.
  ///
  /// - Parameters:
  ///   - count: number of figures.
  ///   - figures: the figures where clusters are drawn so often; `nil` for one that the sample leaves undefined.
  /// - Returns: for each figure, the 2.5 and 97.5 percentiles over the samples that define it, interpolated linearly;
  ///   `nil` where fewer than half do, and where there is one cluster, which has nothing to vary.
  public func intervals(count: Int, of figures: ([Double]) -> [Double?]) -> [Interval?] {
    guard sampleCount > 0, clusterCount > 1 else { return Array(repeating: nil, count: count) }
    var generator = SplitMix64(seed: seed)
    var values = [[Double]](repeating: [], count: count)
    for _ in 0..<sampleCount {
      var weights = [Double](repeating: 0, count: clusterCount)
      for _ in 0..<clusterCount { weights[generator.next(below: clusterCount)] += 1 }
      for (index, value) in figures(weights).enumerated() where index < count {
        if let value, !value.isNaN { values[index].append(value) }
      }
    }
    return values.map { values in
      guard values.count * 2 >= sampleCount else { return nil }
      let sorted = values.sorted()
      return Interval(low: quantile(sorted, 0.025), high: quantile(sorted, 0.975))
    }
  }
}

/// The quantile of sorted values, interpolated linearly between order statistics.
func quantile(_ sorted: [Double], _ share: Double) -> Double {
  let position = share * Double(sorted.count - 1)
  let index = Int(position)
  let (low, high) = (sorted[index], sorted[min(index + 1, sorted.count - 1)])
  // Infinite ones have no difference.
  return low == high ? low : low + (high - low) * (position - Double(index))
}

/// Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014. The same numbers on any machine and
/// with any library, so that intervals can be repeated.
private struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 up to, not including, `bound`; the bias of the product is below 2⁻⁴⁰ for any number of clusters.
  mutating func next(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
