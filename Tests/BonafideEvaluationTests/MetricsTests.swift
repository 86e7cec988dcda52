import Foundation
import Testing

@testable import BonafideEvaluation

/// Figures of scores, against values worked by hand and against an independent implementation (Fixtures/make.py).
@Suite struct MetricsTests {
  private struct Case: Decodable {
    var name: String
    /// As text, since JSON has no infinity.
    var bonafide: [String]
    var spoof: [String]
    var figures: [String: Double?]

    var counts: ScoreCounts {
      ScoreCounts(bonafide: bonafide.compactMap(Double.init), spoof: spoof.compactMap(Double.init))
    }
  }

  private static let rates = VerificationErrorRates(miss: 0.02, falseAlarm: 0.03, spoofFalseAlarm: 0.4)

  @Test func agreesWithAnIndependentImplementation() throws {
    let cases = try fixture("scores.json", as: [Case].self)
    #expect(cases.count == 8)
    for item in cases {
      let counts = item.counts
      #expect(counts.bonafideTotal == Double(item.bonafide.count))
      let values: [String: Double?] = [
        "eer": counts.equalErrorRate, "pair_error": counts.pairErrorRate,
        "miss_at_1pct_fa": counts.missRate(atFalseAlarmRate: 0.01),
        "miss_at_0.1pct_fa": counts.missRate(atFalseAlarmRate: 0.001),
        "min_dcf": counts.minimumCost(.asvspoof5), "act_dcf": counts.actualCost(.asvspoof5),
        "cllr_bits": counts.logLikelihoodRatioCost, "min_cllr_bits": counts.minimumLogLikelihoodRatioCost,
        "min_tdcf_2019": TandemCost.asvspoof2019(Self.rates)?.minimum(counts),
        "min_tdcf_2021": TandemCost.asvspoof2021(Self.rates)?.minimum(counts),
      ]
      #expect(Set(values.keys) == Set(item.figures.keys))
      for (key, expected) in item.figures {
        // Where a certain score is wrong, the cost is infinite, which JSON cannot say.
        let value = values[key] ?? nil
        #expect(isClose(value, expected ?? .infinity, within: 1e-7), "\(item.name): \(key) is \(String(describing: value))")
      }
    }
  }

  /// Bona fide −1, 2, 3 and 5, spoof −4 and 1. All decided: one of four and one of two are wrong, ⅜. The surest half, each
  /// bona fide ⅛ and each spoof ¼: 5, −4 and 3, all right. The surest 75 %: 2 as well, and the bona
  /// fide at −1, which is wrong, and as sure as the spoof at 1, but comes first.
  @Test func handWorkedSelectiveError() {
    let counts = ScoreCounts(bonafide: [-1, 2, 3, 5], spoof: [-4, 1])
    #expect(isClose(counts.selectiveError(coverage: 1), 0.375, within: 1e-12))
    #expect(counts.selectiveError(coverage: 0.5) == 0)
    #expect(isClose(counts.selectiveError(coverage: 0.75), 0.125 / 0.75, within: 1e-12))
    #expect(ScoreCounts(bonafide: [0], spoof: [-1]).selectiveError(coverage: 1) == 0.25)
    #expect(ScoreCounts(bonafide: [1], spoof: []).selectiveError(coverage: 1) == nil)
    let certain = ScoreCounts(bonafide: [.infinity], spoof: [-.infinity, 2])
    #expect(certain.selectiveError(coverage: 0.75) == 0)
  }

