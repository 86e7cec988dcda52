import BonafideNetwork
import Foundation
import Testing

@testable import Bonafide

private let hop = 0.04
private let calibration = Calibration(slope: 1, offset: 0, halfSpeech: 1)

/// A party that speaks with pauses of random lengths.
///
/// - Parameter score: of the speech at a second, before noise.
private func track(
  seconds: Double, generator: inout SeededGenerator, talk: ClosedRange<Double> = 0.2...3,
  pause: ClosedRange<Double> = 0.04...1, score: (Double) -> Double
) -> SpeechTrack {
  let count = Int(seconds / hop)
  var (frames, scores, weights): ([Int], [Float], [Float]) = ([], [], [])
  var frame = 0
  while frame < count {
    let end = min(count, frame + max(1, Int(Double.random(in: talk, using: &generator) / hop)))
    for i in frame..<end {
      frames.append(i)
      scores.append(Float(score(Double(i) * hop) + Double.random(in: -1...1, using: &generator)))
      weights.append(Float.random(in: 0.5...2, using: &generator))
    }
    frame = end + max(1, Int(Double.random(in: pause, using: &generator) / hop))
  }
  return SpeechTrack(hop: hop, frameCount: count, frames: frames, scores: scores, weights: weights)
}

private func judge(_ track: SpeechTrack, signalToNoise: Double? = nil, timeline: Bool = false) -> PartyResult {
  let thresholds = Thresholds(ModelCard.OperatingPoints(alarm: -1, clear: 1), options: ScanOptions())
  let evidence = evidence(of: track, calibration: calibration, thresholds: thresholds, timeline: timeline)
  return PartyJudge(thresholds: thresholds, prior: 0.05).result(
    evidence, signalToNoise: signalToNoise, channel: 1, duration: Double(track.frameCount) * hop, timeline: timeline)
}

@Suite struct StretchTests {
  @Test(arguments: 0..<40) func stretchesAreSortedDisjointAndInside(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let seconds = Double.random(in: 0.5...120, using: &generator)
    let period = Double.random(in: 0.3...20, using: &generator)
    let track = track(seconds: seconds, generator: &generator, pause: 0.04...4) { second in
      Int(second / period) % 2 == 0 ? 3 : -4
    }
    let result = judge(track, timeline: true)
    var last = 0.0
    for segment in result.segments {
      #expect(segment.start >= last)
      #expect(segment.end <= seconds + 1e-9)
      #expect(segment.end - segment.start >= min(StretchFinder.minimum, result.speech) - 1e-9)
      #expect((0...1).contains(segment.syntheticProbability))
      #expect(segment.llr.isFinite)
      last = segment.end
    }
    #expect(result.verdict == .synthetic || result.segments.isEmpty || result.reason == .ambiguous)
    #expect(result.timeline?.llr.count == track.frameCount)
    #expect(result.timeline?.llr.count { $0 != nil } == track.frames.count)
  }

  @Test(arguments: 0..<20) func nothingIsFlaggedInHighScores(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let result = judge(track(seconds: 60, generator: &generator) { _ in 4 })
    #expect(result.verdict == .bonafide)
    #expect(result.segments.isEmpty)
  }

  @Test(arguments: 0..<20) func fiveLowSecondsAreFound(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let start = Double.random(in: 5...50, using: &generator)
    let track = track(seconds: 60, generator: &generator, talk: 2...4, pause: 0.04...0.3) { second in
      (start..<start + 5).contains(second) ? -5 : 4
    }
    let result = judge(track)
    #expect(result.verdict == .synthetic)
    try #require(result.segments.count == 1)
    #expect(abs(result.segments[0].start - start) <= 0.5)
    #expect(abs(result.segments[0].end - start - 5) <= 0.5)
    #expect(result.segments[0].llr < -1)
  }

  @Test(arguments: 0..<10) func lowPartyIsFlaggedWhole(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let track = track(seconds: 30, generator: &generator, pause: 0.04...0.5) { _ in -4 }
    let result = judge(track)
    #expect(result.verdict == .synthetic)
    let flagged = result.segments.reduce(0) { $0 + $1.end - $1.start }
    #expect(flagged > 0.9 * result.speech)
  }

  /// Speech that is only just low enough as a whole: no second of it enters a stretch of its own.
  @Test func syntheticPartyWithoutStretchesIsFlaggedByTurns() {
    let frames = Array(0..<100) + Array(200..<300)
    let track = SpeechTrack(
      hop: hop, frameCount: 300, frames: frames, scores: [Float](repeating: -1.2, count: 200),
      weights: [Float](repeating: 1, count: 200))
    let result = judge(track)
    #expect(result.verdict == .synthetic)
    #expect(result.segments.map(\.start) == [0, 8])
    #expect(result.segments.map(\.end) == [4, 12])
  }

  /// Of the same, turns that sound genuine are not flagged.
  @Test(arguments: [([Float(-1.5), -0.2], [0.0]), ([-1.01, -1.01], [0, 8]), ([-1.4, -0.6], [0, 8])])
  func turnsThatSoundGenuineAreNotFlagged(scores: [Float], starts: [Double]) {
    let frames = Array(0..<100) + Array(200..<250)
    // As of two seconds; one second of speech is half of the evidence.
    let raw = zip(scores, [Float(5.0 / 4), 3.0 / 2]).map { $0 * $1 }
    let track = SpeechTrack(
      hop: hop, frameCount: 300, frames: frames, scores: frames.map { $0 < 200 ? raw[0] : raw[1] },
      weights: [Float](repeating: 1, count: 150))
    let thresholds = Thresholds(ModelCard.OperatingPoints(alarm: -1, clear: 1, stretch: -2), options: ScanOptions())
    let evidence = evidence(of: track, calibration: calibration, thresholds: thresholds, timeline: false)
    let result = PartyJudge(thresholds: thresholds, prior: 0.05).result(
      evidence, signalToNoise: nil, channel: 1, duration: 12, timeline: false)
    #expect(result.verdict == .synthetic)
    #expect(result.segments.map(\.start) == starts)
  }

