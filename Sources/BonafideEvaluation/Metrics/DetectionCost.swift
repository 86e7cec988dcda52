import Glibc

/// What errors cost, and how often there is something to get wrong.
public struct DetectionCost: Sendable, Equatable {
  /// Share of trials that are spoof, 0…1.
  public var spoofPrior: Double
  /// Cost of rejecting a bona fide trial.
  public var rejection: Double
  /// Cost of accepting a spoof.
  public var acceptance: Double

  /// ASVspoof 5, track 1: π = 0.05, C_miss = 1, C_fa = 10 (ASVspoof 5 evaluation plan).
  public static let asvspoof5 = DetectionCost(spoofPrior: 0.05, rejection: 1, acceptance: 10)

  /// Cost, in units of the cheaper of accepting all and rejecting all; 1 is no better than that.
  func normalized(_ point: ErrorPoint) -> Double {
    let (reject, accept) = (rejection * (1 - spoofPrior), acceptance * spoofPrior)
    return (reject * point.falseAlarm + accept * point.miss) / min(reject, accept)
  }

  /// The log-likelihood ratio below which rejecting is cheaper: −ln(C_miss (1 − π) / (C_fa π)).
  public var bayesThreshold: Double { -log(rejection * (1 - spoofPrior) / (acceptance * spoofPrior)) }
}

extension ScoreCounts {
  /// Least cost of any threshold; `nil` if a class is empty.
  public func minimumCost(_ cost: DetectionCost) -> Double? {
    errorCurve.lazy.map { cost.normalized($0) }.min()
  }

  /// Cost at the Bayes threshold, which is the least if the scores are log-likelihood ratios; `nil` if a class is empty.
  public func actualCost(_ cost: DetectionCost) -> Double? {
    guard hasBothClasses else { return nil }
    let threshold = cost.bayesThreshold
    var (flagged, caught) = (0.0, 0.0)
    for index in scores.indices where scores[index] < threshold {
      flagged += bonafide[index]
      caught += spoof[index]
    }
    return cost.normalized(ErrorPoint(falseAlarm: flagged / bonafideTotal, miss: max(0, 1 - caught / spoofTotal)))
  }
}