  /// Bona fide 1, 3 and 4, spoof 0 and 2: the curve in (P_fa, P_miss) is (0, 1), (0, ½), (⅓, ½), (⅓, 0), (1, 0); its hull
  /// from (0, ½) to (⅓, 0) meets the diagonal at x = ½ − 1.5 x, that is 0.2.
  @Test func handWorkedCurve() {
    let counts = ScoreCounts(bonafide: [1, 3, 4], spoof: [0, 2])
    let flagged: [Double] = [0, 0, 1, 1, 2, 3]
    let missed: [Double] = [1, 0.5, 0.5, 0, 0, 0]
    #expect(counts.errorCurve == zip(flagged, missed).map { ErrorPoint(falseAlarm: $0 / 3, miss: $1) })
    #expect(isClose(counts.equalErrorRate, 0.2))
    #expect(isClose(counts.pairErrorRate, 1.0 / 6))
    #expect(counts.missRate(atFalseAlarmRate: 0.01) == 0.5)
    #expect(counts.missRate(atFalseAlarmRate: 0.34) == 0)
    // (0.95 P_fa + 0.5 P_miss) / 0.5 is 0.5 at (0, ½) and 0.6333 at (⅓, 0).
    #expect(isClose(counts.minimumCost(.asvspoof5), 0.5))
    // At −ln 1.9 = −0.64 nothing is flagged.
    #expect(isClose(DetectionCost.asvspoof5.bayesThreshold, -0.6418538861723947))
    #expect(isClose(counts.actualCost(.asvspoof5), 1))
  }

  @Test func costOfLogLikelihoodRatiosByHand() {
    let nothing = ScoreCounts(bonafide: [0, 0], spoof: [0])
    #expect(isClose(nothing.logLikelihoodRatioCost, 1))
    // ln 3 and −ln 3: log2(1 + ⅓) in both classes.
    let some = ScoreCounts(bonafide: [log(3)], spoof: [-log(3)])
    #expect(isClose(some.logLikelihoodRatioCost, log2(4.0 / 3)))
    #expect(some.minimumLogLikelihoodRatioCost == 0)
    let certain = ScoreCounts(bonafide: [.infinity, .infinity], spoof: [-.infinity])
    #expect(certain.logLikelihoodRatioCost == 0)
    #expect(certain.equalErrorRate == 0)
    #expect(ScoreCounts(bonafide: [-.infinity], spoof: [0]).logLikelihoodRatioCost == .infinity)
    // Large scores do not overflow.
    #expect(isClose(ScoreCounts(bonafide: [-1000], spoof: [1000]).logLikelihoodRatioCost, 1000 / log(2)))
  }

  @Test func missingClassesHaveNoFigures() {
    for counts in [ScoreCounts(bonafide: [1], spoof: []), ScoreCounts(bonafide: [], spoof: [1])] {
      #expect(counts.equalErrorRate == nil)
      #expect(counts.pairErrorRate == nil)
      #expect(counts.missRate(atFalseAlarmRate: 0.01) == nil)
      #expect(counts.missRate(atBonafideQuantile: 0.01) == nil)
      #expect(counts.minimumCost(.asvspoof5) == nil)
      #expect(counts.actualCost(.asvspoof5) == nil)
      #expect(counts.logLikelihoodRatioCost == nil)
      #expect(counts.minimumLogLikelihoodRatioCost == nil)
    }
  }

  @Test func scoresThatAreNoNumbersAreNotCounted() {
    #expect(ScoreCounts(bonafide: [1, .nan], spoof: [.nan, 0]) == ScoreCounts(bonafide: [1], spoof: [0]))
  }

  /// numpy.quantile of 1…5 at 0.1 is 1.4.
  @Test func missAtQuantile() {
    let counts = ScoreCounts(bonafide: [1, 2, 3, 4, 5], spoof: [1, 1.39, 1.41, 2])
    #expect(counts.missRate(atBonafideQuantile: 0.1) == 0.5)
    #expect(isClose(quantile([1, 2, 3, 4, 5], 0.1), 1.4))
  }

  /// C1 = 0.9405 · 0.98 − 0.0095 · 10 · 0.03 and C2 = 0.5 · 0.4: C2 is less, so a detector that accepts all costs 1.
  @Test func tandemCostOfUselessDetectors() {
    let counts = ScoreCounts(bonafide: [0], spoof: [0])
    #expect(TandemCost.asvspoof2019(Self.rates)?.minimum(counts) == 1)
    #expect(TandemCost.asvspoof2021(Self.rates)?.minimum(counts) == 1)
    // A verification system that accepts no spoof needs no detector.
    #expect(TandemCost.asvspoof2019(VerificationErrorRates(miss: 0, falseAlarm: 0, spoofFalseAlarm: 0)) == nil)
  }

