import Testing

@testable import BonafideEvaluation

/// From protocol and scores to figures.
@Suite struct EvaluationTests {
  private let header = "file\tlabel\tsystem\tkind\tspeaker\tsource\tsplit\tsource_rate\tnote"

  private func evaluate(
    _ rows: [(row: String, score: Double?)], _ change: (inout EvaluationOptions) -> Void = { _ in }
  ) throws(EvaluationError) -> Evaluation {
    let text = ([header] + rows.map { $0.row.replacing(",", with: "\t") }).joined(separator: "\n")
    let trials = try TrialList(parsing: text, path: "table.tsv")
    let table = ScoreTable(entries: zip(trials.trials, rows).map { .init(file: $0.file, score: $1.score) })
    var options = EvaluationOptions()
    options.bootstrapCount = 50
    change(&options)
    return try Evaluation(trials: trials, scores: table, options: options)
  }

  private func rows(_ source: String, bonafide: [Double], spoof: [Double], rate: String = "16000") -> [(String, Double?)] {
    bonafide.enumerated().map { ("\(source)/b\($0.offset),bonafide,-,read,p,\(source),dev,\(rate),", $0.element) }
      + spoof.enumerated().map { ("\(source)/s\($0.offset),spoof,A0\($0.offset % 2),tts,-,\(source),dev,\(rate),", $0.element) }
  }

  /// Inside source one the classes are apart (EER 0), in two they are reversed (EER ½); weights are √(4·4) and √(4·9).
  /// Source three has too few.
  @Test func sourceMatchedRatesAreWeighted() throws {
    let evaluation = try evaluate(
      rows("one", bonafide: [5, 6, 7, 8], spoof: [1, 2, 3, 4])
        + rows("two", bonafide: [0, 0, 0, 0], spoof: [1, 1, 1, 1, 1, 1, 1, 1, 1])
        + rows("three", bonafide: [0, 0, 0], spoof: [1, 1, 1, 1]))
    #expect(evaluation.sources.map(\.name) == ["one", "two"])
    #expect(isClose(evaluation.figure(.matchedEqualErrorRate)?.value, 0.5 * 6 / 10))
    #expect(isClose(evaluation.figure(.matchedPairErrorRate)?.value, 6.0 / 10))
    #expect(evaluation.figure(.lineEqualErrorRate) == nil)
  }

  @Test func lineTestTakesTelephoneSpeech() throws {
    let evaluation = try evaluate([
      ("1,bonafide,-,phone,p,a,dev,16000,", 0), ("2,bonafide,-,read,p,a,dev,8000,", 1), ("3,bonafide,-,read,p,b,dev,16000,telephone", 9),
      ("4,spoof,A,tts,-,b,dev,8000,", -1), ("5,spoof,A,tts,-,b,dev,16000,a phone call", 2), ("6,spoof,A,tts,-,c,dev,16000,over the telephone", -2),
      ("7,spoof,A,tts,-,c,dev,16000,phone", 9),
    ])
    #expect(evaluation.lineTest == (2, 3))
    // Bona fide 0 and 1, spoof −2, −1 and 2: the hull from (0, ⅓) to (1, 0) meets the diagonal at ¼.
    #expect(isClose(evaluation.figure(.lineEqualErrorRate)?.value, 0.25))
  }

  @Test func whatIsNotJudgedIsCounted() throws {
    let evaluation = try evaluate([
      ("a,bonafide,-,read,p,x,dev,,", 1), ("b,spoof,A,tts,-,x,dev,,", 0), ("c,spoof,A,tts,-,y,dev,,", nil),
      ("d,bonafide,-,read,p,y,dev,,", .nan), ("e,codec,C,-,p,y,dev,,", 5),
    ])
    #expect(evaluation.counts.bonafide == 1)
    #expect(evaluation.counts.spoof == 1)
    #expect(evaluation.counts.neither == 1)
    #expect(evaluation.counts.unscored == ["c", "d"])
    #expect(evaluation.counts.unknown == 0)
  }

