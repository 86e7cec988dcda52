import Glibc

/// A scale on which the errors of normally distributed scores make a straight line.
struct ProbitScale {
  /// Rates, 0…1, at the ends of the scale.
  let low: Double
  let high: Double

  /// Where a rate is, from 0 at `low` to 1 at `high`; beyond, at the end.
  func position(_ rate: Double) -> Double {
    let clamped = min(max(rate, low), high)
    return (Self.probit(clamped) - Self.probit(low)) / (Self.probit(high) - Self.probit(low))
  }

  /// Quantile of the normal distribution, `probability` in 0…1 without the ends, by bisection of its distribution
  /// function: a drawing has no need of speed.
  static func probit(_ probability: Double) -> Double {
    var (low, high) = (-10.0, 10.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if erfc(-middle / 2.0.squareRoot()) / 2 < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
