import Glibc

/// Over which states of a window the second stage takes its statistics: where the speech is loud, as when its heads were trained
/// (`bonafide_models.encoders.variants.speech`), and not far from where the first stage hears somebody speak, so that music and other sounds beside
/// speech are left out.
enum SpeechMask {
  /// States around speech that may count, too: 0.1 s.
  static let reach = 5
  /// dB below the loud states, those at `loud` of all.
  static let range: Float = 32
  static let loud = 0.95
  /// dB of full scale.
  static let floor: Float = -65

  /// - Parameters:
  ///   - samples: at 16 kHz, of full scale 1, `speech.count` units at least.
  ///   - unit: samples of a state.
  ///   - speech: whether the first stage hears somebody speak in each state.
  /// - Returns: `speech` where the two have nothing in common.
  static func of(_ samples: [Float], unit: Int, speech: [Bool]) -> [Bool] {
    let levels = speech.indices.map { state in
      let energy = samples[state * unit..<(state + 1) * unit].reduce(into: Float(0)) { $0 += $1 * $1 } / Float(unit)
      return 10 * log10(energy + 1e-9)
    }
    let least = max(quantile(loud, of: levels) - range, floor)
    var near = [Bool](repeating: false, count: speech.count)
    for state in speech.indices where speech[state] {
      for other in max(0, state - reach)...min(speech.count - 1, state + reach) { near[other] = true }
    }
    let mask = speech.indices.map { near[$0] && levels[$0] > least }
    return mask.contains(true) ? mask : speech
  }

  /// Interpolated between neighbours, as NumPy does.
  private static func quantile(_ share: Double, of values: [Float]) -> Float {
    guard let last = values.indices.last else { return -.infinity }
    let (sorted, place) = (values.sorted(), share * Double(last))
    let below = Int(place)
    return sorted[below] + Float(place - Double(below)) * (sorted[min(below + 1, last)] - sorted[below])
  }
}