  @Test func weightsCountClustersSoOften() {
    let observations = [
      RankedScores.Observation(score: 1, cluster: 0, bonafide: 1), .init(score: 0, cluster: 1, spoof: 1),
      .init(score: 1, cluster: 1, bonafide: 1), .init(score: 2, cluster: 2, spoof: 1),
    ]
    let counts = RankedScores(observations).counts(weights: [2, 0, 3])
    #expect(counts.scores == [0, 1, 2])
    #expect(counts.bonafide == [0, 2, 0])
    #expect(counts.spoof == [0, 0, 3])
    #expect(counts.pairErrorRate == 1)
  }
}

@Suite struct BootstrapTests {
  @Test func samplesAreTheSameForASeed() {
    func interval(_ seed: UInt64) -> Interval? {
      Bootstrap(sampleCount: 200, clusterCount: 10, seed: seed).intervals(count: 1) { [$0[0] + 3 * $0[7]] }[0]
    }
    #expect(interval(1) == interval(1))
    #expect(interval(1) != interval(2))
  }

  @Test func everySampleDrawsAsManyClustersAsThereAre() {
    var draws = [Double](repeating: 0, count: 7)
    _ = Bootstrap(sampleCount: 2000, clusterCount: 7, seed: 3).intervals(count: 0) { weights in
      #expect(weights.reduce(0, +) == 7)
      for (index, weight) in weights.enumerated() { draws[index] += weight }
      return []
    }
    // 2000 expected of each, with a standard deviation of 41.
    #expect(draws.allSatisfy { abs($0 - 2000) < 200 })
  }

  /// The mean of n values varies by σ/√n: here 0.5/√100, so that the interval is about 0.5 ± 0.098.
  @Test func intervalOfAMean() throws {
    let bootstrap = Bootstrap(sampleCount: 4000, clusterCount: 100, seed: 5)
    let interval = try #require(
      bootstrap.intervals(count: 1) { weights in
        [weights.enumerated().reduce(0) { $0 + ($1.offset % 2 == 0 ? $1.element : 0) } / 100]
      }[0])
    #expect(isClose(interval.low, 0.402, within: 0.012))
    #expect(isClose(interval.high, 0.598, within: 0.012))
  }

  @Test func nothingToVaryIsNoInterval() {
    #expect(Bootstrap(sampleCount: 10, clusterCount: 1, seed: 1).intervals(count: 1) { _ in [1] } == [nil])
    #expect(Bootstrap(sampleCount: 0, clusterCount: 9, seed: 1).intervals(count: 1) { _ in [1] } == [nil])
    #expect(Bootstrap(sampleCount: 10, clusterCount: 9, seed: 1).intervals(count: 2) { _ in [1, nil] } == [Interval(low: 1, high: 1), nil])
  }

  /// By scipy.stats.beta.ppf and .cdf, and chi2.ppf.
  @Test(arguments: [
    (3, 300, 0.002067007, 0.028944511), (0, 10, 0, 0.308497108), (10, 10, 0.691502892, 1), (2.5, 12, 0.036337756, 0.529191084),
    (1, 2, 0.012579117, 0.987420883), (0, 100_000, 0, 0.000036888), (5000, 100_000, 0.048657255, 0.051368921),
  ])
  func intervalsOfShares(_ count: Double, _ total: Double, _ low: Double, _ high: Double) {
    let interval = Interval.clopperPearson(count, of: total)
    #expect(isClose(interval.low, low, within: 2e-9) && isClose(interval.high, high, within: 2e-9))
  }

  @Test func intervalsOfRates() {
    let none = Interval.poisson(0, in: 2)
    #expect(none.low == 0 && isClose(none.high, 3.688879454 / 2, within: 1e-5))
    let five = Interval.poisson(5, in: 1)
    #expect(isClose(five.low, 1.623486390, within: 1e-4) && isClose(five.high, 11.668332079, within: 1e-4))
  }
}
