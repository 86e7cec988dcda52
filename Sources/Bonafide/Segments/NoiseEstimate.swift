import Glibc

/// Measures how far speech stands out of the noise in its pauses.
///
/// Noise is the energy that a fifth of the frames within half a second of speech stay under: neither ring tones and music
/// between turns nor a cough in a pause count as noise that the speech has to stand out of. Where there are few pauses, it
/// is the energy that a tenth of the speech frames stay under: speech without noise rises and falls by more than that.
struct NoiseEstimate: Sendable {
  /// Seconds per score frame.
  private let hop: Double
  /// Frames from speech that a pause counts.
  private let reach: Int
  private var speechSum = 0.0
  private var speech = EnergyHistogram()
  private var pauses = EnergyHistogram()
  /// Frames since speech, to `reach`.
  private var sinceSpeech: Int
  /// Energies of the last frames that count only if speech follows, at most `reach`; `nil` where samples are missing.
  private var waiting: [Float?] = []

  /// - Parameter hop: seconds per score frame.
  init(hop: Double) {
    self.hop = hop
    reach = Int(0.5 / hop)
    sinceSpeech = reach
  }

  /// Takes the mean band energy of the next frame, one of speech.
  mutating func append(speech energy: Float) {
    for case let energy? in waiting { pauses.add(energy) }
    waiting.removeAll(keepingCapacity: true)
    sinceSpeech = 0
    speechSum += Double(energy)
    speech.add(energy)
  }

  /// Takes the mean band energy of the next frame, one without speech; `nil` where samples are missing.
  mutating func append(pause energy: Float?) {
    if sinceSpeech < reach {
      sinceSpeech += 1
      if let energy { pauses.add(energy) }
    } else if reach > 0 {
      if waiting.count == reach { waiting.removeFirst() }
      waiting.append(energy)
    }
  }

  /// Ratio of speech to noise, in dB; infinite where there is no noise, `nil` where there is no speech.
  var signalToNoise: Double? {
    guard speech.count > 0 else { return nil }
    let level = speechSum / Double(speech.count)
    let noise =
      Double(pauses.count) * hop >= 0.4
      ? pauses.energy(rank: pauses.count / 5) : speech.energy(rank: speech.count / 10)
    guard noise > 0 else { return .infinity }
    return 10 * log10(max(level - noise, 1e-3 * noise) / noise)
  }
}
