/// How an evaluation is made.
public struct EvaluationOptions: Sendable {
  /// Columns of the protocol to break figures down by.
  public var breakdownColumns: [String] = []
  /// Bootstrap samples; 0 for no intervals.
  public var bootstrapCount = 1000
  /// What is resampled; `nil` is sources, or where the protocol has none speakers, or else files.
  public var bootstrapColumn: ClusterColumn?
  public var seed: UInt64 = 1
  /// Of the verification system behind the detector; `nil` for no t-DCF.
  public var verification: VerificationErrorRates?
  /// Which parts of recordings are synthetic, instead of what the protocol says.
  public var segments: SegmentTruth?

  public init() {}
}

/// The figures of merit of scores on a protocol.
public struct Evaluation: Sendable {
  /// Trials of a protocol by how they were used.
  public struct Counts: Sendable, Equatable {
    /// Bona fide trials with a score.
    public var bonafide = 0
    /// Spoof trials with a score.
    public var spoof = 0
    /// Trials of neither class.
    public var neither = 0
    /// Files in the protocol that have no score, or one that is no number.
    public var unscored: [String] = []
    /// Files that have a score and are not in the protocol.
    public var unknown = 0
  }

  /// Figures for one value of a column.
  public struct Group: Sendable, Equatable {
    /// What the value's trials are held against.
    public enum Opponents: String, Sendable {
      /// The value's trials are spoof; all genuine trials are the other class.
      case allBonafide = "all_bonafide"
      /// The value's trials are genuine; all spoof trials are the other class.
      case allSpoof = "all_spoof"
      /// The value's trials are of both classes.
      case same
    }

    public var column: String
    public var value: String
    public var opponents: Opponents
    /// Number of bona fide trials.
    public var bonafide: Int
    /// Number of spoof trials.
    public var spoof: Int
    public var figures: [Figure]
  }

  /// A source of both classes.
  public struct Source: Sendable, Equatable {
    public var name: String
    public var bonafide: Int
    public var spoof: Int
    /// 0…0.5.
    public var equalErrorRate: Double
  }

  public let counts: Counts
  public let bootstrap: Bootstrap
  /// What was resampled.
  public let bootstrapColumn: ClusterColumn
  /// Figures over all trials.
  public let figures: [Figure]
  public let groups: [Group]
  /// The sources behind the source-matched figures.
  public let sources: [Source]
  /// Number of bona fide and spoof trials of the line test.
  public let lineTest: (bonafide: Int, spoof: Int)
  /// Parties with frame scores and known synthetic stretches.
  public let locatedParties: Int
  /// The scores, for curves.
  public let scores: ScoreCounts
  /// How the trials of each class were answered, bona fide first; empty where the scores come without answers.
  public let answers: [Answers]
  /// The same for each value of the columns that figures are broken down by.
  public let answerGroups: [AnswerGroup]
  /// Trials that were answered wrongly, or without answers have a score of the wrong sign: the bona fide ones, then the spoofs, those
  /// furthest on the wrong side first.
  public let mistakes: [Mistake]

