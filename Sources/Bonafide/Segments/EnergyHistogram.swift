import Glibc

/// Counts energies by their level, to tell quantiles without keeping them.
struct EnergyHistogram: Sendable {
  private(set) var count = 0
  private var bins = [UInt32](repeating: 0, count: Int((highest - lowest) * binsPerDecibel))

  /// Levels that are told apart, in dB of full scale 1. What is below is zero; what is above is the highest.
  private static let lowest = -110.0
  private static let highest = 50.0
  /// A quantile is the middle of its bin: within 1/32 dB.
  private static let binsPerDecibel = 16.0

  mutating func add(_ energy: Float) {
    count += 1
    // A bin is full after five years of 40 ms.
    if let bin = bin(of: Double(energy)) { bins[bin] &+= 1 }
  }

  /// `nil` where the energy is below the lowest level or not a number.
  private func bin(of energy: Double) -> Int? {
    let level = 10 * log10(energy)
    guard level >= Self.lowest else { return nil }
    return Int(min((level - Self.lowest) * Self.binsPerDecibel, Double(bins.count - 1)))
  }

  /// How many were at least this, but for the width of a bin.
  func count(atLeast energy: Double) -> Int {
    bins[(bin(of: energy) ?? 0)...].reduce(0) { $0 + Int($1) }
  }

  /// The energy of place `rank`, from 0 to `count` − 1, in ascending order.
  func energy(rank: Int) -> Double {
    var above = count
    for bin in bins.indices.reversed() where bins[bin] > 0 {
      above -= Int(bins[bin])
      if above <= rank { return pow(10, (Self.lowest + (Double(bin) + 0.5) / Self.binsPerDecibel) / 10) }
    }
    return 0
  }
}
