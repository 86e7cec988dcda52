/// The parties of all judged trials that a report has something about, with what is true of them in time.
struct LocatedParties {
  /// Parties with frame scores and known synthetic stretches.
  private(set) var withFrames: [LocatedParty] = []
  /// Parties with known synthetic stretches.
  private var withTruth: [LocatedParty] = []
  /// Parties that are genuine, or of which is known where.
  private var genuine: [LocatedParty] = []

  init(_ judged: JudgedTrials, _ table: ScoreTable, clusters: [Int], truth: SegmentTruth?) {
    guard !table.recordings.isEmpty else { return }
    for (index, trial) in judged.trials.enumerated() {
      let recording = table.recordings[judged.positions[index]]
      for party in recording.parties(on: trial.channel) {
        let duration = recording.duration ?? Double(party.frames.count) * party.hop
        // What is not listed is wholly of its class.
        let whole = trial.label == .spoof ? [Span(start: 0, end: duration)] : []
        let spans = truth.map { $0.spans(file: trial.file, channel: party.channel) ?? whole }
        let located = LocatedParty(
          cluster: clusters[index], duration: duration, spoof: spans ?? whole, party: party)
        let hasFrames = !party.frames.isEmpty && party.hop > 0
        if spans != nil {
          withTruth.append(located)
          if hasFrames { withFrames.append(located) }
        }
        if located.spoof.isEmpty || (spans != nil && hasFrames) { genuine.append(located) }
      }
    }
  }

  /// The figures of localisation that there is something to measure on.
  func figures(_ bootstrap: Bootstrap) -> [Figure] {
    var figures: [Figure] = []
    if withFrames.contains(where: { !$0.spoof.isEmpty }) {
      // Frames of one party are not independent.
      let parties = Double(withFrames.count)
      for length in [20, 40, 80, 160, 320, 640] {
        let scores = RankedScores.segments(of: withFrames, length: Double(length) / 1000)
        figures += bootstrap.figures([.segmentEqualErrorRate(length)], trials: parties) {
          [scores.counts(weights: $0).equalErrorRate]
        }
      }
      let scores = RankedScores.ranges(of: withFrames)
      figures += bootstrap.figures([.rangeEqualErrorRate], trials: parties) { [scores.counts(weights: $0).equalErrorRate] }
    }
    if withTruth.contains(where: { !$0.spoof.isEmpty }) {
      let stretches = StretchPrecision(withTruth)
      let measures =
        StretchPrecision.precisionOverlaps.map(Measure.averagePrecision)
        + StretchPrecision.proposalLimits.map(Measure.averageRecall)
      let count = withTruth.reduce(0) { $0 + $1.spoof.count }
      figures += bootstrap.figures(measures, trials: Double(count)) {
        stretches.averagePrecision(weights: $0) + stretches.averageRecall(weights: $0)
      }
    }
    if !genuine.isEmpty {
      let alarms = AlarmRate(genuine)
      figures += bootstrap.figures([.alarmsPerHour], trials: alarms.hours) { [alarms.perHour(weights: $0)] }
    }
    return figures
  }
}
