import BonafideEvaluation
import Glibc

/// Whether probabilities are right: among trials that are said to be synthetic with some probability, how many are. Both
/// classes weigh the same, and so does the prior.
struct ReliabilityChart {
  private static let binCount = 10

  let scores: ScoreCounts

  private struct Bin {
    var bonafide = 0.0
    var spoof = 0.0
    /// Weighted by share of class.
    var probability = 0.0

    var weight: Double { bonafide + spoof }
  }

  var markup: String {
    var drawing = Drawing(
      width: 460, height: 440, description: "Reliability diagram: probability of synthetic speech, said and observed")
    let area = PlotArea(left: 58, top: 12, width: 386, height: 372)
    for index in 0...5 {
      let share = Double(index) / 5
      drawing.line(area.x(share), area.y(0), area.x(share), area.y(1), "grid")
      drawing.line(area.x(0), area.y(share), area.x(1), area.y(share), "grid")
      drawing.text("\(index * 20)", area.x(share), area.y(0) + 16, anchor: "middle", "tick")
      drawing.text("\(index * 20)", area.left - 6, area.y(share) + 4, anchor: "end", "tick")
    }
    drawing.line(area.x(0), area.y(0), area.x(1), area.y(1), "diagonal")
    drawing.text(
      "probability of synthetic that was said (prior ½), %", area.x(0.5), area.y(0) + 38, anchor: "middle", "label")
    drawing.text("observed, %", 16, area.y(0.5), anchor: "middle", "label", turned: true)
    let bins = bins.filter { $0.weight > 0 }
    let points = bins.map { (x: area.x($0.probability / $0.weight), y: area.y($0.spoof / $0.weight)) }
    drawing.path(points, "curve")
    for (bin, point) in zip(bins, points) {
      let title =
        "said \(FigureText.value(bin.probability / bin.weight, .share)), observed "
        + "\(FigureText.value(bin.spoof / bin.weight, .share)), \(FigureText.value(bin.weight / 2, .share)) of all"
      drawing.circle(point.x, point.y, radius: 3 + 9 * (bin.weight / 2).squareRoot(), "bubble", title: title)
    }
    return drawing.markup
  }

  private var bins: [Bin] {
    var bins = [Bin](repeating: Bin(), count: Self.binCount)
    for index in scores.scores.indices {
      let probability = 1 / (1 + exp(scores.scores[index]))
      let bin = min(Int(probability * Double(Self.binCount)), Self.binCount - 1)
      let (bonafide, spoof) = (scores.bonafide[index] / scores.bonafideTotal, scores.spoof[index] / scores.spoofTotal)
      bins[bin].bonafide += bonafide
      bins[bin].spoof += spoof
      bins[bin].probability += probability * (bonafide + spoof)
    }
    return bins
  }
}