  @Test func shortDipsAreNotStretches() {
    var generator = SeededGenerator(seed: 7)
    let track = track(seconds: 60, generator: &generator) { $0.truncatingRemainder(dividingBy: 10) < 0.4 ? -8 : 4 }
    #expect(judge(track).segments.isEmpty)
  }

  @Test func longPausesSplitStretches() {
    let frames = Array(0..<75) + Array(150..<225)
    let track = SpeechTrack(
      hop: hop, frameCount: 225, frames: frames, scores: [Float](repeating: -6, count: 150),
      weights: [Float](repeating: 1, count: 150))
    let segments = judge(track).segments
    #expect(segments.map(\.start) == [0, 6])
    #expect(segments.map(\.end) == [3, 9])
  }

  @Test func thresholdsMoveWithOptions() {
    let points = ModelCard.OperatingPoints(alarm: -1, clear: 2, stretch: -3)
    var options = ScanOptions()
    #expect(Thresholds(points, options: options).stretch == -3)
    options.alarmAt = 0
    options.clearAt = 5
    let moved = Thresholds(points, options: options)
    #expect(moved.alarm == 0 && moved.clear == 5 && moved.stretch == -2 && moved.release == 1.5)
    options.clearAt = -9
    #expect(Thresholds(points, options: options).release == -2)
  }
}

@Suite struct JudgeTests {
  private func steady(_ score: Float, frames: Int) -> SpeechTrack {
    SpeechTrack(
      hop: hop, frameCount: frames, frames: Array(0..<frames), scores: [Float](repeating: score, count: frames),
      weights: [Float](repeating: 1, count: frames))
  }

  @Test func noSpeech() {
    let result = judge(SpeechTrack(hop: hop, frameCount: 100, frames: [], scores: [], weights: []), timeline: true)
    #expect(result.verdict == .inconclusive && result.reason == .noSpeech)
    #expect(result.llr == nil && result.syntheticProbability == nil && result.speech == 0)
    #expect(result.timeline?.llr == [Float?](repeating: nil, count: 100))
  }

  @Test func tooLittleSpeech() {
    let result = judge(steady(-9, frames: 24))
    #expect(result.verdict == .inconclusive && result.reason == .tooLittleSpeech)
    #expect(result.llr != nil && result.segments.isEmpty)
    #expect(judge(steady(-9, frames: 25)).verdict == .synthetic)
  }

  @Test func tooNoisy() {
    #expect(judge(steady(-9, frames: 100), signalToNoise: 2.9).reason == .tooNoisy)
    #expect(judge(steady(-9, frames: 100), signalToNoise: 3.1).verdict == .synthetic)
    // Noise clears nobody.
    #expect(judge(steady(9, frames: 100), signalToNoise: 11.9).reason == .tooNoisy)
    #expect(judge(steady(9, frames: 100), signalToNoise: 12.1).verdict == .bonafide)
    #expect(judge(steady(0, frames: 100), signalToNoise: 11.9).reason == .ambiguous)
  }

  @Test(arguments: [(Float(-9), Verdict.synthetic, Reason?.none), (0, .inconclusive, .ambiguous), (9, .bonafide, nil)])
  func scoreDecides(score: Float, verdict: Verdict, reason: Reason?) {
    let result = judge(steady(score, frames: 100))
    #expect(result.verdict == verdict)
    #expect(result.reason == reason)
    #expect(abs((result.llr ?? 0) - Double(score) * 4 / 5) < 1e-6)
  }

  @Test func stretchOfOneSecondLeavesDoubt() {
    var scores = [Float](repeating: 6, count: 1000)
    for i in 500..<540 { scores[i] = -9 }
    let track = SpeechTrack(
      hop: hop, frameCount: 1000, frames: Array(0..<1000), scores: scores, weights: [Float](repeating: 1, count: 1000))
    let result = judge(track)
    #expect(result.verdict == .inconclusive && result.reason == .ambiguous)
    #expect(result.segments.count == 1)
  }

  @Test func onlyAudibleFramesWithSpeechCount() throws {
    let outputs = [
      FrameOutput(score: 1, attention: 0, speech: 3), FrameOutput(score: 2, attention: 0, speech: -3),
      FrameOutput(score: 3, attention: 99, speech: 3), FrameOutput(score: .nan, attention: 0, speech: 3),
      FrameOutput(score: 5, attention: .nan, speech: 3), FrameOutput(score: 6, attention: 0, speech: 3),
      FrameOutput(score: 7, attention: 0, speech: 3),
    ]
    let energies: [Float?] = [1, 1, 1, 1, 1, 1e-9, nil]
    let frames = outputs.indices.map { SpeechFrame(outputs[$0], energy: energies[$0], index: $0) }
    #expect(frames.map { $0 != nil } == [true, false, true, false, false, false, false])
    let (first, third) = (try #require(frames[0]), try #require(frames[2]))
    #expect(third.weight.isFinite && third.weight > first.weight)
    #expect(first.index == 0 && third.index == 2 && third.score == 3)
  }
}
