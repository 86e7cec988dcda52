import Glibc

/// Error rates inside sources that have both classes: what is left when the recording conditions of the classes are the
/// same (`score.py` of the corpus).
struct SourceMatched {
  /// Clips of each class that a source must have.
  static let leastTrials = 4

  private let ranked: [RankedScores]
  let sources: [Evaluation.Source]

  init(_ judged: JudgedTrials, _ observations: [RankedScores.Observation], _ list: TrialList) {
    var members: [String: [RankedScores.Observation]] = [:]
    // A protocol without sources has none that could match.
    if list.columns.contains("source") {
      for (trial, observation) in zip(judged.trials, observations) {
        if let source = list.value(of: trial, in: "source") { members[source, default: []].append(observation) }
      }
    }
    var ranked: [RankedScores] = []
    var sources: [Evaluation.Source] = []
    for (name, observations) in members.sorted(by: { $0.key < $1.key }) {
      let (bonafide, spoof) = (observations.count { $0.bonafide > 0 }, observations.count { $0.spoof > 0 })
      guard bonafide >= Self.leastTrials, spoof >= Self.leastTrials else { continue }
      let scores = RankedScores(observations)
      guard let rate = scores.counts().equalErrorRate else { continue }
      ranked.append(scores)
      sources.append(Evaluation.Source(name: name, bonafide: bonafide, spoof: spoof, equalErrorRate: rate))
    }
    self.ranked = ranked
    self.sources = sources
  }

  /// The EER and the share of pairs in the wrong order inside each source, averaged with weight √(n_bona · n_spoof).
  func figures(weights: [Double]?) -> [Double?] {
    var (total, rates, pairs) = (0.0, 0.0, 0.0)
    for scores in ranked {
      let counts = scores.counts(weights: weights)
      guard let rate = counts.equalErrorRate, let pair = counts.pairErrorRate else { continue }
      let weight = sqrt(counts.bonafideTotal * counts.spoofTotal)
      total += weight
      rates += weight * rate
      pairs += weight * pair
    }
    return total > 0 ? [rates / total, pairs / total] : [nil, nil]
  }
}