  /// Computes all figures. Where a class is missing there are none, but how the other one was answered.
  ///
  /// - Throws: where a class is missing and there are no answers, or a column is not in the protocol.
  public init(
    trials list: TrialList, scores table: ScoreTable, options: EvaluationOptions = EvaluationOptions()
  ) throws(EvaluationError) {
    let judged = JudgedTrials(list, table)
    counts = judged.counts
    let answered = AnsweredTrials(list, table)
    (answers, mistakes) = (answered.answers, answered.mistakes)
    answerGroups = answered.groups(by: options.breakdownColumns, of: list)
    for (count, name) in [(counts.bonafide, "bona fide"), (counts.spoof, "spoof")] where count == 0 && answers.isEmpty {
      let example = list.trials.first.map { " (such as \($0.file))" } ?? ""
      throw EvaluationError(
        message: "no \(name) trial has a score; error rates need both classes, "
          + "and files named as in the protocol\(example)")
    }
    for column in options.breakdownColumns where !list.columns.contains(column) {
      throw EvaluationError(
        message: "the protocol has no column \(column) to break down by; it has \(list.columns.joined(separator: ", "))")
    }
    if let column = options.bootstrapColumn, column != .file, !list.columns.contains(column.rawValue) {
      throw EvaluationError(message: "the protocol has no column \(column.rawValue) to resample")
    }
    bootstrapColumn = options.bootstrapColumn ?? .usual(for: list)
    let (clusters, clusterCount) = clusters(of: judged.trials, in: list, by: bootstrapColumn)
    let bootstrap = Bootstrap(sampleCount: options.bootstrapCount, clusterCount: clusterCount, seed: options.seed)
    self.bootstrap = bootstrap

    let tandem = options.verification.map { (TandemCost.asvspoof2019($0), TandemCost.asvspoof2021($0)) }
    let observations = judged.observations(clusters: clusters)
    let ranked = RankedScores(observations)
    scores = ranked.counts()
    guard scores.hasBothClasses else {
      (figures, groups, sources, lineTest, locatedParties) = ([], [], [], (0, 0), 0)
      return
    }
    var figures = bootstrap.figures(pooledMeasures(tandem != nil), of: observations) { pooled(ranked.counts(weights: $0), tandem) }

    let matched = SourceMatched(judged, observations, list)
    sources = matched.sources
    if !sources.isEmpty {
      let trials = sources.reduce(0) { $0 + min($1.bonafide, $1.spoof) }
      figures += bootstrap.figures([.matchedEqualErrorRate, .matchedPairErrorRate], trials: Double(trials)) { matched.figures(weights: $0) }
    }
    let line = LineTest(judged, observations, list)
    lineTest = (line.bonafide, line.spoof)
    if line.bonafide > 0, line.spoof > 0 {
      figures += bootstrap.figures([.lineEqualErrorRate], of: line.observations) { [line.scores.counts(weights: $0).equalErrorRate] }
    }
    let located = LocatedParties(judged, table, clusters: clusters, truth: options.segments ?? list.segments)
    locatedParties = located.withFrames.count
    figures += located.figures(bootstrap)
    self.figures = figures
    groups = breakdown(judged, observations, list, by: options.breakdownColumns, bootstrap: bootstrap)
  }

  /// The figure of a measure over all trials, if it could be computed.
  public func figure(_ measure: Measure) -> Figure? { figures.first { $0.measure == measure } }
}

/// The trials of both classes that have a score.
struct JudgedTrials {
  private(set) var trials: [Trial] = []
  private(set) var scores: [Double] = []
  /// Where in the table of scores each is.
  private(set) var positions: [Int] = []
  private(set) var counts = Evaluation.Counts()

  init(_ list: TrialList, _ table: ScoreTable) {
    var used: Set<Int> = []
    for trial in list.trials {
      let position = table.position(of: trial)
      if let position { used.insert(position) }
      if trial.label == .neither {
        counts.neither += 1
        continue
      }
      guard let position, let score = table.score(at: position, channel: trial.channel) else {
        counts.unscored.append(trial.file)
        continue
      }
      if trial.label == .bonafide { counts.bonafide += 1 } else { counts.spoof += 1 }
      trials.append(trial)
      scores.append(score)
      positions.append(position)
    }
    counts.unknown = table.count - used.count
  }

  func observations(clusters: [Int]) -> [RankedScores.Observation] {
    trials.indices.map { index in
      let isSpoof = trials[index].label == .spoof
      return RankedScores.Observation(
        score: scores[index], cluster: clusters[index], bonafide: isSpoof ? 0 : 1, spoof: isSpoof ? 1 : 0)
    }
  }
}

extension Bootstrap {
  /// Figures of scores with their intervals.
  ///
  /// - Parameters:
  ///   - observations: what they are of. Where a class is of one cluster, there are no intervals: how it varies between
  ///     clusters is not known.
  ///   - values: a value for each of `measures`, where clusters are drawn so often, or each once.
  func figures(
    _ measures: [Measure], of observations: [RankedScores.Observation], _ values: ([Double]?) -> [Double?]
  ) -> [Figure] {
    func isVaried(_ amount: (RankedScores.Observation) -> Double) -> Bool {
      guard let first = observations.first(where: { amount($0) > 0 }) else { return false }
      return observations.contains { amount($0) > 0 && $0.cluster != first.cluster }
    }
    guard isVaried(\.bonafide), isVaried(\.spoof) else {
      return zip(measures, values(nil)).map { Figure(measure: $0, value: $1) }
    }
    let (bonafide, spoof) = (observations.count { $0.bonafide > 0 }, observations.count { $0.spoof > 0 })
    return figures(measures, trials: Double(min(bonafide, spoof)), spoof: Double(spoof), values)
  }

