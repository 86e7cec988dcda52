import Foundation
import Testing

@testable import Bonafide

private let hop = 0.04
private let calibration = Calibration(slope: 1.5, offset: -0.25, halfSpeech: 0.5)
private let thresholds = Thresholds(ModelCard.OperatingPoints(alarm: -1, clear: 1, stretch: -1.5), options: ScanOptions())

/// Speech that tries the edges: pauses around the limits of 0.6 s and 2 s, scores that step over the thresholds.
///
/// - Parameter grid: scores and weights whose sums have no rounding, so that the order of summing cannot decide.
private func adversarialTrack(seed: UInt64, grid: Bool) -> SpeechTrack {
  var generator = SeededGenerator(seed: seed)
  var (frames, scores, weights): ([Int], [Float], [Float]) = ([], [], [])
  var frame = Int.random(in: 0...60, using: &generator)
  let runs = Int.random(in: 0...60, using: &generator)
  let level: [Float] = [-8, -2, -1, -0.5, 0, 1, 6]
  var score = level.randomElement(using: &generator, or: 0)
  for _ in 0..<runs {
    if Bool.random(using: &generator) { score = level.randomElement(using: &generator, or: 0) }
    for _ in 0..<[1, 2, 5, 13, 24, 25, 26, 60].randomElement(using: &generator, or: 1) {
      frames.append(frame)
      scores.append(grid ? score : score + Float.random(in: -3...3, using: &generator))
      weights.append(grid ? [0.25, 1, 4].randomElement(using: &generator, or: 1) : Float.random(in: 1e-3...1e3, using: &generator))
      frame += 1
    }
    frame += [1, 1, 2, 5, 13, 14, 15, 16, 49, 50, 51, 52, 200].randomElement(using: &generator, or: 1)
  }
  return SpeechTrack(hop: hop, frameCount: frame, frames: frames, scores: scores, weights: weights)
}

extension Array {
  fileprivate func randomElement(using generator: inout SeededGenerator, or other: Element) -> Element {
    randomElement(using: &generator) ?? other
  }
}

@Suite struct EvidenceTests {
  private static let finder = WholeStretchFinder(
    calibration: calibration, enter: thresholds.stretch, leave: thresholds.release)

  /// Frame by frame as from the whole.
  @Test(arguments: 0..<300) func evidenceIsThatOfTheWhole(seed: UInt64) {
    let track = adversarialTrack(seed: seed, grid: seed % 2 == 0)
    let evidence = evidence(of: track, calibration: calibration, thresholds: thresholds, timeline: true)
    #expect(evidence.frameCount == track.frameCount)
    #expect(evidence.pooled.count == track.frames.count)
    #expect(evidence.pooled.raw == track.raw(in: track.frames.indices))

    let smoothed = Self.finder.smoothed(track)
    var timeline = [Float?](repeating: nil, count: track.frameCount)
    for (frame, value) in zip(track.frames, smoothed) { timeline[frame] = value }
    #expect(evidence.timeline == timeline)
    compare(evidence.stretches, Self.finder.stretches(of: track, smoothed: smoothed), track)
    compare(evidence.turns.turns, Self.finder.everything(of: track), track)
    #expect(evidence.longestStretch == evidence.stretches.map(\.pooled.count).max() ?? 0)
  }

  private func compare(_ found: [SpeechSpan], _ expected: [WholeStretchFinder.Stretch], _ track: SpeechTrack) {
    #expect(found.map(\.start) == expected.map { track.frames[$0.range.lowerBound] })
    #expect(found.map(\.end) == expected.map { track.frames[$0.range.upperBound - 1] + 1 })
    #expect(found.map(\.pooled.count) == expected.map(\.range.count))
    for (span, stretch) in zip(found, expected) {
      #expect(abs(calibration.llr(raw: span.pooled.raw, speech: span.speech(hop: hop)) - stretch.llr) < 1e-9)
    }
  }

