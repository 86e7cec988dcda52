import Foundation
import Testing

@testable import BonafideEvaluation

/// Figures of time, against an independent implementation that counts milliseconds, and by hand.
@Suite struct LocalisationTests {
  private struct Located: Decodable {
    struct Party: Decodable {
      var ms: Int
      var spoof: [[Double]]
      var frames: [Float?]
      var flagged: [[Double]]
    }

    var parties: [Party]
    var figures: [String: Double]
  }

  /// The recordings of the fixture as protocol, truth and report.
  private func evaluation(_ located: Located, bootstrap: Int = 0) throws -> Evaluation {
    var rows: [String] = []
    var truth: [String] = []
    var recordings: [ScreenedRecording] = []
    for (index, party) in located.parties.enumerated() {
      rows.append("call\(index)\t\(party.spoof.isEmpty ? "bonafide" : "spoof")\t-\t-\t-\ts\(index % 4)\tdev")
      truth += party.spoof.map { "SPEAKER call\(index) 1 \($0[0] / 1000) \(($0[1] - $0[0]) / 1000) <NA> <NA> spoof <NA> <NA>" }
      if party.spoof.isEmpty { truth.append("SPEAKER call\(index) 1 0 1 <NA> <NA> bonafide <NA> <NA>") }
      let speech = 0.04 * Double(party.frames.count { $0 != nil })
      recordings.append(
        ScreenedRecording(
          path: "audio/call\(index).wav", duration: Double(party.ms) / 1000,
          parties: [
            ScreenedRecording.Party(
              channel: 1, llr: Double(index), speech: speech,
              stretches: party.flagged.map { .init(span: Span(start: $0[0] / 1000, end: $0[1] / 1000), llr: $0[2]) },
              hop: 0.04, frames: party.frames)
          ]))
    }
    var options = EvaluationOptions()
    options.bootstrapCount = bootstrap
    options.segments = try SegmentTruth(parsing: truth.joined(separator: "\n"), path: "truth.rttm")
    return try Evaluation(trials: list(rows), scores: ScoreTable(recordings: recordings), options: options)
  }

  @Test func agreesWithCountedMilliseconds() throws {
    let located = try fixture("located.json", as: Located.self)
    let evaluation = try evaluation(located)
    #expect(evaluation.locatedParties == located.parties.count)
    #expect(located.figures.count == 12)
    for (key, expected) in located.figures {
      let figure = try #require(evaluation.figures.first { $0.measure.key == key }, "\(key)")
      #expect(isClose(figure.value, expected, within: 1e-6), "\(key) is \(String(describing: figure.value)), not \(expected)")
    }
  }

  @Test func figuresOfTimeHaveIntervals() throws {
    let evaluation = try evaluation(fixture("located.json", as: Located.self), bootstrap: 40)
    for measure in [Measure.rangeEqualErrorRate, .segmentEqualErrorRate(160), .averagePrecision(50), .averageRecall(10), .alarmsPerHour] {
      let figure = try #require(evaluation.figure(measure))
      let (value, interval) = (try #require(figure.value), try #require(figure.interval))
      #expect(interval.low <= value && value <= interval.high)
      #expect(interval.low < interval.high)
    }
  }

  /// 0.1 s, of which the last 0.02 s are spoof, in frames of 0.04 s with scores 2 and −1, and 0.02 s that no frame covers:
  /// the frame at −1 holds 0.04 s of bona fide, the rest is never flagged.
  @Test func rangeIsOfDurations() {
    let party = LocatedParty(
      cluster: 0, duration: 0.1, spoof: [Span(start: 0.06, end: 0.08)],
      party: ScreenedRecording.Party(channel: 1, llr: nil, speech: 0.08, stretches: [], hop: 0.04, frames: [2, -1]))
    let counts = RankedScores.ranges(of: [party]).counts()
    #expect(counts.scores == [-1, 2, .infinity])
    for (value, expected) in zip(counts.bonafide + counts.spoof, [0.02, 0.04, 0.02, 0.02, 0, 0]) {
      #expect(isClose(value, expected))
    }
    // Flagging the frame at −1 flags 0.02 of 0.08 s and misses nothing: the hull from (0, 1) to (¼, 0) meets at 0.2.
    #expect(isClose(counts.equalErrorRate, 0.2))
  }

  @Test func segmentsAreSpoofWhereAnyOfThemIs() {
    let party = LocatedParty(
      cluster: 0, duration: 0.1, spoof: [Span(start: 0.06, end: 0.08)],
      party: ScreenedRecording.Party(channel: 1, llr: nil, speech: 0.08, stretches: [], hop: 0.04, frames: [2, nil]))
    let fine = RankedScores.segments(of: [party], length: 0.02).counts()
    #expect(fine.scores == [2, .infinity])
    #expect(fine.bonafide == [2, 2])
    #expect(fine.spoof == [0, 1])
    let coarse = RankedScores.segments(of: [party], length: 0.08).counts()
    #expect(coarse.bonafide == [0, 1])
    #expect(coarse.spoof == [1, 0])
  }

  /// Two synthetic stretches of 1 s; proposals, the surest first: a hit, one elsewhere, the same again, a hit of IoU 0.6.
  /// Precision is 1, ½, ⅓, ½ and recall ½, ½, ½, 1, so AP@0.5 = ½ · 1 + ½ · ½, and AP@0.75 = ½.
  @Test func averagePrecisionByHand() {
    func stretch(_ start: Double, _ end: Double, _ llr: Double) -> ScreenedRecording.Stretch {
      .init(span: Span(start: start, end: end), llr: llr)
    }
    let party = LocatedParty(
      cluster: 0, duration: 10, spoof: [Span(start: 1, end: 2), Span(start: 5, end: 6)],
      party: ScreenedRecording.Party(
        channel: 1, llr: -1, speech: 10,
        stretches: [stretch(5, 5.6, -1), stretch(1, 2, -2), stretch(1, 2, -4), stretch(8, 9, -3)]))
    let precision = StretchPrecision([party])
    #expect(precision.averagePrecision() == [0.75, 0.5, 0.5])
    // The first stretch is found at all ten IoUs, the second at 0.5, 0.55 and 0.6.
    for recall in precision.averageRecall() { #expect(isClose(recall, 0.65)) }
    #expect(StretchPrecision([]).averagePrecision() == [nil, nil, nil])
  }

  @Test func alarmsAreOfGenuineSpeech() {
    let flagged = ScreenedRecording.Stretch(span: Span(start: 0, end: 1), llr: -3)
    let genuine = LocatedParty(
      cluster: 0, duration: 100, spoof: [],
      party: ScreenedRecording.Party(channel: 1, llr: 1, speech: 60, stretches: [flagged]))
    // Touches the synthetic stretch; frames 0 and 1 are speech, and half of frame 1 is synthetic.
    let partly = LocatedParty(
      cluster: 1, duration: 10, spoof: [Span(start: 0.06, end: 1)],
      party: ScreenedRecording.Party(channel: 1, llr: 1, speech: 9, stretches: [flagged], hop: 0.04, frames: [1, 1, nil]))
    let rate = AlarmRate([genuine, partly]).perHour()
    #expect(isClose(rate, 3600 / 60.06, within: 1e-9))
    #expect(isClose(AlarmRate([genuine, partly]).perHour(weights: [0, 1]), 0))
    #expect(AlarmRate([]).perHour() == nil)
  }
}
