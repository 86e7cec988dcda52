/// ITU-T G.722 at 64 kb/s: bytes to samples at 16 kHz, two a byte, with all that it keeps from one packet to the next.
///
/// Two bits of a byte are the upper half of the band and six the lower, each an ADPCM of its own; a quadrature mirror filter puts them
/// together. Names and integer arithmetic are those of the Recommendation, so that samples are the same to the bit.
package struct G722Decoder {
  private var low = Band(scale: 32)
  private var high = Band(scale: 8)
  /// What the filter has seen: sums and differences of the halves, in turn.
  private var history = [Int](repeating: 0, count: 24)

  package init() {}

  /// The samples of the next bytes.
  package mutating func decode(_ bytes: [UInt8]) -> [Int16] {
    var samples: [Int16] = []
    samples.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      let (lower, upper) = (decodeLow(Int(byte & 0x3F)), decodeHigh(Int(byte >> 6)))
      history.removeFirst(2)
      history += [lower + upper, lower - upper]
      var (even, odd) = (0, 0)
      for tap in 0..<12 {
        even += history[2 * tap] * Table.mirror[tap]
        odd += history[2 * tap + 1] * Table.mirror[11 - tap]
      }
      samples.append(Int16(saturated(odd >> 11)))
      samples.append(Int16(saturated(even >> 11)))
    }
    return samples
  }

  private mutating func decodeLow(_ code: Int) -> Int {
    // All six bits make the sample, the upper four what is predicted from.
    let sample = low.predicted + (low.scale * Table.low6[code]) >> 15
    let step = code >> 2
    let difference = (low.scale * Table.low4[step]) >> 15
    low.adapt(by: Table.lowSteps[Table.lowIndices[step]], most: 18_432, shift: 8)
    low.predict(from: difference)
    return min(max(sample, -16_384), 16_383)
  }

  private mutating func decodeHigh(_ code: Int) -> Int {
    let difference = (high.scale * Table.high2[code]) >> 15
    let sample = high.predicted + difference
    high.adapt(by: Table.highSteps[code & 1], most: 22_528, shift: 10)
    high.predict(from: difference)
    return min(max(sample, -16_384), 16_383)
  }
}

/// One half of the band: its scale, and its predictor of two poles and six zeros.
private struct Band {
  /// Of the quantizer (DET).
  var scale: Int
  /// The next sample, as it is predicted (S).
  var predicted = 0
  /// Logarithm of the scale (NB).
  private var logarithm = 0
  /// What the zeros make of the prediction (SZ).
  private var fromZeros = 0
  /// The last two reconstructed samples (R), partial ones (P) and pole coefficients (A).
  private var reconstructed = (0, 0)
  private var partial = (0, 0)
  private var poles = (0, 0)
  /// The last six differences (D) and zero coefficients (B).
  private var differences = [Int](repeating: 0, count: 6)
  private var zeros = [Int](repeating: 0, count: 6)

  init(scale: Int) { self.scale = scale }

  /// Has the scale follow how large the differences are.
  mutating func adapt(by step: Int, most: Int, shift: Int) {
    logarithm = min(max((logarithm * 127) >> 7 + step, 0), most)
    let shift = shift - logarithm >> 11
    let mantissa = Table.mantissas[(logarithm >> 6) & 31]
    scale = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2
  }

  /// Takes up a difference, and predicts what comes next.
  mutating func predict(from difference: Int) {
    let sample = saturated(predicted + difference)
    let part = saturated(fromZeros + difference)
    adaptPoles(part)
    adaptZeros(difference)
    differences.removeLast()
    differences.insert(difference, at: 0)
    reconstructed = (sample, reconstructed.0)
    partial = (part, partial.0)
    let fromPoles =
      saturated((poles.0 * saturated(2 * reconstructed.0)) >> 15 + (poles.1 * saturated(2 * reconstructed.1)) >> 15)
    fromZeros = saturated((0..<6).reduce(0) { $0 + (zeros[$1] * saturated(2 * differences[$1])) >> 15 })
    predicted = saturated(fromPoles + fromZeros)
  }

  private mutating func adaptPoles(_ part: Int) {
    let agrees = ((part < 0) == (partial.0 < 0), (part < 0) == (partial.1 < 0))
    let first = saturated(4 * poles.0)
    var second = (agrees.0 ? min(-first, 32_767) : first) >> 7 + (agrees.1 ? 128 : -128) + (poles.1 * 32_512) >> 15
    second = min(max(second, -12_288), 12_288)
    let most = saturated(15_360 - second)
    poles = (min(max(saturated((poles.0 * 32_640) >> 15 + (agrees.0 ? 192 : -192)), -most), most), second)
  }

  private mutating func adaptZeros(_ difference: Int) {
    let step = difference == 0 ? 0 : 128
    for tap in 0..<6 {
      let agrees = (differences[tap] < 0) == (difference < 0)
      zeros[tap] = saturated((zeros[tap] * 32_640) >> 15 + (agrees ? step : -step))
    }
  }
}

/// Within 16 bits.
private func saturated(_ value: Int) -> Int { min(max(value, -32_768), 32_767) }

/// Tables of the Recommendation.
private enum Table {
  /// Of the mirror filter, every second tap.
  static let mirror = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11]
  static let high2 = [-7408, -1616, 7408, 1616]
  static let highSteps = [798, -214]
  static let low4 = [
    0, -20_456, -12_896, -8968, -6288, -4240, -2584, -1200, 20_456, 12_896, 8968, 6288, 4240, 2584, 1200, 0,
  ]
  static let lowIndices = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0]
  static let lowSteps = [-60, -30, 58, 172, 334, 538, 1198, 3042]
  static let low6 = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232, -9360, -8576, -7856,
    -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
    24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
  ]
  static let mantissas = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
  ]
}
