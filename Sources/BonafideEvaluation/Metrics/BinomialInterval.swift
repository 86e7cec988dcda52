import Glibc

extension Interval {
  /// The interval of Clopper & Pearson (Biometrika 26, 1934) of a share: with at least 95 % confidence for any true share, whose
  /// upper end for none of `total` is the rule of three, or rather of 3.7 for both sides.
  ///
  /// - Parameters:
  ///   - count: how many of `total` there were; it need not be a whole number, since rates on a convex hull are none.
  ///   - total: of independent trials, over 0.
  /// - Returns: shares, 0…1.
  public static func clopperPearson(_ count: Double, of total: Double) -> Interval {
    let count = min(max(count, 0), total)
    return Interval(
      low: count == 0 ? 0 : betaQuantile(0.025, count, total - count + 1),
      high: count == total ? 1 : betaQuantile(0.975, count + 1, total - count))
  }

  /// The exact interval of a rate (Garwood, Biometrika 28, 1936): for none, from 0 to 3.7 in the time.
  ///
  /// - Parameters:
  ///   - count: how many there were.
  ///   - time: in which they could have been, over 0.
  static func poisson(_ count: Double, in time: Double) -> Interval {
    // Rare events among very many trials.
    let moments = 1e7 + 1000 * count
    let share = clopperPearson(count, of: moments)
    return Interval(low: share.low * moments / time, high: share.high * moments / time)
  }

  /// The smallest interval that has both.
  func union(_ other: Interval) -> Interval { Interval(low: min(low, other.low), high: max(high, other.high)) }
}

/// The value below which a beta distribution has `share`, by halving: the distribution function ascends.
private func betaQuantile(_ share: Double, _ a: Double, _ b: Double) -> Double {
  var (low, high) = (0.0, 1.0)
  for _ in 0..<60 {
    let middle = (low + high) / 2
    if betaDistribution(middle, a, b) < share { low = middle } else { high = middle }
  }
  return (low + high) / 2
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22) on the side of the mean where that
/// converges fast.
func betaDistribution(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  if x > (a + 1) / (a + b + 2) { return 1 - betaDistribution(1 - x, b, a) }
  let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)) / a
  // Lentz's algorithm, with what would be zero kept from it.
  let tiny = 1e-300
  func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var (c, d) = (1.0, 1 / kept(1 - (a + b) * x / (a + 1)))
  var fraction = d
  for step in 1...10_000 {
    let m = Double(step)
    for term in [m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))] {
      d = 1 / kept(1 + term * d)
      c = kept(1 + term / c)
      fraction *= c * d
    }
    if abs(c * d - 1) < 1e-14 { break }
  }
  return min(1, front * fraction)
}

private func logGamma(_ value: Double) -> Double {
  var sign: Int32 = 0
  return lgamma_r(value, &sign)
}
