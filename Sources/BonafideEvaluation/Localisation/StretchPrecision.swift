/// How well flagged stretches cover the synthetic ones, as in temporal action localisation.
///
/// Average precision and recall as LAV-DF and AV-Deepfake1M measure them (Cai et al., DICTA 2022; ACM MM 2024).
struct StretchPrecision: Sendable {
  /// A flagged stretch: in descending order of confidence.
  private struct Proposal {
    var cluster: Int
    /// For each of `precisionOverlaps`, whether it finds a synthetic stretch that no surer one has found.
    var isHit: [Bool]
  }

  private struct Truth {
    var cluster: Int
    /// For each of `proposalLimits`, the share of `recallOverlaps` at which some proposal finds it.
    var recall: [Double]
  }

  /// Intersections over unions, in hundredths, that average precision asks for.
  static let precisionOverlaps = [50, 75, 95]
  /// Those that average recall is a mean over.
  static let recallOverlaps = Array(stride(from: 50, through: 95, by: 5))
  /// How many proposals of a party average recall looks at, the surest first.
  static let proposalLimits = [10, 20, 50, 100]

  private let proposals: [Proposal]
  private let truths: [Truth]

  init(_ parties: [LocatedParty]) {
    var proposals: [(llr: Double, proposal: Proposal)] = []
    var truths: [Truth] = []
    for party in parties {
      let stretches = party.party.stretches.sorted { $0.llr < $1.llr }
      var found = Self.precisionOverlaps.map { _ in Set<Int>() }
      for stretch in stretches {
        let overlaps = party.spoof.map { Self.overlap(stretch.span, $0) }
        let best = overlaps.indices.max { overlaps[$0] < overlaps[$1] }
        let isHit = Self.precisionOverlaps.indices.map { index in
          guard let best, Self.reaches(overlaps[best], Self.precisionOverlaps[index]) else { return false }
          return found[index].insert(best).inserted
        }
        proposals.append((stretch.llr, Proposal(cluster: party.cluster, isHit: isHit)))
      }
      for truth in party.spoof {
        let overlaps = stretches.map { Self.overlap($0.span, truth) }
        let recall = Self.proposalLimits.map { limit in
          let best = overlaps.prefix(limit).max() ?? 0
          return Double(Self.recallOverlaps.count { Self.reaches(best, $0) }) / Double(Self.recallOverlaps.count)
        }
        truths.append(Truth(cluster: party.cluster, recall: recall))
      }
    }
    self.proposals = proposals.enumerated()
      .sorted { ($0.element.llr, $0.offset) < ($1.element.llr, $1.offset) }.map(\.element.proposal)
    self.truths = truths
  }

  /// Average precision at each of `precisionOverlaps`, 0…1: the area under the precision over recall, where precision is
  /// the best at that recall or more. `nil` where there is nothing to find.
  func averagePrecision(weights: [Double]? = nil) -> [Double?] {
    let total = truths.reduce(0) { sum, truth in sum + (weights.map { $0[truth.cluster] } ?? 1) }
    guard total > 0 else { return Self.precisionOverlaps.map { _ in nil } }
    return Self.precisionOverlaps.indices.map { index in
      var curve: [(recall: Double, precision: Double)] = [(0, 0)]
      var (hits, count) = (0.0, 0.0)
      for proposal in proposals {
        let weight = weights.map { $0[proposal.cluster] } ?? 1
        if weight == 0 { continue }
        count += weight
        if proposal.isHit[index] { hits += weight }
        curve.append((hits / total, hits / count))
      }
      var (area, best) = (0.0, 0.0)
      for (point, before) in zip(curve.dropFirst(), curve).reversed() {
        best = max(best, point.precision)
        area += (point.recall - before.recall) * best
      }
      return area
    }
  }

  /// Average recall for each of `proposalLimits`, 0…1; `nil` where there is nothing to find.
  func averageRecall(weights: [Double]? = nil) -> [Double?] {
    var total = 0.0
    var sums = [Double](repeating: 0, count: Self.proposalLimits.count)
    for truth in truths {
      let weight = weights.map { $0[truth.cluster] } ?? 1
      total += weight
      for index in sums.indices { sums[index] += weight * truth.recall[index] }
    }
    return sums.map { total > 0 ? $0 / total : nil }
  }

  /// Intersection over union, 0…1.
  private static func overlap(_ a: Span, _ b: Span) -> Double {
    let common = a.overlap(with: b)
    let union = (a.end - a.start) + (b.end - b.start) - common
    return union > 0 ? common / union : 0
  }

  private static func reaches(_ overlap: Double, _ hundredths: Int) -> Bool { overlap * 100 >= Double(hundredths) - 1e-7 }
}
