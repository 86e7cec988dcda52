/// `text` with the characters that mean something to HTML and SVG written as references, on one line.
func escaped(_ text: String) -> String {
  var result = ""
  for scalar in printable(text).unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// A rectangle of a drawing, in its units, that holds a chart's data; a place in it goes by shares of its sides.
struct PlotArea {
  var left: Double
  var top: Double
  var width: Double
  var height: Double

  /// `share` of the way from left to right.
  func x(_ share: Double) -> Double { left + min(max(share, 0), 1) * width }
  /// `share` of the way from bottom to top.
  func y(_ share: Double) -> Double { top + (1 - min(max(share, 0), 1)) * height }
}

/// Builds an SVG drawing. Colours are those of the page's style sheet, by class.
struct Drawing {
  private let width: Double
  private let height: Double
  private let description: String
  private var body = ""

  /// - Parameter description: of what it shows, for those who do not see it.
  init(width: Double, height: Double, description: String) {
    self.width = width
    self.height = height
    self.description = description
  }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    body += "<line x1=\"\(c(x1))\" y1=\"\(c(y1))\" x2=\"\(c(x2))\" y2=\"\(c(y2))\" class=\"\(style)\"/>\n"
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, title: String = ""
  ) {
    let title = title.isEmpty ? "" : "<title>\(escaped(title))</title>"
    body += "<rect x=\"\(c(x))\" y=\"\(c(y))\" width=\"\(c(width))\" height=\"\(c(height))\" class=\"\(style)\">\(title)</rect>\n"
  }

  mutating func circle(_ x: Double, _ y: Double, radius: Double, _ style: String, title: String = "") {
    let title = title.isEmpty ? "" : "<title>\(escaped(title))</title>"
    body += "<circle cx=\"\(c(x))\" cy=\"\(c(y))\" r=\"\(c(radius))\" class=\"\(style)\">\(title)</circle>\n"
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ style: String) {
    let points = points.map { "\(c($0.x)),\(c($0.y))" }.joined(separator: " ")
    body += "<polyline points=\"\(points)\" class=\"\(style)\"/>\n"
  }

  /// - Parameter anchor: `start`, `middle` or `end`.
  mutating func text(
    _ text: String, _ x: Double, _ y: Double, anchor: String = "start", _ style: String = "", turned: Bool = false
  ) {
    let turn = turned ? " transform=\"rotate(-90 \(c(x)) \(c(y)))\"" : ""
    body += "<text x=\"\(c(x))\" y=\"\(c(y))\" text-anchor=\"\(anchor)\" class=\"\(style)\"\(turn)>\(escaped(text))</text>\n"
  }

  var markup: String {
    "<svg viewBox=\"0 0 \(c(width)) \(c(height))\" role=\"img\" aria-label=\"\(escaped(description))\">\n\(body)</svg>\n"
  }

  /// A coordinate to a hundredth.
  private func c(_ value: Double) -> String { decimal(value, places: 2) ?? "0" }
}
