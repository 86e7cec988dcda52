import Glibc

/// Measures how far speech stands out of the noise in its pauses.
///
/// Noise is the energy that a fifth of the frames within half a second of speech stay under: neither ring tones and music
/// between turns nor a cough in a pause count as noise that the speech has to stand out of. Speech counts by what it weighs in the
/// score, and a pause as the speech beside it: what is but taken for speech, as music is now and then, weighs next to nothing. Where there are few pauses, it
/// is the energy that a tenth of the speech frames stay under: speech without noise rises and falls by more than that. Where the pauses are digital silence,
/// as a noise gate and a muted microphone make it, it is what a fiftieth stays under, the ends of words beside the silence.
struct NoiseEstimate: Sendable {
  /// Seconds per score frame.
  private let hop: Double
  /// Frames from speech that a pause counts.
  private let reach: Int
  private var speechSum = 0.0
  /// Weight of the last half a second of speech, about.
  private var weight: Double?
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

  /// Takes the next frame, one of speech.
  ///
  /// - Parameters:
  ///   - energy: its mean band energy.
  ///   - weight: its weight in the pooled score.
  mutating func append(speech energy: Float, weight frameWeight: Double = 1) {
    let weight = self.weight.map { $0 + Self.renewal * (frameWeight - $0) } ?? frameWeight
    self.weight = weight
    for case let energy? in waiting { pauses.add(energy, weight: weight) }
    waiting.removeAll(keepingCapacity: true)
    sinceSpeech = 0
    speechSum += weight * Double(energy)
    speech.add(energy, weight: weight)
  }

  /// Energy of digital silence, beside that of the speech, at most: no line and no room is so still.
  private static let silence = 1e-7

  /// Share of the weight that a frame of speech has.
  private static let renewal = 0.1

  /// Takes the mean band energy of the next frame, one without speech; `nil` where samples are missing.
  mutating func append(pause energy: Float?) {
    if sinceSpeech < reach {
      sinceSpeech += 1
      if let energy { pauses.add(energy, weight: weight ?? 1) }
    } else if reach > 0 {
      if waiting.count == reach { waiting.removeFirst() }
      waiting.append(energy)
    }
  }

  /// Ratio of speech to noise, in dB; infinite where there is no noise, `nil` where there is no speech.
  var signalToNoise: Double? {
    guard speech.weight > 0 else { return nil }
    let level = speechSum / speech.weight
    let inPauses = pauses.energy(quantile: 0.2)
    let noise =
      if Double(pauses.count) * hop < 0.4 { speech.energy(quantile: 0.1) } else if inPauses > Self.silence * level { inPauses } else {
        speech.energy(quantile: 0.02)
      }
    guard noise > 0 else { return .infinity }
    return 10 * log10(max(level - noise, 1e-3 * noise) / noise)
  }
}
