/// How the evidence of a stream stands.
public struct StreamUpdate: Sendable, Equatable {
  /// Seconds heard, missing ones included.
  public var time: Double
  /// Seconds up to which there are scores; the rest of this update is about those. Behind `time` by the look-ahead.
  public var scoredTime: Double
  /// Seconds of speech found.
  public var speech: Double
  /// Log-likelihood ratio of all speech, natural log; higher is more likely bona fide; `nil` where there was none.
  public var llr: Double?
  /// Probability that the voice is synthetic, from `llr` and the prior, in 0...1; `nil` where there was no speech.
  public var syntheticProbability: Double?
  /// What would be said of the party if it ended here.
  public var verdict: Verdict
  /// Why `verdict` is `inconclusive`; `nil` otherwise.
  public var reason: Reason?
  /// Stretches that sound synthetic and that no later sample can change, found since the update before; all of them where
  /// `isRevised`.
  public var closed: [Segment]
  /// The stretch that may still grow, or rise and be dropped.
  public var open: Segment?
  /// Whether the party turned out to have another band than it had so far, so that another model judges it from here on, and
  /// `closed` takes the place of all that was told before.
  public var isRevised: Bool

  /// An update from its parts; by default that of a stream that heard nothing.
  public init(
    time: Double = 0, scoredTime: Double = 0, speech: Double = 0, llr: Double? = nil, syntheticProbability: Double? = nil,
    verdict: Verdict = .inconclusive, reason: Reason? = .noSpeech, closed: [Segment] = [], open: Segment? = nil,
    isRevised: Bool = false
  ) {
    self.time = time
    self.scoredTime = scoredTime
    self.speech = speech
    self.llr = llr
    self.syntheticProbability = syntheticProbability
    self.verdict = verdict
    self.reason = reason
    self.closed = closed
    self.open = open
    self.isRevised = isRevised
  }
}
