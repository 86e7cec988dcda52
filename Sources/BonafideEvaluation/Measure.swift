/// A figure of merit.
public enum Measure: Hashable, Sendable {
  case equalErrorRate
  case pairErrorRate
  case missAt1Percent
  case missAtTenthPercent
  /// At the 1 % quantile of bona fide scores, as `score.py` of the corpus has it.
  case missAt1PercentQuantile
  case minimumDCF
  case actualDCF
  case cllr
  case minimumCllr
  /// Share of the trials that is decided, in percent.
  case selectiveError(Int)
  case minimumTandemCost2019
  case minimumTandemCost2021
  case matchedEqualErrorRate
  case matchedPairErrorRate
  case lineEqualErrorRate
  /// Milliseconds of a segment.
  case segmentEqualErrorRate(Int)
  case rangeEqualErrorRate
  /// Intersection over union, in hundredths.
  case averagePrecision(Int)
  /// Most proposals of a party.
  case averageRecall(Int)
  case alarmsPerHour

  /// What a value counts.
  public enum Unit: Sendable {
    /// A share, 0…1.
    case share
    /// In units of the cheaper of accepting all and rejecting all.
    case cost
    case bits
    case perHour
  }

  public var unit: Unit {
    switch self {
    case .minimumDCF, .actualDCF, .minimumTandemCost2019, .minimumTandemCost2021: .cost
    case .cllr, .minimumCllr: .bits
    case .alarmsPerHour: .perHour
    default: .share
    }
  }

  /// As how many independent trials of one class a share is measured on, at most.
  ///
  /// - Parameters:
  ///   - fewest: trials of the class that has fewer.
  ///   - spoof: spoof trials.
  func exactTrials(fewest: Double, spoof: Double) -> Double {
    switch self {
    case .missAt1Percent, .missAtTenthPercent, .missAt1PercentQuantile: spoof
    // Both classes weigh the same.
    case .selectiveError(let coverage): 2 * fewest * Double(coverage) / 100
    default: fewest
    }
  }

  /// The highest share that there can be.
  var highestShare: Double {
    switch self {
    case .equalErrorRate, .matchedEqualErrorRate, .lineEqualErrorRate, .segmentEqualErrorRate, .rangeEqualErrorRate: 0.5
    default: 1
    }
  }

  /// Name in JSON.
  public var key: String {
    switch self {
    case .equalErrorRate: "eer"
    case .pairErrorRate: "pair_error"
    case .missAt1Percent: "miss_at_1pct_fa"
    case .missAtTenthPercent: "miss_at_0.1pct_fa"
    case .missAt1PercentQuantile: "miss_at_1pct_quantile"
    case .minimumDCF: "min_dcf"
    case .actualDCF: "act_dcf"
    case .cllr: "cllr_bits"
    case .minimumCllr: "min_cllr_bits"
    case .selectiveError(let coverage): "error_at_\(coverage)pct_coverage"
    case .minimumTandemCost2019: "min_tdcf_2019"
    case .minimumTandemCost2021: "min_tdcf_2021"
    case .matchedEqualErrorRate: "matched_eer"
    case .matchedPairErrorRate: "matched_pair_error"
    case .lineEqualErrorRate: "line_eer"
    case .segmentEqualErrorRate(let length): "segment_eer_\(length)ms"
    case .rangeEqualErrorRate: "range_eer"
    case .averagePrecision(let overlap): "ap_iou_0.\(overlap % 10 == 0 ? overlap / 10 : overlap)"
    case .averageRecall(let limit): "ar_\(limit)"
    case .alarmsPerHour: "alarms_per_hour"
    }
  }

  /// Name in tables.
  public var title: String {
    switch self {
    case .equalErrorRate: "EER"
    case .pairErrorRate: "pairs in the wrong order"
    case .missAt1Percent: "spoofs missed at 1 % false alarms"
    case .missAtTenthPercent: "spoofs missed at 0.1 % false alarms"
    case .missAt1PercentQuantile: "spoofs missed at the 1 % quantile"
    case .minimumDCF: "minDCF"
    case .actualDCF: "actDCF"
    case .cllr: "Cllr"
    case .minimumCllr: "minCllr"
    case .selectiveError(let coverage): coverage == 100 ? "errors, all decided" : "errors among the surest \(coverage) %"
    case .minimumTandemCost2019: "min t-DCF (2019)"
    case .minimumTandemCost2021: "min t-DCF (2021)"
    case .matchedEqualErrorRate: "source-matched EER"
    case .matchedPairErrorRate: "wrong pairs inside sources"
    case .lineEqualErrorRate: "line test EER"
    case .segmentEqualErrorRate(let length): "segment EER, \(length) ms"
    case .rangeEqualErrorRate: "range EER"
    case .averagePrecision(let overlap): "AP at IoU 0.\(overlap % 10 == 0 ? overlap / 10 : overlap)"
    case .averageRecall(let limit): "AR, \(limit) proposals"
    case .alarmsPerHour: "false stretches an hour"
    }
  }
}

/// A figure of merit and how sure it is.
public struct Figure: Sendable, Equatable {
  public var measure: Measure
  /// `nil` where there is nothing to measure it on.
  public var value: Double?
  /// 95 %; `nil` where there is too little to tell.
  public var interval: Interval?

  public init(measure: Measure, value: Double?, interval: Interval? = nil) {
    self.measure = measure
    self.value = value
    self.interval = interval
  }
}