  /// Figures with their intervals. A sample drawn from trials without an error has none, however few they are; so the interval of a
  /// share or a rate is no narrower than the exact one of as many independent trials, and where a cost does not vary at all, it has
  /// no interval.
  ///
  /// - Parameters:
  ///   - trials: of the class that has fewer, or whatever is counted; for rates per hour, the hours.
  ///   - spoof: number of spoof trials, for shares of them; `nil` where there is no such share.
  ///   - values: a value for each of `measures`, where clusters are drawn so often, or each once.
  func figures(_ measures: [Measure], trials: Double, spoof: Double? = nil, _ values: ([Double]?) -> [Double?]) -> [Figure] {
    let intervals = intervals(count: measures.count) { values($0) }
    return zip(measures, zip(values(nil), intervals)).map { measure, result in
      guard let value = result.0, let drawn = result.1 else { return Figure(measure: measure, value: result.0) }
      switch measure.unit {
      case .share:
        let count = measure.exactTrials(fewest: trials, spoof: spoof ?? trials)
        guard count > 0 else { return Figure(measure: measure, value: value, interval: drawn) }
        var exact = Interval.clopperPearson(value * count, of: count)
        exact.high = min(exact.high, measure.highestShare)
        return Figure(measure: measure, value: value, interval: drawn.union(exact))
      case .perHour:
        let exact = Interval.poisson(value * trials, in: trials)
        return Figure(measure: measure, value: value, interval: drawn.union(exact))
      case .cost, .bits:
        return Figure(measure: measure, value: value, interval: drawn.low < drawn.high ? drawn : nil)
      }
    }
  }
}

private let basicMeasures: [Measure] = [
  .equalErrorRate, .pairErrorRate, .missAt1Percent, .missAtTenthPercent, .missAt1PercentQuantile, .minimumDCF,
  .actualDCF, .cllr, .minimumCllr, .selectiveError(100), .selectiveError(75), .selectiveError(50),
]

private func pooledMeasures(_ hasVerification: Bool) -> [Measure] {
  basicMeasures + (hasVerification ? [.minimumTandemCost2019, .minimumTandemCost2021] : [])
}

/// Values of `pooledMeasures`.
private func pooled(_ counts: ScoreCounts, _ tandem: (TandemCost?, TandemCost?)?) -> [Double?] {
  let basic = [
    counts.equalErrorRate, counts.pairErrorRate, counts.missRate(atFalseAlarmRate: 0.01),
    counts.missRate(atFalseAlarmRate: 0.001), counts.missRate(atBonafideQuantile: 0.01),
    counts.minimumCost(.asvspoof5), counts.actualCost(.asvspoof5), counts.logLikelihoodRatioCost,
    counts.minimumLogLikelihoodRatioCost, counts.selectiveError(coverage: 1), counts.selectiveError(coverage: 0.75),
    counts.selectiveError(coverage: 0.5),
  ]
  return basic + (tandem.map { [$0.0?.minimum(counts), $0.1?.minimum(counts)] } ?? [])
}

private func breakdown(
  _ judged: JudgedTrials, _ observations: [RankedScores.Observation], _ list: TrialList, by columns: [String],
  bootstrap: Bootstrap
) -> [Evaluation.Group] {
  columns.flatMap { column -> [Evaluation.Group] in
    var members: [String: [Int]] = [:]
    for (index, trial) in judged.trials.enumerated() {
      if let value = list.value(of: trial, in: column) { members[value, default: []].append(index) }
    }
    return members.sorted { $0.key < $1.key }.map { value, indices in
      let spoofCount = indices.count { judged.trials[$0].label == .spoof }
      let opponents: Evaluation.Group.Opponents =
        spoofCount == indices.count ? .allBonafide : spoofCount == 0 ? .allSpoof : .same
      let others: [RankedScores.Observation] =
        switch opponents {
        case .allBonafide: observations.filter { $0.bonafide > 0 }
        case .allSpoof: observations.filter { $0.spoof > 0 }
        case .same: []
        }
      let group = indices.map { observations[$0] } + others
      let ranked = RankedScores(group)
      return Evaluation.Group(
        column: column, value: value, opponents: opponents, bonafide: group.count { $0.bonafide > 0 },
        spoof: group.count { $0.spoof > 0 },
        figures: bootstrap.figures(basicMeasures, of: group) { pooled(ranked.counts(weights: $0), nil) })
    }
  }
}
