import Glibc

/// Ratio of speech to the noise in its pauses, in dB; `nil` where there is no speech.
///
/// Noise is the energy that a fifth of the frames within half a second of speech stay under: neither ring tones and music
/// between turns nor a cough in a pause count as noise that the speech has to stand out of. Where there are few pauses, it
/// is the energy that a tenth of the speech frames stay under: speech without noise rises and falls by more than that.
///
/// - Parameters:
///   - track: speech frames of a party.
///   - energies: mean band energies, one per score frame of the party.
func signalToNoise(_ track: SpeechTrack, energies: [Float]) -> Double? {
  let reach = Int(0.5 / track.hop)
  var isSpeech = [Bool](repeating: false, count: energies.count)
  var speech = 0.0
  for frame in track.frames where frame < energies.count {
    isSpeech[frame] = true
    speech += Double(energies[frame])
  }
  guard !track.frames.isEmpty else { return nil }
  speech /= Double(track.frames.count)

  var pauses: [Float] = []
  var next = 0
  for frame in track.frames {
    for near in max(next, frame - reach)..<max(next, min(energies.count, frame + reach + 1)) where !isSpeech[near] {
      pauses.append(energies[near])
    }
    next = max(next, frame + reach + 1)
  }
  let noise: Double
  if Double(pauses.count) * track.hop >= 0.4 {
    pauses.sort()
    noise = Double(pauses[pauses.count / 5])
  } else {
    let levels = track.frames.filter { $0 < energies.count }.map { energies[$0] }.sorted()
    guard !levels.isEmpty else { return nil }
    noise = Double(levels[levels.count / 10])
  }
  guard noise > 0 else { return .infinity }
  return 10 * log10(max(speech - noise, 1e-3 * noise) / noise)
}