  @Test func groupsAreHeldAgainstTheOtherClass() throws {
    let evaluation = try evaluate(
      rows("one", bonafide: [5, 6], spoof: [1, 7]) + rows("two", bonafide: [4], spoof: [0, 4.5])
    ) { $0.breakdownColumns = ["system", "kind", "source"] }
    let groups = evaluation.groups
    #expect(groups.map(\.value) == ["A00", "A01", "read", "tts", "one", "two"])
    #expect(groups.map(\.opponents) == [.allBonafide, .allBonafide, .allSpoof, .allBonafide, .same, .same])
    #expect(groups.map(\.bonafide) == [3, 3, 3, 3, 2, 1])
    #expect(groups.map(\.spoof) == [2, 2, 4, 4, 2, 2])
    #expect(groups[0].figures.first?.value == 0)
    #expect(groups[1].figures.first { $0.measure == .missAt1Percent }?.value == 1)
  }

  /// All of source one is in one cluster: how its class varies is not known.
  @Test func oneClusterOfAClassHasNoInterval() throws {
    let trials = rows("one", bonafide: [5, 6, 7], spoof: []) + rows("two", bonafide: [3, 4, 5], spoof: [1, 2, 4.5])
    #expect(try evaluate(trials).figure(.equalErrorRate)?.interval == nil)
    let both = trials + rows("three", bonafide: [], spoof: [0, 6])
    #expect(try evaluate(both).figure(.equalErrorRate)?.interval != nil)
    #expect(try evaluate(both) { $0.bootstrapCount = 0 }.figure(.equalErrorRate)?.interval == nil)
    #expect(try evaluate(both) { $0.bootstrapColumn = .system }.bootstrap.clusterCount == 8)
    #expect(try evaluate(both).figures == evaluate(both).figures)
  }

