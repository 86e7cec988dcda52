import Glibc

/// Counts energies by their level, to tell quantiles without keeping them.
struct EnergyHistogram: Sendable {
  private(set) var count = 0
  /// Of all energies.
  private(set) var weight = 0.0
  private var bins = [Double](repeating: 0, count: Int((highest - lowest) * binsPerDecibel))

  /// Levels that are told apart, in dB of full scale 1. What is below is zero; what is above is the highest.
  private static let lowest = -110.0
  private static let highest = 50.0
  /// A quantile is the middle of its bin: within 1/32 dB.
  private static let binsPerDecibel = 16.0

  /// - Parameter weight: how often the energy counts.
  mutating func add(_ energy: Float, weight: Double = 1) {
    count += 1
    self.weight += weight
    if let bin = bin(of: Double(energy)) { bins[bin] += weight }
  }

  /// `nil` where the energy is below the lowest level or not a number.
  private func bin(of energy: Double) -> Int? {
    let level = 10 * log10(energy)
    guard level >= Self.lowest else { return nil }
    return Int(min((level - Self.lowest) * Self.binsPerDecibel, Double(bins.count - 1)))
  }

  /// How many were at least this, by their weights and but for the width of a bin.
  func count(atLeast energy: Double) -> Double {
    bins[(bin(of: energy) ?? 0)...].reduce(0, +)
  }

  /// The energy that this share of the weight, 0 to less than 1, is below.
  func energy(quantile: Double) -> Double {
    var above = weight
    for bin in bins.indices.reversed() where bins[bin] > 0 {
      above -= bins[bin]
      if above <= quantile * weight { return pow(10, (Self.lowest + (Double(bin) + 0.5) / Self.binsPerDecibel) / 10) }
    }
    return 0
  }
}
