import Foundation
import Testing

@testable import Bonafide

@Suite struct SiteProfileTests {
  let detector: Detector
  let other: Detector

  init() throws {
    var model = try Model.narrowband
    model.card.calibration = Calibration(slope: 1, offset: 0, halfSpeech: 10, genuineMedian: 2)
    model.card.operatingPoints = ModelCard.OperatingPoints(alarm: -2, clear: 1.5, stretch: -3)
    detector = Detector(model: model)
    other = Detector(model: try .wideband)
  }

  /// A recording with a party per score, each with ten seconds of speech: half of the evidence.
  private func recording(_ scores: [Double], reason: Reason? = .ambiguous) -> FileResult {
    let parties = scores.enumerated().map { index, score in
      PartyResult(channel: index + 1, model: "narrowband", verdict: .inconclusive, reason: reason, speech: 10, llr: score / 2)
    }
    return FileResult(path: "genuine.wav", verdict: .inconclusive, parties: parties)
  }

  @Test func scoresMoveToTheMedianOfTheCardAndTheShareIsFlagged() throws {
    let scores = (0..<200).map { Double($0) / 20 - 5 }
    let profile = try SiteProfile(genuine: [recording(scores)], of: detector, falseAlarms: 0.02)
    let adjustment = try #require(profile.adjustments.first)
    #expect(profile.adjustments.count == 1 && adjustment.parties == 200)
    // 200 of 250 parts of the way from the site's median, 0, to the card's.
    #expect(abs(adjustment.offset - 2 * 0.8) < 1e-9)
    let moved = scores.map { ($0 + adjustment.offset) / 2 }
    #expect(moved.count { $0 <= adjustment.alarm } == 4)

    let card = try detector.adjusted(to: profile).narrowband.card
    #expect(card.calibration.offset == adjustment.offset)
    #expect(card.operatingPoints.alarm == adjustment.alarm)
    #expect(abs(try #require(card.operatingPoints.stretch) - adjustment.alarm + 1) < 1e-9)
    #expect(card.operatingPoints.clear == 1.5)
  }

  @Test func noneIsFlaggedWhereTheShareIsLessThanOneParty() throws {
    let scores = (0..<60).map { Double($0) }
    let profile = try SiteProfile(genuine: [recording(scores)], of: detector, falseAlarms: 0.01)
    let adjustment = try #require(profile.adjustments.first)
    #expect(scores.allSatisfy { ($0 + adjustment.offset) / 2 > adjustment.alarm })
  }

  @Test(arguments: [0.01, 0.5]) func aSiteWhoseVoicesSoundGenuineGetsAProfileThatCanBeUsed(falseAlarms: Double) throws {
    let scores = (0..<60).map { 9 + Double($0) / 100 }
    let profile = try SiteProfile(genuine: [recording(scores)], of: detector, falseAlarms: falseAlarms)
    let points = try detector.adjusted(to: profile).narrowband.card.operatingPoints
    #expect(points.alarm < points.clear && points.alarm < 0)
  }

  @Test func partiesThatCannotBeJudgedDoNotCount() throws {
    let enough = [Double](repeating: 0, count: 60)
    let many = [recording(enough, reason: .tooNoisy), recording(enough, reason: .tooLittleSpeech), recording([0, 1, 2])]
    #expect(throws: ProfileError.self) { try SiteProfile(genuine: many, of: detector, falseAlarms: 0.01) }
    var copies = recording(enough)
    for index in copies.parties.indices.dropFirst() { copies.parties[index].sameAs = 1 }
    #expect(throws: ProfileError.self) { try SiteProfile(genuine: [copies], of: detector, falseAlarms: 0.01) }
  }

  @Test func partiesThatOnlyNoiseKeepsFromBeingClearedCount() throws {
    let clear = detector.operatingPoints(of: detector.narrowband).clear
    let profile = try SiteProfile(
      genuine: [recording([Double](repeating: 2 * clear + 2, count: 60), reason: .tooNoisy)], of: detector, falseAlarms: 0.01)
    #expect(profile.adjustments.first?.parties == 60)
  }

