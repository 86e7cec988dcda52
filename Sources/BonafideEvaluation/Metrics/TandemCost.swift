/// Error rates, 0…1, of a speaker verification system at its threshold, which stands behind the spoofing detector.
public struct VerificationErrorRates: Sendable, Equatable {
  /// Share of target trials that are rejected.
  public var miss: Double
  /// Share of nontarget trials that are accepted.
  public var falseAlarm: Double
  /// Share of spoof trials that are accepted.
  public var spoofFalseAlarm: Double

  public init(miss: Double, falseAlarm: Double, spoofFalseAlarm: Double) {
    self.miss = miss
    self.falseAlarm = falseAlarm
    self.spoofFalseAlarm = spoofFalseAlarm
  }
}

/// Tandem detection cost with a fixed verification system, a·P(bona fide rejected) + b·P(spoof accepted) + c.
///
/// Priors π_tar = 0.9405, π_non = 0.0095, π_spoof = 0.05, cost of a miss 1, of a false acceptance 10, in both versions.
public struct TandemCost: Sendable, Equatable {
  private static let (target, nontarget, spoof) = (0.95 * 0.99, 0.95 * 0.01, 0.05)
  private static let (missCost, acceptanceCost) = (1.0, 10.0)

  private let constant: Double
  private let rejection: Double
  private let acceptance: Double
  private let norm: Double

  /// Of ASVspoof 2019: C1·P_miss + C2·P_fa over min(C1, C2) (Kinnunen et al., Odyssey 2018; evaluation plan of
  /// 2019). `nil` where the rates leave no cost to weigh.
  public static func asvspoof2019(_ rates: VerificationErrorRates) -> TandemCost? {
    let c1 = target * (missCost - missCost * rates.miss) - nontarget * acceptanceCost * rates.falseAlarm
    let c2 = acceptanceCost * spoof * rates.spoofFalseAlarm
    guard c1 > 0, c2 > 0 else { return nil }
    return TandemCost(constant: 0, rejection: c1, acceptance: c2, norm: min(c1, c2))
  }

  /// Of ASVspoof 2021: C0 + C1·P_miss + C2·P_fa over C0 + min(C1, C2) (Kinnunen et al., TASLP 28,
  /// 2020). `nil` where the rates leave no cost to weigh.
  public static func asvspoof2021(_ rates: VerificationErrorRates) -> TandemCost? {
    let c0 = target * missCost * rates.miss + nontarget * acceptanceCost * rates.falseAlarm
    let c1 = target * missCost - c0
    let c2 = spoof * acceptanceCost * rates.spoofFalseAlarm
    guard c0 >= 0, c1 >= 0, c2 >= 0, c0 + min(c1, c2) > 0 else { return nil }
    return TandemCost(constant: c0, rejection: c1, acceptance: c2, norm: c0 + min(c1, c2))
  }

  /// Least normalised cost of any threshold of the spoofing detector; `nil` if a class is empty.
  public func minimum(_ counts: ScoreCounts) -> Double? {
    counts.errorCurve.lazy.map { (constant + rejection * $0.falseAlarm + acceptance * $0.miss) / norm }.min()
  }
}
