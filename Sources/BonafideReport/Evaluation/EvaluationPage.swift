import BonafideEvaluation

/// A page with charts and tables, in one file, without scripts; light or dark as the reader's system is.
public struct EvaluationPage: Sendable {
  public init() {}

  public func report(on evaluation: Evaluation, info: EvaluationInfo) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escaped(info.title))</title>
    <style>
    \(PageText.style.text)</style>
    </head>
    <body>
    <main class="evaluation">
    <h1>\(escaped(info.title))</h1>
    <p>\(escaped(evaluation.tallyText)).<br>\(escaped(evaluation.intervalText)).
    Higher scores are more likely bona fide; a <em>false alarm</em> is a genuine trial that is flagged, a <em>miss</em> a
    spoof that is not.</p>
    \(answers(evaluation, info))\(figures(evaluation))\(charts(evaluation))\(breakdowns(evaluation))\
    \(answerGroups(evaluation))\(sources(evaluation))\(mistakes(evaluation, most: info.mostMistakes))\(unscored(evaluation))<footer>\(escaped(footer(info)))</footer>
    </main>
    </body>
    </html>

    """
  }

  private func answers(_ evaluation: Evaluation, _ info: EvaluationInfo) -> String {
    guard !evaluation.answers.isEmpty else { return "" }
    let header = ["answer", "share", "95 % interval", ""]
    let rows = evaluation.answerRows.map { title, part, trials in
      row(
        header,
        [
          title.hasPrefix(" ") ? "– " + title.drop { $0 == " " } : title, FigureText.value(part.share, .share),
          FigureText.interval(part.interval, .share), "\(part.count) of \(trials)",
        ])
    }
    return "<h2>As answered</h2>\n" + (info.pointsText.map { "<p>\(escaped($0)).</p>\n" } ?? "")
      + table(header, rows) + (evaluation.figures.isEmpty ? "" : "<h2>Figures of scores</h2>\n")
  }

  private func mistakes(_ evaluation: Evaluation, most: Int) -> String {
    guard most > 0 else { return "" }
    let header = ["recording", "LLR", "answer"]
    return evaluation.mistakesByClass.map { title, mistakes in
      let rows = mistakes.prefix(most).map { row(header, [$0.name, $0.llrText, $0.answer?.verdict ?? ""]) }
      return "<h2>Worst mistakes: \(escaped(title)), \(rows.count) of \(mistakes.count)</h2>\n" + table(header, rows)
    }.joined()
  }

  private func figures(_ evaluation: Evaluation) -> String {
    guard !evaluation.figures.isEmpty else { return "" }
    let header = ["figure", "value", "95 % interval", ""]
    let rows = evaluation.figures.map { figure in
      row(
        header,
        [
          figure.measure.title, FigureText.value(figure.value, figure.measure.unit),
          FigureText.interval(figure.interval, figure.measure.unit), FigureText.remark(on: figure.measure, in: evaluation),
        ])
    }
    return table(header, rows)
  }

  private func charts(_ evaluation: Evaluation) -> String {
    guard let rate = evaluation.figure(.equalErrorRate)?.value else { return "" }
    return "<div class=\"charts\">\n"
      + figure("Detection error trade-off", DETChart(scores: evaluation.scores, equalErrorRate: rate).markup)
      + figure("Reliability", ReliabilityChart(scores: evaluation.scores).markup)
      + figure(
        "Scores", ScoreHistogram(scores: evaluation.scores).markup, ScoreHistogram(scores: evaluation.scores, isNarrow: true).markup)
      + "</div>\n"
  }

  private func breakdowns(_ evaluation: Evaluation) -> String {
    evaluation.groupsByColumn.map { column, groups in
      let hasSpoofs = groups.contains { $0.opponents != .allSpoof }
      let chart = GroupChart(column: column, cluster: evaluation.bootstrapColumn, groups: groups)
      let narrow = GroupChart(column: column, cluster: evaluation.bootstrapColumn, groups: groups, isNarrow: true)
      let header = [column, "bona fide", "spoof", "EER", "95 %", "missed at 1 % FA", "95 %", ""]
      let rows = groups.map { group in
        row(
          header,
          [group.value, "\(group.bonafide)", "\(group.spoof)"]
            + [Measure.equalErrorRate, .missAt1Percent].flatMap { measure in
              let figure = group.figure(measure)
              return [FigureText.value(figure?.value, measure.unit), FigureText.interval(figure?.interval, measure.unit)]
            } + [group.opponentsText])
      }
      return "<h2>By \(escaped(column))</h2>\n" + (hasSpoofs ? figure(chart.caption, chart.markup, narrow.markup) : "")
        + table(header, rows)
    }.joined()
  }

  private func answerGroups(_ evaluation: Evaluation) -> String {
    evaluation.answerGroupsByColumn.map { column, groups in
      let header = [column, "class", "trials", "flagged", "95 %", "cleared", "95 %", "inconclusive", "95 %"]
      let rows = groups.flatMap { group in
        group.answers.map { answers in
          row(
            header,
            [group.value, answers.label.title, "\(answers.trials)"]
              + answers.parts.flatMap { [FigureText.value($0.part.share, .share), FigureText.interval($0.part.interval, .share)] })
        }
      }
      return "<h2>As answered, by \(escaped(column))</h2>\n" + table(header, rows)
    }.joined()
  }

  private func sources(_ evaluation: Evaluation) -> String {
    guard !evaluation.sources.isEmpty else { return "" }
    let header = ["source", "bona fide", "spoof", "EER"]
    let rows = evaluation.sources.map {
      row(header, [$0.name, "\($0.bonafide)", "\($0.spoof)", FigureText.value($0.equalErrorRate, .share)])
    }
    return "<h2>Inside sources</h2>\n" + table(header, rows)
  }

  private func unscored(_ evaluation: Evaluation) -> String {
    let files = evaluation.counts.unscored
    guard !files.isEmpty else { return "" }
    let items = files.map { "<li>\(escaped($0))</li>\n" }.joined()
    return "<h2>Without a score</h2>\n<details><summary>\(files.count) of the protocol</summary>\n"
      + "<ul>\n\(items)</ul></details>\n"
  }

  private func footer(_ info: EvaluationInfo) -> String {
    let model = (info.engine?.models ?? []).map { ", model \($0.name), SHA-256 \($0.sha256)" }.joined()
    return "bonafide \(info.version)\(model); protocol \(info.protocolPath), scores \(info.scoresPath)"
  }

  private func figure(_ caption: String, _ drawing: String) -> String {
    "<figure>\n<figcaption>\(escaped(caption))</figcaption>\n\(drawing)</figure>\n"
  }

  /// A drawing of the page's width, and the same for a phone's.
  private func figure(_ caption: String, _ wide: String, _ narrow: String) -> String {
    "<figure class=\"wide\">\n<figcaption>\(escaped(caption))</figcaption>\n<div class=\"broad\">\n\(wide)</div>\n"
      + "<div class=\"narrow\">\n\(narrow)</div>\n</figure>\n"
  }

  /// Cells know their columns, since on a phone a row is a list of them.
  private func row(_ header: [String], _ cells: [String]) -> String {
    "<tr>" + zip(header, cells).map { "<td data-column=\"\(escaped($0))\">\(escaped($1))</td>" }.joined() + "</tr>\n"
  }

  private func table(_ header: [String], _ rows: [String]) -> String {
    let head = header.map { "<th>\(escaped($0))</th>" }.joined()
    return "<table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(rows.joined())</tbody>\n</table>\n"
  }
}
