/// How much of both classes has which score: all that figures of merit need of scores.
///
/// Scores are log-likelihood ratios, natural log: higher is more likely bona fide. Amounts are numbers of trials, or
/// seconds. A trial is flagged at a threshold if its score is below.
public struct ScoreCounts: Sendable, Equatable {
  /// Different scores, ascending; may begin with −∞ and end with +∞.
  public let scores: [Double]
  /// Amount of bona fide with each score.
  public let bonafide: [Double]
  /// Amount of spoof with each score.
  public let spoof: [Double]
  public let bonafideTotal: Double
  public let spoofTotal: Double

  /// - Parameters:
  ///   - scores: different ones, ascending.
  ///   - bonafide: amount with each, not negative.
  ///   - spoof: amount with each, not negative.
  init(scores: [Double], bonafide: [Double], spoof: [Double]) {
    self.scores = scores
    self.bonafide = bonafide
    self.spoof = spoof
    bonafideTotal = bonafide.reduce(0, +)
    spoofTotal = spoof.reduce(0, +)
  }

  /// Counts trials, each one once.
  public init(bonafide: [Double], spoof: [Double]) {
    let ranked = RankedScores(
      bonafide.map { RankedScores.Observation(score: $0, cluster: 0, bonafide: 1) }
        + spoof.map { RankedScores.Observation(score: $0, cluster: 0, spoof: 1) })
    self = ranked.counts()
  }

  /// Whether there is some of both.
  public var hasBothClasses: Bool { bonafideTotal > 0 && spoofTotal > 0 }
}
