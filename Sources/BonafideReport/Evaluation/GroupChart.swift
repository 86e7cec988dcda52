import BonafideEvaluation

/// A bar for each value of a column of spoofs: how much of it is missed at 1 % false alarms, with its interval.
struct GroupChart {
  private static let mostBars = 40
  private static let rowHeight = 20.0

  let column: String
  /// What the intervals resample.
  let cluster: ClusterColumn
  let groups: [Evaluation.Group]
  /// Whether it is for a phone: texts have the same size on fewer units.
  var isNarrow = false

  /// Groups of spoofs, the most missed first.
  private var bars: [(group: Evaluation.Group, figure: Figure, value: Double)] {
    groups.compactMap { group in
      guard group.opponents != .allSpoof, let figure = group.figure(.missAt1Percent), let value = figure.value else {
        return nil
      }
      return (group, figure, value)
    }
    .sorted { ($1.value, $0.group.value) < ($0.value, $1.group.value) }
  }

  /// What the chart shows; says so where it leaves out the least missed, or intervals.
  var caption: String {
    var text = "Spoofs missed at 1 % false alarms, by \(column)"
    if bars.count > Self.mostBars { text += " (the \(Self.mostBars) most missed of \(bars.count))" }
    if bars.contains(where: { $0.figure.interval == nil }) {
      text += "; no whiskers where all are of one \(cluster.rawValue)"
    }
    return text
  }

  var markup: String {
    let bars = bars.prefix(Self.mostBars)
    let height = Double(bars.count) * Self.rowHeight
    var drawing = Drawing(width: isNarrow ? 380 : 940, height: height + 44, description: caption)
    let area =
      isNarrow
      ? PlotArea(left: 150, top: 4, width: 176, height: height) : PlotArea(left: 300, top: 4, width: 560, height: height)
    let longest = isNarrow ? 17 : 42
    for percent in stride(from: 0, through: 100, by: isNarrow ? 50 : 20) {
      let x = area.x(Double(percent) / 100)
      drawing.line(x, area.top, x, area.top + height, "grid")
      drawing.text("\(percent) %", x, area.top + height + 16, anchor: "middle", "tick")
    }
    for (index, bar) in bars.enumerated() {
      let y = area.top + Double(index) * Self.rowHeight
      let name = bar.group.value.count > longest ? bar.group.value.prefix(longest - 1) + "…" : bar.group.value
      drawing.text("\(name) (\(bar.group.spoof))", area.left - 8, y + 14, anchor: "end", "tick")
      drawing.rectangle(
        area.left, y + 4, max(area.x(bar.value) - area.left, 1), 12, "spoof",
        title: "\(bar.group.value): \(FigureText.value(bar.value, .share))")
      if let interval = bar.figure.interval {
        let (low, high) = (area.x(interval.low), area.x(interval.high))
        drawing.line(low, y + 10, high, y + 10, "whisker")
        for x in [low, high] { drawing.line(x, y + 6, x, y + 14, "whisker") }
      }
      drawing.text(FigureText.value(bar.value, .share), area.left + area.width + 8, y + 14, "tick")
    }
    return drawing.markup
  }
}
