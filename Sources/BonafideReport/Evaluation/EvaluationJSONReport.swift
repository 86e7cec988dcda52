import BonafideEvaluation

/// One JSON document, `bonafide.evaluation/1`; `docs/evaluate.md` is its contract.
public struct EvaluationJSONReport: Sendable {
  public init() {}

  public func report(on evaluation: Evaluation, info: EvaluationInfo) -> String {
    let members: [(String, JSON)] = [
      ("schema", .string("bonafide.evaluation/1")),
      ("version", .string(info.version)),
      ("engine", info.engine.map { JSON($0) } ?? .null),
      ("protocol", .string(info.protocolPath)),
      ("split", JSON(info.split)),
      ("scores", .string(info.scoresPath)),
      ("trials", object(evaluation.counts)),
      ("bootstrap", bootstrap(of: evaluation)),
      ("points", info.points.isEmpty ? .null : .array(info.points.map(object))),
      ("answers", .array(evaluation.answers.map(object))),
      ("answer_groups", .array(evaluation.answerGroups.map(object))),
      ("mistakes", .array(evaluation.mistakesByClass.flatMap { $0.mistakes.prefix(info.mostMistakes).map(object) })),
      ("figures", object(evaluation.figures)),
      ("line_test", .object([("bonafide", .integer(evaluation.lineTest.bonafide)), ("spoof", .integer(evaluation.lineTest.spoof))])),
      ("matched_sources", .array(evaluation.sources.map(object))),
      ("groups", .array(evaluation.groups.map(object))),
    ]
    let lines = members.map { "\(JSON.string($0.0).text):\($0.1.text)" }
    return "{" + lines.joined(separator: ",\n") + "}\n"
  }

  private func object(_ counts: Evaluation.Counts) -> JSON {
    .object([
      ("bonafide", .integer(counts.bonafide)), ("spoof", .integer(counts.spoof)), ("neither", .integer(counts.neither)),
      ("unscored", .array(counts.unscored.map(JSON.string))), ("unknown", .integer(counts.unknown)),
    ])
  }

  private func bootstrap(of evaluation: Evaluation) -> JSON {
    .object([
      ("samples", .integer(evaluation.bootstrap.sampleCount)), ("by", .string(evaluation.bootstrapColumn.rawValue)),
      ("clusters", .integer(evaluation.bootstrap.clusterCount)), ("seed", .string(String(evaluation.bootstrap.seed))),
    ])
  }

  private func object(_ point: EvaluationInfo.Points) -> JSON {
    .object([
      ("model", .string(point.model)), ("alarm_llr", .number(point.alarm, places: 4)), ("clear_llr", .number(point.clear, places: 4)),
    ])
  }

  private func object(_ group: AnswerGroup) -> JSON {
    .object([
      ("column", .string(group.column)), ("value", .string(group.value)), ("answers", .array(group.answers.map(object))),
    ])
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

  private func object(_ answers: Answers) -> JSON {
    .object([
      ("label", .string(answers.label.rawValue)), ("trials", .integer(answers.trials)), ("flagged", object(answers.flagged)),
      ("cleared", object(answers.cleared)), ("inconclusive", object(answers.inconclusive)),
      ("reasons", .object(answers.reasons.map { ($0.name, object($0.part)) })),
    ])
  }

  private func object(_ part: Answers.Part) -> JSON {
    .object([
      ("count", .integer(part.count)), ("share", .number(part.share, places: 6)), ("low", .number(part.interval.low, places: 6)),
      ("high", .number(part.interval.high, places: 6)),
    ])
  }

  private func object(_ mistake: Mistake) -> JSON {
    let channel: JSON =
      switch mistake.trial.channel {
      case .number(let number): .integer(number)
      case .name(let name): .string(name)
      case nil: .null
      }
    return .object([
      ("label", .string(mistake.trial.label.rawValue)), ("file", .string(mistake.trial.file)), ("channel", channel),
      ("llr", JSON(mistake.llr, places: 3)), ("verdict", JSON(mistake.answer?.verdict)),
    ])
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
