import Glibc

@testable import Bonafide

/// The speech of one party: the score frames in which somebody speaks, in order, without those between.
struct SpeechTrack {
  /// Seconds per score frame.
  let hop: Double
  /// Score frames of the party, speech or not.
  let frameCount: Int
  /// Places of the speech frames among all score frames, ascending; frame i stands for i·hop ..< (i + 1)·hop.
  let frames: [Int]
  /// Raw score of each speech frame; higher is more likely bona fide.
  let scores: [Float]
  /// Weight of each speech frame in a pooled score, positive.
  let weights: [Float]

  init(hop: Double, frameCount: Int, frames: [Int], scores: [Float], weights: [Float]) {
    self.hop = hop
    self.frameCount = frameCount
    self.frames = frames
    self.scores = scores
    self.weights = weights
  }

  /// Seconds of speech.
  var speech: Double { speech(in: frames.indices) }

  /// Seconds of speech in `range`, which indexes `frames`.
  func speech(in range: Range<Int>) -> Double {
    hop * Double(range.count)
  }

  /// Weighted mean score of `range`, which indexes `frames`; zero where it is empty.
  func raw(in range: Range<Int>) -> Double {
    var (sum, weight) = (0.0, 0.0)
    for i in range {
      sum += Double(scores[i]) * Double(weights[i])
      weight += Double(weights[i])
    }
    return weight > 0 ? sum / weight : 0
  }

  /// Seconds at which `range`, which indexes `frames` and is not empty, starts and ends.
  func time(of range: Range<Int>) -> (start: Double, end: Double) {
    (hop * Double(frames[range.lowerBound]), hop * Double(frames[range.upperBound - 1] + 1))
  }

  /// Runs of speech with pauses of at most `pause` seconds, as ranges of `frames`.
  func turns(pause: Double) -> [Range<Int>] {
    var turns: [Range<Int>] = []
    var start = 0
    for i in frames.indices where i + 1 == frames.count || Double(frames[i + 1] - frames[i] - 1) * hop > pause {
      turns.append(start..<i + 1)
      start = i + 1
    }
    return turns
  }
}

/// The stretches of a track that sound synthetic, from the whole of it: what `PartyEvidence` has to find frame by frame.
///
/// The track is cut into turns at long pauses. In a turn, scores are smoothed over about one second of speech and made
/// LLRs as of two seconds, the least that can make a party synthetic. A stretch starts where this falls to `enter` and
/// ends where it rises above `leave`; stretches with short gaps are joined, then those with little speech or with a
/// pooled LLR above `enter` are dropped.
struct WholeStretchFinder {
  struct Stretch: Equatable {
    /// Speech frames of the track.
    var range: Range<Int>
    /// Seconds of speech.
    var speech: Double
    /// Of the speech inside, pooled.
    var llr: Double
  }

  let calibration: Calibration
  let enter: Double
  /// At least `enter`.
  let leave: Double

  init(calibration: Calibration, enter: Double, leave: Double) {
    self.calibration = calibration
    self.enter = enter
    self.leave = max(enter, leave)
  }

  /// Smoothed LLR of each speech frame of the track.
  func smoothed(_ track: SpeechTrack) -> [Float] {
    let reach = max(0, Int((ScoreSmoother.span / track.hop / 2).rounded(.down)))
    var result: [Float] = []
    result.reserveCapacity(track.frames.count)
    for turn in track.turns(pause: PartyEvidence.pause) {
      for i in turn {
        let near = max(turn.lowerBound, i - reach)..<min(turn.upperBound, i + reach + 1)
        result.append(Float(calibration.llr(raw: track.raw(in: near), speech: ScoreSmoother.evidence)))
      }
    }
    return result
  }

  /// - Parameter smoothed: the result of `smoothed(track)`.
  /// - Returns: stretches in order, disjoint.
  func stretches(of track: SpeechTrack, smoothed: [Float]) -> [Stretch] {
    var found: [Stretch] = []
    for turn in track.turns(pause: PartyEvidence.pause) {
      for range in joined(lows(of: smoothed, in: turn), track: track) {
        let stretch = stretch(range, of: track)
        if stretch.speech >= StretchFinder.minimum - track.hop / 2, stretch.llr <= enter { found.append(stretch) }
      }
    }
    return found
  }

  /// All speech of a track that is synthetic as a whole: its turns, without those with little speech if others are left.
  func everything(of track: SpeechTrack) -> [Stretch] {
    let turns = track.turns(pause: PartyEvidence.pause).map { stretch($0, of: track) }
    let long = turns.filter { $0.speech >= StretchFinder.minimum - track.hop / 2 }
    return long.isEmpty ? turns : long
  }

  private func stretch(_ range: Range<Int>, of track: SpeechTrack) -> Stretch {
    let speech = track.speech(in: range)
    return Stretch(range: range, speech: speech, llr: calibration.llr(raw: track.raw(in: range), speech: speech))
  }

  /// Hysteresis between `enter` and `leave`.
  private func lows(of smoothed: [Float], in turn: Range<Int>) -> [Range<Int>] {
    var lows: [Range<Int>] = []
    var start: Int?
    for i in turn {
      let llr = Double(smoothed[i])
      if let begun = start, llr > leave {
        lows.append(begun..<i)
        start = nil
      } else if start == nil, llr <= enter {
        start = i
      }
    }
    if let start { lows.append(start..<turn.upperBound) }
    return lows
  }

  private func joined(_ ranges: [Range<Int>], track: SpeechTrack) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges {
      if let last = result.last, track.time(of: range).start - track.time(of: last).end < StretchFinder.bridge {
        result[result.count - 1] = last.lowerBound..<range.upperBound
      } else {
        result.append(range)
      }
    }
    return result
  }
}

/// The evidence of a track, frame by frame.
///
/// - Parameter watch: called after each frame.
func evidence(
  of track: SpeechTrack, calibration: Calibration, thresholds: Thresholds, timeline: Bool = false,
  watch: (PartyEvidence) -> Void = { _ in }
) -> PartyEvidence {
  var evidence = PartyEvidence(calibration: calibration, thresholds: thresholds, hop: track.hop, timeline: timeline)
  for (i, frame) in track.frames.enumerated() {
    evidence.append(SpeechFrame(index: frame, score: track.scores[i], weight: track.weights[i]))
    watch(evidence)
  }
  evidence.pass(track.frameCount - evidence.frameCount)
  evidence.finish()
  return evidence
}

/// Ratio of speech to the noise in its pauses, in dB; `nil` where there is no speech.
///
/// Noise is the energy that a fifth of the frames within half a second of speech stay under: neither ring tones and music
/// between turns nor a cough in a pause count as noise that the speech has to stand out of. Where there are few pauses, it
/// is the energy that a tenth of the speech frames stay under: speech without noise rises and falls by more than that.
///
/// - Parameters:
///   - track: speech frames of a party.
///   - energies: mean band energies, one per score frame of the party.
func exactSignalToNoise(_ track: SpeechTrack, energies: [Float]) -> Double? {
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