  @Test func aProfileFitsItsModelsAlone() throws {
    let profile = try SiteProfile(genuine: [recording((0..<60).map(Double.init))], of: detector, falseAlarms: 0.01)
    #expect(throws: ProfileError.self) { try other.adjusted(to: profile) }
    var old = profile
    old.schema = "bonafide.profile/0"
    #expect(throws: ProfileError.self) { try detector.adjusted(to: old) }
    var late = profile
    late.adjustments[0].alarm = 7
    #expect(throws: ProfileError.self) { try detector.adjusted(to: late) }
    late.adjustments[0].alarm = .nan
    #expect(throws: ProfileError.self) { try detector.adjusted(to: late) }
  }

  @Test func theOffsetMovesScores() throws {
    let samples = try promptSamples()
    let before = try #require(try detector.score(samples, sampleRate: 8000).llr)
    let profile = try SiteProfile(genuine: [recording((0..<60).map(Double.init))], of: detector, falseAlarms: 0.01)
    let adjusted = try detector.adjusted(to: profile).score(samples, sampleRate: 8000)
    let moved = profile.adjustments[0].offset * adjusted.speech / (adjusted.speech + 10)
    #expect(abs(try #require(adjusted.llr) - before - moved) < 1e-6)
  }

  /// A recording of one party: its score, without the evidence, and the verdict that goes with it at points of −2 and 1.5.
  private func genuine(_ index: Int, _ score: Double) -> FileResult {
    let llr = score / 2
    let verdict: Verdict = llr <= -2 ? .synthetic : llr >= 1.5 ? .bonafide : .inconclusive
    let party = PartyResult(
      channel: 1, model: "narrowband", verdict: verdict, reason: verdict == .inconclusive ? .ambiguous : nil, speech: 10, llr: llr)
    return FileResult(path: "\(index).wav", verdict: verdict, parties: [party])
  }

  /// Scores −5 to 4.95: all but the lowest parts are judged by a profile whose lowest scores are lower still.
  @Test func whatChangesIsToldByCrossValidation() throws {
    let results = (0..<200).map { genuine($0, Double($0) / 20 - 5) }
    let change = try #require(SiteProfile.changes(genuine: results, of: detector, falseAlarms: 0.02).first)
    #expect(change.parties == 200)
    #expect(change.adjustment == (try SiteProfile(genuine: results, of: detector, falseAlarms: 0.02)).adjustments[0])
    #expect(change.points.alarm == -2 && change.points.clear == 1.5)
    // −5 to −4, and 3 to 4.95.
    #expect(change.flagged.before == 21 && change.cleared.before == 40)
    // The lowest twenty are judged without themselves: (−4 + offset) / 2 is the fourth lowest of the rest. No other part has one.
    #expect(change.flagged.after == 20)
    // From 1.05 on: those to 1.95 are moved by (2 + 0.5) · 180 / 230, for the median of the others is −0.5, and must come to 3.
    #expect(change.cleared.after == 79)
    #expect(change.highestUnseenShare == 0.015)
  }

  @Test func aModelOfFewPartiesStaysAsItIs() throws {
    let results = (0..<49).map { genuine($0, -5) }
    let change = try #require(SiteProfile.changes(genuine: results, of: detector, falseAlarms: 0.01).first)
    #expect(change.adjustment == nil && change.parties == 49)
    #expect(change.flagged == .init(before: 49, after: 49) && change.cleared == .init())
    #expect(
      throws: ProfileError(
        message: "too few genuine parties that could be judged: narrowband judged 49; a model takes 50, better a few hundred")
    ) {
      try SiteProfile(genuine: results, of: detector, falseAlarms: 0.01)
    }
  }

  /// By a stretch, a party stays flagged whatever its whole score is.
  @Test func partiesThatAStretchFlagsStayFlagged() throws {
    var results = (0..<60).map { genuine($0, 4) }
    results[30].parties[0].verdict = .synthetic
    results[30].parties[0].segments = [Segment(start: 0, end: 3, llr: -4, syntheticProbability: 0.9)]
    let change = try #require(SiteProfile.changes(genuine: results, of: detector, falseAlarms: 0.01).first)
    #expect(change.flagged == .init(before: 1, after: 1))
  }

  @Test func aProfileSaysWhichModelsItHasNothingFor() throws {
    let profile = try SiteProfile(genuine: [recording((0..<60).map(Double.init))], of: detector, falseAlarms: 0.01)
    #expect(profile.modelsLeft(of: detector) == [])
    #expect(profile.modelsLeft(of: try .builtInFast) == ["wideband"])
  }
}
