import BonafideEvaluation

/// The detection error trade-off: misses over false alarms, both axes in probits (Martin et al., Eurospeech 1997).
struct DETChart {
  private static let scale = ProbitScale(low: 0.001, high: 0.99)
  private static let ticks: [(rate: Double, label: String)] = [
    (0.001, "0.1"), (0.005, "0.5"), (0.01, "1"), (0.02, "2"), (0.05, "5"), (0.1, "10"), (0.2, "20"), (0.4, "40"),
    (0.6, "60"), (0.8, "80"), (0.9, "90"), (0.95, "95"), (0.99, "99"),
  ]

  let scores: ScoreCounts
  /// 0…0.5.
  let equalErrorRate: Double

  var markup: String {
    let rate = FigureText.value(equalErrorRate, .share)
    var drawing = Drawing(
      width: 460, height: 440, description: "Detection error trade-off; misses and false alarms are equal at \(rate)")
    let area = PlotArea(left: 58, top: 12, width: 386, height: 372)
    func place(_ point: ErrorPoint) -> (x: Double, y: Double) {
      (area.x(Self.scale.position(point.falseAlarm)), area.y(Self.scale.position(point.miss)))
    }
    for tick in Self.ticks {
      let (x, y) = (area.x(Self.scale.position(tick.rate)), area.y(Self.scale.position(tick.rate)))
      drawing.line(x, area.top, x, area.top + area.height, "grid")
      drawing.line(area.left, y, area.left + area.width, y, "grid")
      drawing.text(tick.label, x, area.top + area.height + 16, anchor: "middle", "tick")
      drawing.text(tick.label, area.left - 6, y + 4, anchor: "end", "tick")
    }
    drawing.line(area.x(0), area.y(0), area.x(1), area.y(1), "diagonal")
    drawing.text("genuine flagged (false alarms), %", area.x(0.5), area.top + area.height + 38, anchor: "middle", "label")
    drawing.text("spoofs not flagged (misses), %", 16, area.y(0.5), anchor: "middle", "label", turned: true)
    // Steps, without those that are too small to see.
    var path: [(x: Double, y: Double)] = []
    for point in scores.errorCurve.map(place) {
      guard let last = path.last else {
        path.append(point)
        continue
      }
      if abs(last.x - point.x) + abs(last.y - point.y) < 0.5 { continue }
      path += [(last.x, point.y), point]
    }
    drawing.path(path, "curve")
    let (x, y) = place(ErrorPoint(falseAlarm: equalErrorRate, miss: equalErrorRate))
    drawing.circle(x, y, radius: 5, "point", title: "EER \(rate)")
    drawing.text("EER \(rate)", x + 9, y - 7, "strong")
    return drawing.markup
  }
}
