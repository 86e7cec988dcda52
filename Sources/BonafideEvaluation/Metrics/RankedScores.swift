/// Scores in order, with the cluster of each, so that a resampling of clusters counts them without sorting again.
public struct RankedScores: Sendable {
  /// Some of a class that has a score.
  public struct Observation: Sendable, Equatable {
    /// Not NaN.
    public var score: Double
    /// What is resampled with it, such as its source: a number from 0.
    public var cluster: Int
    /// How much bona fide there is: 1 for a trial, or seconds.
    public var bonafide: Double
    public var spoof: Double

    public init(score: Double, cluster: Int, bonafide: Double = 0, spoof: Double = 0) {
      self.score = score
      self.cluster = cluster
      self.bonafide = bonafide
      self.spoof = spoof
    }
  }

  private struct Entry {
    var rank: Int
    var cluster: Int
    var bonafide: Double
    var spoof: Double
  }

  private let scores: [Double]
  private let entries: [Entry]

  public init(_ observations: [Observation]) {
    let ordered = observations.filter { !$0.score.isNaN }
      .sorted { $0.score == $1.score ? $0.cluster < $1.cluster : $0.score < $1.score }
    var scores: [Double] = []
    var entries: [Entry] = []
    for observation in ordered {
      if scores.last != observation.score { scores.append(observation.score) }
      let rank = scores.count - 1
      // Frames of one cluster with one score are many.
      if let last = entries.last, last.rank == rank, last.cluster == observation.cluster {
        entries[entries.count - 1].bonafide += observation.bonafide
        entries[entries.count - 1].spoof += observation.spoof
      } else {
        entries.append(
          Entry(rank: rank, cluster: observation.cluster, bonafide: observation.bonafide, spoof: observation.spoof))
      }
    }
    self.scores = scores
    self.entries = entries
  }

  /// What there is of each score.
  ///
  /// - Parameter weights: how often each cluster is drawn; `nil` for each once.
  public func counts(weights: [Double]? = nil) -> ScoreCounts {
    var bonafide = [Double](repeating: 0, count: scores.count)
    var spoof = bonafide
    for entry in entries {
      let weight = weights.map { $0[entry.cluster] } ?? 1
      bonafide[entry.rank] += weight * entry.bonafide
      spoof[entry.rank] += weight * entry.spoof
    }
    return ScoreCounts(scores: scores, bonafide: bonafide, spoof: spoof)
  }
}
