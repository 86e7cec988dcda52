import Foundation
import Testing

@testable import Bonafide

/// Samples of a stream that were lost, or not sent.
@Suite struct GapTests {
  let detector: Detector

  init() throws {
    detector = Detector(model: try .narrowband)
  }

  @Test(arguments: [8000, 16000, 11025]) func lostPacketsAreGaps(rate: Int) throws {
    let samples = try recording("genuine-en.ulaw.wav", rate: rate, seconds: 12)
    let whole = try detector.score(samples, sampleRate: rate)
    let packet = rate / 50
    let stream = try detector.makeStream(sampleRate: rate)
    var generator = SeededGenerator(seed: 5)
    for start in stride(from: 0, to: samples.count, by: packet) {
      let end = min(samples.count, start + packet)
      if Int.random(in: 0..<50, using: &generator) == 0 {
        try stream.append(missing: end - start)
      } else {
        try stream.append(samples.span.extracting(start..<end))
      }
    }
    #expect(abs(stream.update.time - Double(samples.count) / Double(rate)) < 1e-9)
    let result = try stream.finish()
    #expect(abs(result.speech - whole.speech) < 0.1 * whole.speech)
    #expect(abs((result.llr ?? 99) - (whole.llr ?? 0)) < 1)
    #expect(result.verdict == whole.verdict || result.reason == .ambiguous)
  }

  /// However a gap is told, and however long it is, what follows is found at its time.
  @Test(arguments: [(8000, 3600), (11025, 77), (6001, 9)]) func longGapsCostNoMoreThanShortOnes(rate: Int, seconds: Int) throws {
    let speech = try recording("synthetic-hts.ulaw.wav", rate: rate, seconds: 5)
    let gap = seconds * rate + 123
    var options = ScanOptions()
    options.timeline = true
    func result(_ pieces: [Int]) throws -> PartyResult {
      let stream = try detector.makeStream(sampleRate: rate, options: options)
      try stream.append(speech)
      for piece in pieces { try stream.append(missing: piece) }
      #expect(abs(stream.update.time - Double(speech.count + gap) / Double(rate)) < 1e-6)
      try stream.append(speech)
      return try stream.finish()
    }
    let pieces = [0, 1, 5 * rate, 160, gap - 5 * rate - 161]
    let (atOnce, inPieces) = (try result([gap]), try result(pieces))
    #expect(inPieces == atOnce)
    let duration = Double(2 * speech.count + gap) / Double(rate)
    let timeline = try #require(atOnce.timeline)
    #expect(abs(Double(timeline.llr.count) * timeline.hop - duration) < 0.08)
    // By their ends: where the first speech begins, the network knows nothing of what was before.
    let first = try #require(timeline.llr[..<(timeline.llr.count / 2)].lastIndex { $0 != nil })
    let second = try #require(timeline.llr.lastIndex { $0 != nil })
    let shift = Double(speech.count + gap) / Double(rate)
    #expect(abs(timeline.hop * Double(second - first) - shift) < 0.2)
  }

  /// A gap does not count as noise, nor does the level fall in it.
  @Test func gapsAreNeitherSpeechNorNoise() throws {
    let stream = try detector.makeStream(sampleRate: 8000)
    let update = try stream.append(missing: 80_000)
    #expect(update.time == 10 && update.speech == 0 && update.reason == .noSpeech && update.llr == nil)
    let result = try stream.finish()
    #expect(result.reason == .noSpeech)

    let settings = detector.narrowband.card.features
    var logMel = try LogMel(FeatureTables(settings), isPrompt: true)
    var (features, energies): ([Float], [Float?]) = ([], [])
    let tone = (0..<4000).map { 0.5 * sin(Float($0)) }
    logMel.append(tone, into: &features, energies: &energies)
    logMel.expectMissing(4000..<20_000)
    logMel.append([Float](repeating: 0, count: 16_000), into: &features, energies: &energies)
    let width = settings.featuresPerFrame
    let before = features.suffix(width)
    logMel.append(tone, into: &features, energies: &energies)
    logMel.finish(into: &features, energies: &energies)
    #expect(energies.count { $0 == nil } == 200)
    #expect(before.elementsEqual(features[(60 * width)..<(61 * width)]))
    // The tone is as loud behind the gap as before it.
    let last = features.dropLast(4 * width).suffix(width)
    let first = features[(20 * width)..<(21 * width)]
    #expect(abs((last.max() ?? 0) - (first.max() ?? 9)) < 0.05)
  }

  @Test(arguments: [-1, Int.min, Int.max, 8 * 86_400 * 8000]) func nonsenseCountsAreErrors(count: Int) throws {
    let stream = try detector.makeStream(sampleRate: 8000)
    #expect(throws: ScreeningError.badCount(count)) { try stream.append(missing: count) }
    #expect(try stream.append(missing: 0).time == 0)
    #expect(try stream.append(missing: 1_000_000_000).time == 125_000)
  }
}
