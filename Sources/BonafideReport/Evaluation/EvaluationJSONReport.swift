import BonafideEvaluation

/// One JSON document, `bonafide.evaluation/1`; `docs/evaluate.md` is its contract.
public struct EvaluationJSONReport: Sendable {
  public init() {}

  public func report(on evaluation: Evaluation, info: EvaluationInfo) -> String {
    let counts = evaluation.counts
    let members: [(String, JSON)] = [
      ("schema", .string("bonafide.evaluation/1")),
      ("version", .string(info.version)),
      ("engine", info.engine.map { JSON($0) } ?? .null),
      ("protocol", .string(info.protocolPath)),
      ("split", JSON(info.split)),
      ("scores", .string(info.scoresPath)),
      ("trials", .object([
        ("bonafide", .integer(counts.bonafide)),
        ("spoof", .integer(counts.spoof)),
        ("neither", .integer(counts.neither)),
        ("unscored", .array(counts.unscored.map(JSON.string))),
        ("unknown", .integer(counts.unknown)),
      ])),
      ("bootstrap", .object([
        ("samples", .integer(evaluation.bootstrap.sampleCount)),
        ("by", .string(evaluation.bootstrapColumn.rawValue)),
        ("clusters", .integer(evaluation.bootstrap.clusterCount)),
        ("seed", .string(String(evaluation.bootstrap.seed))),
      ])),
      ("figures", object(evaluation.figures)),
      ("line_test", .object([
        ("bonafide", .integer(evaluation.lineTest.bonafide)), ("spoof", .integer(evaluation.lineTest.spoof)),
      ])),
      ("matched_sources", .array(evaluation.sources.map(object))),
      ("groups", .array(evaluation.groups.map(object))),
    ]
    let lines = members.map { "\(JSON.string($0.0).text):\($0.1.text)" }
    return "{" + lines.joined(separator: ",\n") + "}\n"
  }

  private func object(_ figures: [Figure]) -> JSON {
    .object(
      figures.map { figure in
        (
          figure.measure.key,
          .object([
            ("value", JSON(figure.value, places: 6)),
            ("low", JSON(figure.interval?.low, places: 6)),
            ("high", JSON(figure.interval?.high, places: 6)),
          ])
        )
      })
  }

  private func object(_ source: Evaluation.Source) -> JSON {
    .object([
      ("source", .string(source.name)), ("bonafide", .integer(source.bonafide)), ("spoof", .integer(source.spoof)),
      ("eer", .number(source.equalErrorRate, places: 6)),
    ])
  }

  private func object(_ group: Evaluation.Group) -> JSON {
    .object([
      ("column", .string(group.column)), ("value", .string(group.value)),
      ("against", .string(group.opponents.rawValue)), ("bonafide", .integer(group.bonafide)),
      ("spoof", .integer(group.spoof)), ("figures", object(group.figures)),
    ])
  }
}
