/// Genuine telephone speech against synthetic speech on telephone lines, pooled: what a model that has learned
/// *line = person* fails (`score.py` of the corpus).
struct LineTest {
  let observations: [RankedScores.Observation]
  let scores: RankedScores
  /// Number of bona fide trials.
  let bonafide: Int
  /// Number of spoof trials.
  let spoof: Int

  /// Genuine: kind `phone`, or recorded at 8 kHz. Spoof: recorded at 8 kHz, or a call, by the note.
  init(_ judged: JudgedTrials, _ observations: [RankedScores.Observation], _ list: TrialList) {
    var chosen: [RankedScores.Observation] = []
    for (trial, observation) in zip(judged.trials, observations) {
      let isNarrow = list.value(of: trial, in: "source_rate") == "8000"
      let isLine =
        switch trial.label {
        case .bonafide: isNarrow || list.value(of: trial, in: "kind") == "phone"
        case .spoof:
          isNarrow || ["phone call", "telephone"].contains { list.value(of: trial, in: "note")?.contains($0) ?? false }
        case .neither: false
        }
      if isLine { chosen.append(observation) }
    }
    self.observations = chosen
    scores = RankedScores(chosen)
    bonafide = chosen.count { $0.bonafide > 0 }
    spoof = chosen.count { $0.spoof > 0 }
  }
}