  @Test(arguments: 0..<30) func pausesMayComeInPieces(seed: UInt64) {
    let track = adversarialTrack(seed: seed, grid: false)
    let whole = evidence(of: track, calibration: calibration, thresholds: thresholds)
    var pieces = PartyEvidence(calibration: calibration, thresholds: thresholds, hop: hop, timeline: false)
    for (i, frame) in track.frames.enumerated() {
      while pieces.frameCount < frame { pieces.pass(1) }
      pieces.append(SpeechFrame(index: frame, score: track.scores[i], weight: track.weights[i]))
    }
    while pieces.frameCount < track.frameCount { pieces.pass(1) }
    pieces.finish()
    #expect(pieces.stretches == whole.stretches && pieces.turns.turns == whole.turns.turns)
  }

  /// What was said to be closed stays, and what is open at the end was told before.
  @Test(arguments: 0..<30) func closedStretchesDoNotChange(seed: UInt64) {
    var told: [SpeechSpan] = []
    let evidence = evidence(
      of: adversarialTrack(seed: seed, grid: false), calibration: calibration, thresholds: thresholds
    ) { evidence in
      #expect(Array(evidence.stretches.prefix(told.count)) == told)
      if let open = evidence.openStretch, let last = evidence.stretches.last { #expect(open.start >= last.end) }
      told = evidence.stretches
    }
    #expect(Array(evidence.stretches.prefix(told.count)) == told)
  }

  /// Turns past the capacity are joined, the closest first.
  @Test func turnsAreBounded() {
    var log = TurnLog(hop: hop)
    let count = TurnLog.capacity + 10
    var start = 0
    for turn in 0..<count {
      var span = SpeechSpan(SpeechFrame(index: start, score: -1, weight: 1))
      for i in 1..<30 { span.add(SpeechFrame(index: start + i, score: -1, weight: 1)) }
      log.append(span)
      start += 30 + (turn % 100 == 7 ? 51 : 60)
    }
    #expect(log.turns.count == TurnLog.capacity)
    #expect(log.turns.reduce(0) { $0 + $1.pooled.count } == 30 * count)
    #expect(log.turns.count { $0.pooled.count > 30 } == 10)
    #expect(log.turns.allSatisfy { $0.pooled.count == 30 || $0.end - $0.start == 111 })
    #expect(log.turns.last?.end == start - 60)
  }

  @Test func aVoidPartyHasNoEvidence() {
    var evidence = PartyEvidence(calibration: calibration, thresholds: thresholds, hop: hop, timeline: true)
    evidence.pass(0)
    evidence.finish()
    #expect(evidence.timeline.isEmpty && evidence.stretches.isEmpty && evidence.turns.turns.isEmpty)
    #expect(evidence.noise.signalToNoise == nil && evidence.openStretch == nil)
  }
}

@Suite struct NoiseTests {
  /// The estimate of a party, frame by frame.
  private func estimate(_ energies: [Float?], speech: [Int]) -> Double? {
    var estimate = NoiseEstimate(hop: hop)
    let speech = Set(speech)
    for (frame, energy) in energies.enumerated() {
      if speech.contains(frame), let energy { estimate.append(speech: energy) } else { estimate.append(pause: energy) }
    }
    return estimate.signalToNoise
  }

  private func track(_ frames: [Int], frameCount: Int) -> SpeechTrack {
    SpeechTrack(
      hop: hop, frameCount: frameCount, frames: frames, scores: [Float](repeating: 0, count: frames.count),
      weights: [Float](repeating: 1, count: frames.count))
  }

