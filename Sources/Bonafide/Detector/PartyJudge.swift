/// Makes a party's result of its scored speech.
struct PartyJudge: Sendable {
  /// Least seconds of speech that a verdict takes.
  static let leastSpeech = 1.0
  /// Least seconds of speech in a stretch that makes a party synthetic.
  static let decisiveSpeech = 2.0
  /// Least ratio of speech to noise that a verdict takes, in dB.
  static let leastSignalToNoise = 3.0

  let calibration: Calibration
  let thresholds: Thresholds
  /// Probability that a party is synthetic before any evidence.
  let prior: Double
  /// Seconds of the recording; no segment ends later.
  let duration: Double

  /// - Parameters:
  ///   - signalToNoise: in dB; `nil` where it is not known.
  ///   - channel: of the recording, from 1.
  ///   - timeline: whether to keep frame scores.
  func result(_ track: SpeechTrack, signalToNoise: Double?, channel: Int, timeline: Bool) -> PartyResult {
    let speech = track.speech
    var result = PartyResult(channel: channel, verdict: .inconclusive, speech: speech)
    let finder = StretchFinder(calibration: calibration, enter: thresholds.stretch, leave: thresholds.release)
    let smoothed = finder.smoothed(track)
    if timeline { result.timeline = self.timeline(track, smoothed: smoothed) }
    guard !track.frames.isEmpty else {
      result.reason = .noSpeech
      return result
    }
    let llr = calibration.llr(raw: track.raw(in: track.frames.indices), speech: speech)
    result.llr = llr
    result.syntheticProbability = syntheticProbability(llr: llr, prior: prior)
    guard speech >= Self.leastSpeech - track.hop / 2 else {
      result.reason = .tooLittleSpeech
      return result
    }
    if let signalToNoise, signalToNoise < Self.leastSignalToNoise {
      result.reason = .tooNoisy
      return result
    }

    var stretches = finder.stretches(of: track, smoothed: smoothed)
    let decisive = stretches.contains { $0.speech >= Self.decisiveSpeech - track.hop / 2 }
    if llr <= thresholds.alarm || decisive {
      result.verdict = .synthetic
      if stretches.isEmpty { stretches = finder.everything(of: track) }
    } else if llr >= thresholds.clear, stretches.isEmpty {
      result.verdict = .bonafide
    } else {
      result.reason = .ambiguous
    }
    result.segments = stretches.map { segment($0, of: track) }
    return result
  }

  private func segment(_ stretch: StretchFinder.Stretch, of track: SpeechTrack) -> Segment {
    let time = track.time(of: stretch.range)
    return Segment(
      start: time.start, end: min(time.end, duration), llr: stretch.llr,
      syntheticProbability: syntheticProbability(llr: stretch.llr, prior: prior))
  }

  private func timeline(_ track: SpeechTrack, smoothed: [Float]) -> Timeline {
    var llr = [Float?](repeating: nil, count: track.frameCount)
    for (frame, value) in zip(track.frames, smoothed) { llr[frame] = value }
    return Timeline(hop: track.hop, llr: llr)
  }
}
