/// How a detector answered the trials of one class: what its users see, where figures of scores are about its scores.
public struct Answers: Sendable, Equatable {
  /// A part of the trials.
  public struct Part: Sendable, Equatable {
    public var count: Int
    /// Of all trials of the class that have an answer, 0…1.
    public var share: Double
    /// 95 %, by Clopper & Pearson; it takes trials for independent.
    public var interval: Interval

    init(_ count: Int, of total: Int) {
      self.count = count
      share = Double(count) / Double(total)
      interval = .clopperPearson(Double(count), of: Double(total))
    }
  }

  public var label: TrialLabel
  /// Trials with an answer.
  public var trials: Int
  /// Those found to be synthetic.
  public var flagged: Part
  /// Those found to be bona fide.
  public var cleared: Part
  /// Those left undecided.
  public var inconclusive: Part
  /// The undecided ones by their reason, the most frequent first.
  public var reasons: [Reason]

  /// Trials that were left undecided for one reason.
  public struct Reason: Sendable, Equatable {
    /// As reports name it.
    public var name: String
    public var part: Part
  }

  /// Counts answers; `nil` where there are none.
  init?(_ answers: [ScreenedRecording.Answer], label: TrialLabel) {
    guard !answers.isEmpty else { return nil }
    var counts: [String: Int] = [:]
    for case .inconclusive(let reason) in answers { counts[reason, default: 0] += 1 }
    func part(_ count: Int) -> Part { Part(count, of: answers.count) }
    self.label = label
    trials = answers.count
    flagged = part(answers.count { $0 == .flagged })
    cleared = part(answers.count { $0 == .cleared })
    inconclusive = part(counts.values.reduce(0, +))
    reasons = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { Reason(name: $0.key, part: part($0.value)) }
  }
}

/// How the trials with one value of a column were answered.
public struct AnswerGroup: Sendable, Equatable {
  public var column: String
  public var value: String
  /// Of each class that has answers, bona fide first.
  public var answers: [Answers]
}

/// A trial that was answered wrongly, or that has a score of the wrong sign where there are no answers.
public struct Mistake: Sendable, Equatable {
  public var trial: Trial
  /// What decided, natural log: of the party, or of a flagged stretch that is more synthetic. `nil` where there was none.
  public var llr: Double?
  /// `nil` where the scores come without.
  public var answer: ScreenedRecording.Answer?
}

/// What was answered about each trial of either class that is in a report, with a score or without.
struct AnsweredTrials {
  private typealias Answered = (trial: Trial, llr: Double?, answer: ScreenedRecording.Answer?)
  private var answered: [Answered] = []

  init(_ list: TrialList, _ table: ScoreTable) {
    for trial in list.trials where trial.label != .neither {
      guard let position = table.position(of: trial) else { continue }
      if table.recordings.isEmpty {
        answered.append((trial, table.score(at: position, channel: trial.channel), nil))
        continue
      }
      let recording = table.recordings[position]
      let llr = recording.parties(on: trial.channel).compactMap(\.decidingScore).min()
      answered.append((trial, llr, recording.answer(channel: trial.channel)))
    }
  }

  /// For each class that has some.
  var answers: [Answers] { answers(to: answered) }

  private func answers(to answered: [Answered]) -> [Answers] {
    [TrialLabel.bonafide, .spoof].compactMap { label in
      Answers(answered.filter { $0.trial.label == label }.compactMap(\.answer), label: label)
    }
  }

  /// For each value of the columns that has some.
  func groups(by columns: [String], of list: TrialList) -> [AnswerGroup] {
    columns.flatMap { column -> [AnswerGroup] in
      var members: [String: [Answered]] = [:]
      for one in answered where one.answer != nil {
        if let value = list.value(of: one.trial, in: column) { members[value, default: []].append(one) }
      }
      return members.sorted { $0.key < $1.key }.map { AnswerGroup(column: column, value: $0.key, answers: answers(to: $0.value)) }
    }
  }

  /// The mistakes of each class, those furthest on the wrong side first.
  var mistakes: [Mistake] {
    [TrialLabel.bonafide, .spoof].flatMap { label in
      let side = label == .bonafide ? 1.0 : -1
      let wrong: ScreenedRecording.Answer = label == .bonafide ? .flagged : .cleared
      let mistakes = answered.filter { trial, llr, answer in
        trial.label == label && (answer.map { $0 == wrong } ?? ((llr ?? 0) * side < 0))
      }
      return mistakes.map { Mistake(trial: $0.trial, llr: $0.llr, answer: $0.answer) }
        .sorted { ($0.llr ?? 0) * side < ($1.llr ?? 0) * side }
    }
  }
}
