extension RankedScores {
  /// The segments of fixed length of all parties: spoof where any of one is, with its lowest frame score (Zhang et al.,
  /// The PartialSpoof database, TASLP 2022). Frames that are longer than a segment stand for all that they cover.
  ///
  /// - Parameter length: of a segment, in seconds; the last one of a party may be shorter.
  static func segments(of parties: [LocatedParty], length: Double) -> RankedScores {
    var observations: [Observation] = []
    for party in parties {
      let count = Int((party.duration / length - 1e-6).rounded(.up))
      for index in 0..<max(0, count) {
        let span = Span(start: Double(index) * length, end: min(Double(index + 1) * length, party.duration))
        let isSpoof = party.spoofSeconds(in: span) > 1e-6
        observations.append(
          Observation(
            score: party.lowestScore(in: span), cluster: party.cluster, bonafide: isSpoof ? 0 : 1, spoof: isSpoof ? 1 : 0))
      }
    }
    return RankedScores(observations)
  }

  /// All audio of all parties by frame score, in seconds, so that rates are of durations (Zhang et al., Range-based equal
  /// error rate for spoof localization, Interspeech 2023). Audio without a score, where nobody speaks, is never flagged.
  static func ranges(of parties: [LocatedParty]) -> RankedScores {
    var observations: [Observation] = []
    for party in parties {
      func add(_ span: Span, score: Double) {
        let seconds = span.end - span.start
        guard seconds > 0 else { return }
        let spoof = party.spoofSeconds(in: span)
        observations.append(
          Observation(score: score, cluster: party.cluster, bonafide: max(0, seconds - spoof), spoof: spoof))
      }
      let hop = party.party.hop
      for (index, score) in party.party.frames.enumerated() {
        let start = min(Double(index) * hop, party.duration)
        let end = min(Double(index + 1) * hop, party.duration)
        add(Span(start: start, end: end), score: score.map(Double.init) ?? .infinity)
      }
      let covered = min(Double(party.party.frames.count) * hop, party.duration)
      add(Span(start: covered, end: party.duration), score: .infinity)
    }
    return RankedScores(observations)
  }
}
