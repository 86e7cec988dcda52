import BonafideEvaluation

/// How the scores of both classes are spread, each class as shares of its own.
struct ScoreHistogram {
  let scores: ScoreCounts
  /// Whether it is for a phone: texts have the same size on fewer units.
  var isNarrow = false

  private var binCount: Int { isNarrow ? 40 : 80 }

  var markup: String {
    let width = isNarrow ? 380.0 : 940
    var drawing = Drawing(width: width, height: 300, description: "Histograms of the scores of bona fide and spoof trials")
    let area = PlotArea(left: 46, top: 30, width: width - 62, height: 212)
    let (low, high) = range
    let bonafide = shares(scores.bonafide, scores.bonafideTotal, low, high)
    let spoof = shares(scores.spoof, scores.spoofTotal, low, high)
    let top = max((bonafide + spoof).max() ?? 0, 1e-9)
    let barWidth = area.width / Double(binCount)
    drawing.line(area.left, area.y(0), area.left + area.width, area.y(0), "axis")
    for (shares, style) in [(bonafide, "bonafide"), (spoof, "spoof")] {
      for (index, share) in shares.enumerated() where share > 0 {
        let y = area.y(share / top)
        drawing.rectangle(area.left + Double(index) * barWidth, y, barWidth, area.y(0) - y, style)
      }
    }
    let steps = isNarrow ? 4 : 8
    for index in 0...steps {
      let share = Double(index) / Double(steps)
      let value = low + (high - low) * share
      drawing.text(fixed(value, places: 1) ?? "", area.x(share), area.y(0) + 16, anchor: "middle", "tick")
    }
    for share in [0.5, 1] {
      drawing.text("\(fixed(top * share * 100, places: 1) ?? "") %", area.left - 5, area.y(share) + 4, anchor: "end", "tick")
    }
    drawing.text("log-likelihood ratio: synthetic ← → bona fide", area.x(0.5), area.y(0) + 38, anchor: "middle", "label")
    let threshold = DetectionCost.asvspoof5.bayesThreshold
    if threshold > low, threshold < high {
      let x = area.x((threshold - low) / (high - low))
      drawing.line(x, area.top - 4, x, area.y(0), "mark")
      drawing.text("Bayes threshold", x, area.top - 8, anchor: "middle", "tick")
    }
    drawing.rectangle(area.left + 2, 4, 10, 10, "bonafide")
    drawing.text("bona fide", area.left + 17, 13, "tick")
    drawing.rectangle(area.left + 82, 4, 10, 10, "spoof")
    drawing.text("spoof", area.left + 97, 13, "tick")
    return drawing.markup
  }

  /// Ends of the axis: what is finite, less the last two in a thousand at each end, which the end bins take in.
  private var range: (low: Double, high: Double) {
    let total = scores.bonafideTotal + scores.spoofTotal
    var below = 0.0
    var ends: [Double] = []
    for (index, score) in scores.scores.enumerated() {
      below += scores.bonafide[index] + scores.spoof[index]
      if score.isFinite, below >= 0.002 * total, ends.isEmpty || below <= 0.998 * total { ends.append(score) }
    }
    let (low, high) = (ends.first ?? 0, ends.last ?? 0)
    return low < high ? (low, high) : (low - 1, low + 1)
  }

  private func shares(_ amounts: [Double], _ total: Double, _ low: Double, _ high: Double) -> [Double] {
    var shares = [Double](repeating: 0, count: binCount)
    for (score, amount) in zip(scores.scores, amounts) {
      let place = min(max((score - low) / (high - low), 0), 1) * Double(binCount)
      shares[min(Int(place), binCount - 1)] += total > 0 ? amount / total : 0
    }
    return shares
  }
}
