import Bonafide

/// What a reader wants to know of a model, in plain words: what it is for, when and on what it was trained, where verdicts change, how good it is.
///
/// It is told by the cards. What a card does not say is left out, but for the date, of which it says so.
public struct ModelSummary {
  private let card: ModelCard
  private let second: SecondStageCard?

  /// Columns left of the texts, and those of a line.
  private static let (indent, width) = (10, 100)

  /// - Parameters:
  ///   - card: of a model of the first stage.
  ///   - second: of the second stage, where it listens to the parties of that model, too.
  public init(card: ModelCard, second: SecondStageCard?) {
    self.card = card
    self.second = second?.fusions[card.name] == nil ? nil : second
  }

  /// A dozen or two lines, none longer than 100 columns but for names of a card.
  public var text: String {
    let sections = [
      ("Model", [name]), ("For", [purpose, Self.caution]), ("Trained", [date]), ("On", data), ("Verdicts", [points]),
    ]
    let paragraphs = sections.map { label, texts in
      texts.flatMap { wrapped($0) }.enumerated().map { index, line in
        left(index == 0 ? label : "", Self.indent) + line + "\n"
      }.joined()
    }
    return paragraphs.joined() + figures
  }

  private var name: String {
    let first = printable("\(card.name) \(card.version)")
    return second.map { "\(first), and the second stage, \(printable("\($0.name) \($0.version)"))" } ?? first
  }

  private var purpose: String {
    card.features.sampleRate > 8000
      ? "Hears whether a voice is a person's or synthetic, in recordings that reach beyond the telephone's band (internet calls, voice notes)."
      : "Hears whether a voice is a person's or synthetic, in telephone calls."
  }

  private static let caution =
    "An answer is evidence that a person weighs: do not accuse or refuse anybody on it alone."

  private var date: String {
    let silence = "the card does not say when"
    func date(_ training: [String: JSONValue]) -> String? {
      if case .string(let date)? = training["date"] { printable(date) } else { nil }
    }
    guard let second else { return date(card.training) ?? silence }
    let (of, ofSecond) = (date(card.training), date(second.training))
    return of == nil && ofSecond == nil ? silence : "\(of ?? "(\(silence))"), the second stage \(ofSecond ?? "(\(silence))")"
  }

  /// What each stage was trained on.
  private var data: [String] {
    let (clips, first) = (card.training, "clips of people and")
    var texts: [String] = []
    if let people = clips["bonafide_clips"]?.count, let machines = clips["spoof_clips"]?.count {
      texts.append("\(people) \(first) \(machines) of synthetic voices\(origin(clips))")
    }
    if let training = second?.training, let people = training["bonafide"]?.number, let all = training["clips"]?.number {
      let machines = JSONValue.number(all - people).count ?? "–"
      texts.append(
        "second stage: \(JSONValue.number(people).count ?? "–") \(first) \(machines) of synthetic voices\(origin(training)), many of them "
          + "several times: as they are, through telephone lines and through codecs")
    }
    return texts.isEmpty ? ["the card does not say what"] : texts
  }

  private func origin(_ training: [String: JSONValue]) -> String {
    let generators = training["generators"]?.count.map { " of \($0) generators" } ?? ""
    return generators + (training["sources"]?.count.map { ", from \($0) sources" } ?? "")
  }

  private var points: String {
    let points = second?.fusions[card.name]?.operatingPoints ?? card.operatingPoints
    return "synthetic at an LLR of \(signed(points.alarm)) and below, bona fide at \(signed(points.clear)) and above, inconclusive between "
      + "(LLR: log-likelihood ratio; above 0 the voice is more like a person's, below 0 more like a machine's)"
  }

  // MARK: How good it is

  /// Shares of the parties of a kind, as a card has them.
  private struct Row {
    var label: String
    var values: [String: JSONValue]

    static let columns = ["bonafide_flagged", "bonafide_cleared", "spoof_flagged", "spoof_cleared"]
  }

  /// Which conditions of the second stage's card are shown: its names and ours.
  private static let sets = [("dev", ""), ("dev3", "newer generators, ")]
  private static let lines = [("narrowband", [("ulaw", "µ-law"), ("gsm", "GSM")]), ("wideband", [("plain", "any band"), ("opus12", "Opus")])]
  private static let lengths = [("4 s", "up to 4 s"), ("12 s", "12 s")]

  private var rows: [Row] {
    guard let second else {
      return [("clips", "up to 4 s of speech"), ("parties", "12 s of speech and more")].compactMap { key, label in
        if case .object(let values)? = card.metrics[key] { Row(label: label, values: values) } else { nil }
      }
    }
    guard case .object(let conditions)? = second.metrics["conditions"] else { return [] }
    let lines = Self.lines.first { $0.0 == card.name }?.1 ?? []
    return Self.sets.flatMap { set, kind in
      Self.lengths.flatMap { length, words in
        lines.compactMap { line, codec in
          guard case .object(let values)? = conditions["\(set) \(line) \(length)"] else { return nil }
          return Row(label: "\(kind)\(codec), \(words)", values: values)
        }
      }
    }
  }

  private var figures: String {
    let rows = rows
    guard !rows.isEmpty else { return "" }
    let width = (rows.map(\.label.count).max() ?? 0) + 2
    func line(_ label: String, _ cells: [String]) -> String {
      left("", Self.indent) + left(label, width) + cells.map { right($0, 9) }.joined(separator: " ") + "\n"
    }
    let stages = second == nil ? "the first stage alone" : "both stages"
    let title = "In per cent of voices, by \(stages), on development data that it was not trained on. The rest is inconclusive."
    return wrapped(title).enumerated().map { left($0 == 0 ? "Mistakes" : "", Self.indent) + $1 + "\n" }.joined()
      + line("", ["people", "people", "machines", "machines"]) + line("", ["flagged", "cleared", "flagged", "cleared"])
      + rows.map { row in line(row.label, Row.columns.map { row.values[$0]?.share ?? "–" }) }.joined()
  }

  // MARK: Text

  private func signed(_ llr: Double) -> String { (fixed(llr, places: 1) ?? "–").replacing("-", with: "−") }
  private func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
  private func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }

  /// Lines that fit beside the labels.
  private func wrapped(_ text: String) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= Self.width - Self.indent {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}

extension JSONValue {
  fileprivate var number: Double? { if case .number(let value) = self { value } else { nil } }

  /// A whole number with commas between its thousands.
  fileprivate var count: String? {
    guard let number, let digits = fixed(number, places: 0) else { return nil }
    return String(digits.reversed().enumerated().flatMap { $0 > 0 && $0 % 3 == 0 ? [",", $1] : [$1] }.reversed())
  }

  /// A share in per cent.
  fileprivate var share: String? { number.flatMap { fixed(100 * $0, places: 1) } }
}
