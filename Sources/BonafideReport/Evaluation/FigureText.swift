import BonafideEvaluation

/// Values of figures as people read them.
enum FigureText {
  /// A value with its unit; `–` where there is none.
  static func value(_ value: Double?, _ unit: Measure.Unit) -> String {
    guard let value else { return "–" }
    guard value.isFinite else { return "∞" }
    let number = number(value, unit)
    return unit == .share ? number + " %" : number
  }

  /// An interval without unit; empty where there is none.
  static func interval(_ interval: Interval?, _ unit: Measure.Unit) -> String {
    guard let interval else { return "" }
    return "\(number(interval.low, unit)) – \(number(interval.high, unit))"
  }

  private static func number(_ value: Double, _ unit: Measure.Unit) -> String {
    switch unit {
    case .share: fixed(value * 100, places: 2) ?? "∞"
    case .cost, .bits: fixed(value, places: 3) ?? "∞"
    case .perHour: fixed(value, places: 2) ?? "∞"
    }
  }

  /// What a figure was measured on, where that is not all trials.
  static func remark(on measure: Measure, in evaluation: Evaluation) -> String {
    switch measure {
    case .missAt1PercentQuantile: "interpolated, as score.py has it"
    case .cllr: "bits"
    case .minimumCllr: "bits, after isotonic recalibration"
    case .minimumDCF: "π 0.05, C_miss 1, C_fa 10"
    case .actualDCF: "at the Bayes threshold −0.64"
    case .matchedEqualErrorRate: "\(evaluation.sources.count) sources of both classes"
    case .lineEqualErrorRate:
      "\(evaluation.lineTest.bonafide) genuine, \(evaluation.lineTest.spoof) synthetic on telephone lines"
    case .rangeEqualErrorRate: "\(evaluation.locatedParties) parties with frame scores"
    case .alarmsPerHour: "of genuine speech"
    default: ""
    }
  }
}

extension Evaluation {
  /// How many trials there were of what.
  var tallyText: String {
    let unknown = counts.unknown == 1 ? "1 scored file is no trial" : "\(counts.unknown) scored files are no trial"
    return "\(counts.bonafide) bona fide and \(counts.spoof) spoof trials with a score; "
      + "\(counts.neither) of neither class, \(counts.unscored.count) without a score; \(unknown)"
  }

  /// How intervals were made.
  var intervalText: String {
    guard scores.hasBothClasses else { return "no error rates: they need scores of both classes" }
    guard bootstrap.sampleCount > 0 else { return "no intervals" }
    guard bootstrap.clusterCount > 1 else { return "no intervals: all trials are of one \(bootstrapColumn.rawValue)" }
    return "95 % intervals: \(bootstrap.sampleCount) bootstrap samples of \(bootstrap.clusterCount) "
      + "\(bootstrapColumn.rawValue)s, seed \(bootstrap.seed)"
  }

  /// Groups of each column, in the order of columns.
  var groupsByColumn: [(column: String, groups: [Group])] { byColumn(groups, \.column) }

  private func byColumn<Member>(_ groups: [Member], _ column: (Member) -> String) -> [(column: String, groups: [Member])] {
    var result: [(column: String, groups: [Member])] = []
    for group in groups {
      if result.last?.column == column(group) {
        result[result.count - 1].groups.append(group)
      } else {
        result.append((column(group), [group]))
      }
    }
    return result
  }
}

extension Evaluation {
  /// The parts of the answers, each with its title; reasons are indented.
  var answerRows: [(title: String, part: Answers.Part, trials: Int)] {
    answers.flatMap { answers in
      let name = answers.label.title
      return answers.parts.map { ("\(name) \($0.title)", $0.part, answers.trials) } + answers.reasons.map { ("  \($0.name)", $0.part, answers.trials) }
    }
  }

  /// Groups of answers of each column, in the order of columns.
  var answerGroupsByColumn: [(column: String, groups: [AnswerGroup])] { byColumn(answerGroups, \.column) }

  /// The mistakes of each class that has some, with what they are.
  var mistakesByClass: [(title: String, mistakes: [Mistake])] {
    [TrialLabel.bonafide, .spoof].compactMap { label in
      let mistakes = mistakes.filter { $0.trial.label == label }
      let what =
        answers.isEmpty
        ? "with an LLR \(label == .bonafide ? "below" : "above") 0" : label == .bonafide ? "flagged" : "cleared"
      return mistakes.isEmpty ? nil : ("\(label.title) \(what)", mistakes)
    }
  }
}

extension Answers {
  /// What can be answered, with the part that was.
  var parts: [(title: String, part: Part)] { [("flagged", flagged), ("cleared", cleared), ("inconclusive", inconclusive)] }
}

extension TrialLabel {
  var title: String {
    switch self {
    case .bonafide: "bona fide"
    case .spoof: "spoof"
    case .neither: "neither"
    }
  }
}

extension Mistake {
  /// The recording, and the channel where the trial has one.
  var name: String { trial.channel.map { "\(trial.file)#\($0)" } ?? trial.file }

  var llrText: String { (llr.flatMap { fixed($0, places: 2) } ?? "–").replacing("-", with: "−") }
}

extension Evaluation.Group {
  /// The figure of a measure, if it is there.
  func figure(_ measure: Measure) -> Figure? { figures.first { $0.measure == measure } }

  /// What the group is held against.
  var opponentsText: String {
    switch opponents {
    case .allBonafide: "against all bona fide"
    case .allSpoof: "against all spoof"
    case .same: "both classes of it"
    }
  }
}