  @Test func missingClassesAndColumnsAreSaid() {
    let both = rows("one", bonafide: [1], spoof: [0])
    #expect(failure { () throws(EvaluationError) in try evaluate(rows("one", bonafide: [1], spoof: [])) }.hasPrefix("no spoof trial has a score"))
    #expect(failure { () throws(EvaluationError) in try evaluate(rows("one", bonafide: [], spoof: [1])) }.hasPrefix("no bona fide trial has a score"))
    #expect(failure { () throws(EvaluationError) in try evaluate(both) { $0.breakdownColumns = ["accent"] } }.hasPrefix("the protocol has no column accent"))
    #expect(
      failure { () throws(EvaluationError) in
        let trials = try TrialList(parsing: "a bonafide\nb spoof\n", path: "l")
        var options = EvaluationOptions()
        options.bootstrapColumn = .source
        return try Evaluation(trials: trials, scores: ScoreTable(parsing: "a 1\nb 0\n", path: "s"), options: options)
      } == "the protocol has no column source to resample")
  }

  @Test func allScoresEqualIsChance() throws {
    let evaluation = try evaluate(rows("one", bonafide: [0, 0, 0, 0], spoof: [0, 0, 0, 0]) + rows("two", bonafide: [0], spoof: [0]))
    #expect(evaluation.figure(.equalErrorRate)?.value == 0.5)
    #expect(evaluation.figure(.matchedEqualErrorRate)?.value == 0.5)
    #expect(evaluation.figure(.cllr)?.value == 1)
    #expect(evaluation.figure(.missAt1Percent)?.value == 1)
  }

  @Test func channelsOfRecordingsAreTrials() throws {
    let trials = try TrialList(
      parsing: "file\tlabel\tchannel\ncall.wav\tbonafide\t1\ncall.wav\tspoof\t2\n", path: "t.tsv")
    let recording = ScreenedRecording(
      path: "calls/call.wav", duration: 60,
      parties: [
        .init(channel: 1, llr: 2, speech: 30, stretches: [.init(span: Span(start: 1, end: 2), llr: -1)]),
        .init(channel: 2, llr: -2, speech: 20, stretches: []),
      ])
    let evaluation = try Evaluation(trials: trials, scores: ScoreTable(recordings: [recording]))
    #expect(evaluation.bootstrapColumn == .file)
    #expect(evaluation.bootstrap.clusterCount == 1)
    #expect(evaluation.figure(.equalErrorRate)?.value == 0)
    #expect(isClose(evaluation.figure(.alarmsPerHour)?.value, 120))
  }

  /// Ten recordings of each class, each its own cluster, without an error: a sample of them has none either.
  @Test func anIntervalOfAHandfulIsAsWideAsTheirNumberMakesIt() throws {
    let evaluation = try evaluate(
      (0..<20).map { index in
        let isSpoof = index % 2 == 1
        return ("\(index),\(isSpoof ? "spoof" : "bonafide"),-,-,-,s\(index),,,", isSpoof ? -1.0 - Double(index) : 1 + Double(index))
      })
    func interval(_ measure: Measure) -> Interval? { evaluation.figure(measure)?.interval }
    let exact = Interval.clopperPearson(0, of: 10)
    #expect(evaluation.figure(.equalErrorRate)?.value == 0)
    for measure in [Measure.equalErrorRate, .pairErrorRate, .missAt1Percent, .selectiveError(50)] { #expect(interval(measure) == exact) }
    #expect(interval(.selectiveError(100)) == .clopperPearson(0, of: 20))
    // Costs have no exact interval.
    #expect(evaluation.figure(.minimumDCF)?.value == 0 && interval(.minimumDCF) == nil)
    #expect(try #require(interval(.cllr)).high > 0)
  }

  // MARK: Answers

  private func party(_ channel: Int, _ answer: ScreenedRecording.Answer, _ llr: Double?, stretch: Double? = nil) -> ScreenedRecording.Party {
    .init(
      channel: channel, answer: answer, llr: llr, speech: 1,
      stretches: stretch.map { [.init(span: Span(start: 0, end: 1), llr: $0)] } ?? [])
  }

  @Test func answersAreCountedAndMistakesListed() throws {
    let trials = try list(
      ["a\t1\tbonafide", "a\t2\tspoof", "b\t1\tbonafide", "c\t-\tbonafide", "d\t-\tspoof", "e\t-\tspoof", "gone\t-\tspoof"],
      header: "file\tchannel\tlabel")
    let recordings = [
      ScreenedRecording(path: "a", duration: 1, parties: [party(1, .flagged, 0.5, stretch: -4), party(2, .cleared, 3)]),
      ScreenedRecording(path: "b", duration: 1, parties: [party(1, .flagged, -2)]),
      ScreenedRecording(path: "c", duration: 1, parties: [party(1, .inconclusive("no_speech"), nil)]),
      ScreenedRecording(path: "d", duration: 1, parties: [party(1, .flagged, -5)]),
      ScreenedRecording(path: "e", duration: 1, parties: [party(1, .cleared, 6)]),
      ScreenedRecording(path: "gone", duration: nil, error: "not there", parties: []),
    ]
    let evaluation = try Evaluation(trials: trials, scores: ScoreTable(recordings: recordings))
    #expect(evaluation.answers.map(\.label) == [.bonafide, .spoof])
    let (genuine, spoof) = (evaluation.answers[0], evaluation.answers[1])
    #expect((genuine.trials, genuine.flagged.count, genuine.cleared.count, genuine.inconclusive.count) == (3, 2, 0, 1))
    #expect(genuine.reasons.map(\.name) == ["no_speech"] && genuine.reasons[0].part.count == 1)
    #expect((spoof.trials, spoof.flagged.count, spoof.cleared.count, spoof.inconclusive.count) == (3, 1, 2, 0))
    #expect(spoof.cleared.interval == .clopperPearson(2, of: 3))
    #expect(evaluation.mistakes.map(\.trial.scoreName) == ["a#1", "b#1", "e", "a#2"])
    #expect(evaluation.mistakes.map(\.llr) == [-4, -2, 6, 3])
  }

  /// Genuine calls alone tell how many people are flagged.
  @Test func oneClassIsEnoughForAnswers() throws {
    let trials = try list(["a\tbonafide", "b\tbonafide"], header: "file\tlabel")
    let recordings = ["a", "b"].map { ScreenedRecording(path: $0, duration: 1, parties: [party(1, .cleared, 3)]) }
    let evaluation = try Evaluation(trials: trials, scores: ScoreTable(recordings: recordings))
    #expect(evaluation.figures.isEmpty && evaluation.answers.map(\.cleared.count) == [2])
    let scores = ScoreTable(entries: [.init(file: "a", score: 1), .init(file: "b", score: 2)])
    #expect(throws: EvaluationError.self) { try Evaluation(trials: trials, scores: scores) }
  }

  @Test func withoutAnswersTheSignTells() throws {
    let evaluation = try evaluate([
      ("a,bonafide,-,read,p,x,dev,,", -1), ("b,bonafide,-,read,p,x,dev,,", 1), ("c,spoof,A,tts,-,y,dev,,", 2), ("d,spoof,A,tts,-,y,dev,,", 0),
    ])
    #expect(evaluation.answers.isEmpty)
    #expect(evaluation.mistakes.map(\.trial.file) == ["a", "c"])
  }
}
