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
    \(Self.style)</style>
    </head>
    <body>
    <main>
    <h1>\(escaped(info.title))</h1>
    <p>\(escaped(evaluation.tallyText)).<br>\(escaped(evaluation.intervalText)).
    Higher scores are more likely bona fide; a <em>false alarm</em> is a genuine trial that is flagged, a <em>miss</em> a
    spoof that is not.</p>
    \(answers(evaluation, info))\(figures(evaluation))\(charts(evaluation))\(breakdowns(evaluation))\
    \(sources(evaluation))\(mistakes(evaluation, most: info.mostMistakes))\(unscored(evaluation))<footer>\(escaped(footer(info)))</footer>
    </main>
    </body>
    </html>

    """
  }

  private func answers(_ evaluation: Evaluation, _ info: EvaluationInfo) -> String {
    guard !evaluation.answers.isEmpty else { return "" }
    let rows = evaluation.answerRows.map { title, part, trials in
      row([
        title.hasPrefix(" ") ? "– " + title.drop { $0 == " " } : title, FigureText.value(part.share, .share),
        FigureText.interval(part.interval, .share), "\(part.count) of \(trials)",
      ])
    }
    return "<h2>As answered</h2>\n" + (info.pointsText.map { "<p>\(escaped($0)).</p>\n" } ?? "")
      + table(["answer", "share", "95 % interval", ""], rows) + (evaluation.figures.isEmpty ? "" : "<h2>Figures of scores</h2>\n")
  }

  private func mistakes(_ evaluation: Evaluation, most: Int) -> String {
    guard most > 0 else { return "" }
    return evaluation.mistakesByClass.map { title, mistakes in
      let rows = mistakes.prefix(most).map { row([$0.name, $0.llrText, $0.answer?.verdict ?? ""]) }
      return "<h2>Worst mistakes: \(escaped(title)), \(rows.count) of \(mistakes.count)</h2>\n"
        + table(["recording", "LLR", "answer"], rows)
    }.joined()
  }

  private func figures(_ evaluation: Evaluation) -> String {
    guard !evaluation.figures.isEmpty else { return "" }
    let rows = evaluation.figures.map { figure in
      row([
        figure.measure.title, FigureText.value(figure.value, figure.measure.unit),
        FigureText.interval(figure.interval, figure.measure.unit), FigureText.remark(on: figure.measure, in: evaluation),
      ])
    }
    return table(["figure", "value", "95 % interval", ""], rows)
  }

  private func charts(_ evaluation: Evaluation) -> String {
    guard let rate = evaluation.figure(.equalErrorRate)?.value else { return "" }
    return "<div class=\"charts\">\n"
      + figure("Detection error trade-off", DETChart(scores: evaluation.scores, equalErrorRate: rate).markup)
      + figure("Reliability", ReliabilityChart(scores: evaluation.scores).markup)
      + figure("Scores", ScoreHistogram(scores: evaluation.scores).markup, "wide") + "</div>\n"
  }

  private func breakdowns(_ evaluation: Evaluation) -> String {
    evaluation.groupsByColumn.map { column, groups in
      let hasSpoofs = groups.contains { $0.opponents != .allSpoof }
      let chart = GroupChart(column: column, cluster: evaluation.bootstrapColumn, groups: groups)
      let rows = groups.map { group in
        row(
          [group.value, "\(group.bonafide)", "\(group.spoof)"]
            + [Measure.equalErrorRate, .missAt1Percent].flatMap { measure in
              let figure = group.figure(measure)
              return [FigureText.value(figure?.value, measure.unit), FigureText.interval(figure?.interval, measure.unit)]
            } + [group.opponentsText])
      }
      return "<h2>By \(escaped(column))</h2>\n" + (hasSpoofs ? figure(chart.caption, chart.markup, "wide") : "")
        + table([column, "bona fide", "spoof", "EER", "95 %", "missed at 1 % FA", "95 %", ""], rows)
    }.joined()
  }

  private func sources(_ evaluation: Evaluation) -> String {
    guard !evaluation.sources.isEmpty else { return "" }
    let rows = evaluation.sources.map {
      row([$0.name, "\($0.bonafide)", "\($0.spoof)", FigureText.value($0.equalErrorRate, .share)])
    }
    return "<h2>Inside sources</h2>\n" + table(["source", "bona fide", "spoof", "EER"], rows)
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

  private func figure(_ caption: String, _ drawing: String, _ style: String = "") -> String {
    "<figure class=\"\(style)\">\n<figcaption>\(escaped(caption))</figcaption>\n\(drawing)</figure>\n"
  }

  private func row(_ cells: [String]) -> String {
    "<tr>" + cells.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>\n"
  }

  private func table(_ header: [String], _ rows: [String]) -> String {
    let head = header.map { "<th>\(escaped($0))</th>" }.joined()
    return "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n\(rows.joined())</tbody>\n</table></div>\n"
  }

  private static let style = """
    :root {
      color-scheme: light dark;
      --ground: #fcfcfa; --ink: #22252a; --soft: #666c75; --rule: #d9dbde;
      --bonafide: #1b7f5c; --spoof: #c2452d; --curve: #2456a6;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #17191c; --ink: #e4e6e9; --soft: #9aa1ab; --rule: #363b42;
        --bonafide: #4cc296; --spoof: #f0785f; --curve: #7fb0ff;
      }
    }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
    main { max-width: 980px; margin: 0 auto; padding: 24px 20px 48px; }
    h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
    h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
    p, footer { color: var(--soft); }
    footer { font-size: .8rem; margin-top: 2.5rem; overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { text-align: right; padding: 3px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
    th { color: var(--soft); font-weight: 600; }
    th:first-child, td:first-child, td:last-child { text-align: left; }
    th:first-child, td:first-child { padding-left: 0; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(330px, 1fr)); gap: 20px; margin-top: 1.5rem; }
    figure { margin: 0; }
    figure.wide { grid-column: 1 / -1; margin: .5rem 0 1rem; overflow-x: auto; }
    figure.wide svg { min-width: 640px; }
    figcaption { font-weight: 600; }
    svg { width: 100%; height: auto; display: block; }
    svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
    svg .tick { fill: var(--soft); font-size: 11px; }
    svg .strong { font-weight: 600; }
    svg .grid { stroke: var(--rule); stroke-width: 1; }
    svg .axis { stroke: var(--soft); }
    svg .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
    svg .mark { stroke: var(--ink); stroke-dasharray: 2 3; }
    svg .curve { fill: none; stroke: var(--curve); stroke-width: 2; stroke-linejoin: round; }
    svg .point { fill: var(--spoof); }
    svg .bubble { fill: var(--curve); fill-opacity: .55; stroke: var(--curve); }
    svg .bonafide { fill: var(--bonafide); fill-opacity: .6; }
    svg .spoof { fill: var(--spoof); fill-opacity: .6; }
    svg .whisker { stroke: var(--ink); stroke-width: 1.2; }

    """
}
