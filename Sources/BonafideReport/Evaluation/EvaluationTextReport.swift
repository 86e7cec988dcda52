import BonafideEvaluation

/// Tables to read: what was evaluated, the figures, and a table for each column that they are broken down by.
public struct EvaluationTextReport: Sendable {
  private let style: TextStyle

  /// Files without a score that are named; the rest is counted.
  private static let mostNames = 10
  private static let titleWidth = 36
  private static let valueWidth = 10
  private static let intervalWidth = 17

  public init(style: TextStyle = TextStyle()) {
    self.style = style
  }

  public func report(on evaluation: Evaluation, info: EvaluationInfo) -> String {
    var lines = [bold(printable(info.title)), evaluation.tallyText, evaluation.intervalText]
    lines += answers(evaluation, info)
    if !evaluation.figures.isEmpty { lines += ["", faint(row("FIGURE", "VALUE", "95 % INTERVAL", ""))] }
    for figure in evaluation.figures {
      let unit = figure.measure.unit
      lines.append(
        row(
          figure.measure.title, FigureText.value(figure.value, unit), FigureText.interval(figure.interval, unit),
          FigureText.remark(on: figure.measure, in: evaluation)))
    }
    for (column, groups) in evaluation.groupsByColumn {
      lines += [""] + table(column, groups)
    }
    for (column, groups) in evaluation.answerGroupsByColumn {
      lines += [""] + table(column, groups)
    }
    lines += mistakes(evaluation, most: info.mostMistakes) + unscored(evaluation.counts.unscored)
    return lines.joined(separator: "\n") + "\n"
  }

  /// What users of the answers see.
  private func answers(_ evaluation: Evaluation, _ info: EvaluationInfo) -> [String] {
    guard !evaluation.answers.isEmpty else { return [] }
    let rows = evaluation.answerRows.map { title, part, trials in
      row(
        printable(title), FigureText.value(part.share, .share), FigureText.interval(part.interval, .share), "\(part.count) of \(trials)")
    }
    return [info.pointsText.map(printable)].compactMap { $0 } + ["", faint(row("AS ANSWERED", "SHARE", "95 % INTERVAL", ""))] + rows
  }

  private func mistakes(_ evaluation: Evaluation, most: Int) -> [String] {
    evaluation.mistakesByClass.flatMap { title, mistakes -> [String] in
      guard most > 0 else { return [] }
      let count = mistakes.count > most ? "\(mistakes.count), the worst \(most)" : "\(mistakes.count)"
      return ["", faint("  " + right("LLR", Self.valueWidth) + "  \(title.uppercased()): \(count)")]
        + mistakes.prefix(most).map { "  " + right($0.llrText, Self.valueWidth) + "  " + printable($0.name) }
    }
  }

  private func row(_ title: String, _ value: String, _ interval: String, _ remark: String) -> String {
    let line =
      "  " + filled(title, Self.titleWidth) + right(value, Self.valueWidth) + "  "
      + right(interval, Self.intervalWidth) + "  " + remark
    return trimmed(line)
  }

  private func table(_ column: String, _ groups: [Evaluation.Group]) -> [String] {
    let measures: [(Measure, String)] = [(.equalErrorRate, "EER"), (.missAt1Percent, "MISSED AT 1 % FA")]
    let width = firstWidth(groups.map(\.value), "BY \(column)")
    var header = "  " + filled("BY \(column.uppercased())", width) + right("BONA FIDE", 11) + right("SPOOF", 8)
    for (_, title) in measures { header += right(title, Self.valueWidth + 2 + Self.intervalWidth + 2) }
    let rows = groups.map { group in
      var line = "  " + filled(printable(group.value), width) + right("\(group.bonafide)", 11) + right("\(group.spoof)", 8)
      for (measure, _) in measures {
        let figure = group.figure(measure)
        line += right(FigureText.value(figure?.value, measure.unit), Self.valueWidth + 2)
        line += "  " + right(FigureText.interval(figure?.interval, measure.unit), Self.intervalWidth)
      }
      return trimmed(line + "  " + faint(group.opponentsText))
    }
    return [faint(header)] + rows
  }

  private func table(_ column: String, _ groups: [AnswerGroup]) -> [String] {
    let title = "ANSWERED BY \(column.uppercased())"
    let width = firstWidth(groups.map(\.value), title)
    var header = "  " + filled(title, width) + right("", 11) + right("TRIALS", 8)
    for part in ["FLAGGED", "CLEARED", "INCONCLUSIVE"] { header += right(part, Self.valueWidth + 2 + Self.intervalWidth + 2) }
    let rows = groups.flatMap { group in
      group.answers.map { answers in
        var line = "  " + filled(printable(group.value), width) + right(answers.label.title, 11) + right("\(answers.trials)", 8)
        for (_, part) in answers.parts {
          line += right(FigureText.value(part.share, .share), Self.valueWidth + 2)
          line += "  " + right(FigureText.interval(part.interval, .share), Self.intervalWidth)
        }
        return line
      }
    }
    return [faint(header)] + rows
  }

  /// Of a table's first column.
  private func firstWidth(_ values: [String], _ title: String) -> Int {
    min(max(values.map { printable($0).count }.max() ?? 0, title.count, 12), 40)
  }

  private func unscored(_ files: [String]) -> [String] {
    guard !files.isEmpty else { return [] }
    let names = files.prefix(Self.mostNames).map { "  " + printable($0) }
    let rest = files.count > Self.mostNames ? ["  and \(files.count - Self.mostNames) more; --format json names all"] : []
    return ["", "\(files.count) of the protocol without a score:"] + names + rest
  }

  private func bold(_ text: String) -> String { style.color ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  private func faint(_ text: String) -> String { style.color ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

  private func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }

  private func filled(_ text: String, _ width: Int) -> String {
    text.count > width ? text.prefix(width - 1) + "…" : text + String(repeating: " ", count: width - text.count)
  }

  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
