import Glibc

/// Hann window for spectra: ½ − ½ cos(2πn / length), n < length.
func periodicHann(_ length: Int) -> [Float] {
  (0..<length).map { Float(0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(length))) }
}