  /// Within 0.3 dB of the quantiles of sorted energies, where speech stands out by −5 dB or more.
  @Test(arguments: 0..<200) func isThatOfSortedEnergies(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let noise = Double.random(in: -80 ... -20, using: &generator)
    let above = Double.random(in: 0...40, using: &generator)
    let spread = Double.random(in: 0...15, using: &generator)
    var (energies, frames): ([Float], [Int]) = ([], [])
    while energies.count < 2000 {
      for _ in 0..<Int.random(in: 1...80, using: &generator) {
        frames.append(energies.count)
        energies.append(level(noise + above + Double.random(in: -spread...spread, using: &generator)))
      }
      for _ in 0..<Int.random(in: 0...(seed % 4 == 0 ? 0 : 60), using: &generator) {
        energies.append(level(noise + Double.random(in: -spread...spread, using: &generator)))
      }
    }
    let exact = try #require(exactSignalToNoise(track(frames, frameCount: energies.count), energies: energies))
    let found = try #require(estimate(energies, speech: frames))
    if exact >= -5 { #expect(abs(found - exact) < 0.3) } else { #expect(found < 0) }
  }

  private func level(_ decibel: Double) -> Float { Float(pow(10, decibel / 10)) }

  @Test(arguments: [(0.0, 0.0), (10.0, 10.0), (40.0, 40.0)]) func isMeasuredInPauses(decibel: Double, expected: Double) throws {
    var energies = [Float](repeating: 1, count: 400)
    let frames = (0..<400).filter { $0 % 50 < 25 }
    for frame in frames { energies[frame] = 1 + level(decibel) }
    for frame in 25..<30 { energies[frame] = 1000 }
    #expect(abs(try #require(estimate(energies, speech: frames)) - expected) < 0.3)
  }

  @Test func withoutPausesTheLowOfSpeechIsNoise() throws {
    let flat = [Float](repeating: 1, count: 105)
    #expect(try #require(estimate(flat, speech: Array(0..<100))) < PartyJudge.leastSignalToNoise)
    let varied = (0..<105).map { Float($0 % 5 == 0 ? 1 : 100) }
    #expect(try #require(estimate(varied, speech: Array(0..<100))) > 15)
    #expect(estimate(flat, speech: []) == nil)
  }

  /// Music between turns that is as loud as speech, and taken for some here and there, but weighs little in the score.
  @Test func musicBetweenTurnsIsNoNoise() throws {
    var generator = SeededGenerator(seed: 11)
    var estimate = NoiseEstimate(hop: hop)
    func turn() {
      for frame in 0..<200 {
        if frame % 10 < 7 {
          estimate.append(speech: level(Double.random(in: -30 ... -20, using: &generator)), weight: 0.5 + Double(frame % 3))
        } else {
          estimate.append(pause: level(-60))
        }
      }
    }
    turn()
    for frame in 0..<3000 {
      let energy = level(Double.random(in: -25 ... -20, using: &generator))
      if frame % 9 == 0 { estimate.append(speech: energy, weight: 0.004) } else { estimate.append(pause: energy) }
    }
    turn()
    #expect(try #require(estimate.signalToNoise) > 25)
  }

  /// As of a noise gate: the noise under the speech is still there.
  @Test(arguments: [0, 1e-9] as [Float]) func silenceInPausesTellsNothing(silence: Float) throws {
    let frames = (0..<400).filter { $0 % 50 < 25 }
    var energies = (0..<400).map { Float($0 % 5 == 0 ? 1 : 100) }
    for frame in 0..<400 where frame % 50 >= 25 { energies[frame] = silence }
    let gated = try #require(estimate(energies, speech: frames))
    let (alone, all) = (frames.map { energies[$0] }, Array(0..<frames.count))
    #expect(try gated == #require(estimate(alone, speech: all)) && abs(gated - 19) < 1)
  }

  @Test func missingFramesAreNoNoise() throws {
    let frames = (0..<400).filter { $0 % 50 < 25 }
    var energies: [Float?] = (0..<400).map { $0 % 50 < 25 ? 101 : 1 }
    let complete = try #require(estimate(energies, speech: frames))
    for frame in 0..<400 where frame % 50 > 28 { energies[frame] = nil }
    #expect(estimate(energies, speech: frames) == complete)
  }

  @Test(arguments: [0, 1e-12, .nan, .infinity, 1e30, -1]) func anyEnergyCanBeCounted(energy: Float) {
    var histogram = EnergyHistogram()
    histogram.add(energy)
    #expect(histogram.count == 1)
    #expect(histogram.energy(quantile: 0).isFinite)
  }
}
