import BonafideAudio
import Foundation
import Testing

@testable import Bonafide

/// Which model judges a party.
@Suite struct BandTests {
  let detector: Detector
  /// A prompt at 16 kHz, in the telephone's band.
  let narrow: [Float]

  init() throws {
    detector = try .default
    narrow = try Self.doubled(try promptSamples())
  }

  private static func doubled(_ samples: [Float]) throws -> [Float] {
    var resampler = try Resampler(from: 8000, to: 16000)
    var doubled: [Float] = []
    resampler.process(samples.span, appendingTo: &doubled)
    resampler.finish(appendingTo: &doubled)
    return doubled
  }

  /// The prompt with a hiss of `frequency` over it, 40 dB under its peak, for a tenth of each half second.
  private func hissing(_ frequency: Double) -> [Float] {
    narrow.enumerated().map { index, sample in
      guard index % 8000 < 1600 else { return sample }
      return sample + 0.01 * Float(sin(2 * .pi * frequency / 16000 * Double(index)))
    }
  }

  @Test func telephoneSpeechIsNarrowbandAtAnyRate() throws {
    #expect(try detector.score(try promptSamples(), sampleRate: 8000).model == "narrowband")
    #expect(try detector.score(narrow, sampleRate: 16000).model == "narrowband")
    #expect(try detector.score(hissing(3400), sampleRate: 16000).model == "narrowband")
  }

  /// 8 kHz brought to a higher rate by holding samples, or in straight lines between them: the band under 4 kHz comes again
  /// above, mirrored; at rates that are no multiples, a sample is held now longer, now less long.
  @Test(arguments: [16000, 22050, 44100, 48000]) func imagesOfTheTelephoneBandAreNarrowband(rate: Int) throws {
    let prompt = try promptSamples()
    let places = (0..<(prompt.count - 1) * rate / 8000).map { $0 * 8000 }
    let held = places.map { prompt[$0 / rate] }
    let straight = places.map { place in
      let (index, part) = (place / rate, Float(place % rate) / Float(rate))
      return prompt[index] + (prompt[index + 1] - prompt[index]) * part
    }
    let expected = try #require(try detector.score(prompt, sampleRate: 8000).llr)
    for samples in [held, straight] {
      let party = try detector.score(samples, sampleRate: rate)
      #expect(party.model == "narrowband")
      #expect(abs((party.llr ?? 9) - expected) < 1.5)
    }
  }

  @Test func theMirrorLiesOnABin() {
    for rate in [12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000] {
      let size = SpeechBand.spectrumSize(sampleRate: rate)
      #expect(8_000 * size % rate == 0 && size * 1_000 >= 45 * rate && size * 1_000 <= 90 * rate, "\(rate): \(size)")
    }
    // Of odd rates none is short enough.
    for rate in [44_101, 191_999] { #expect(SpeechBand.spectrumSize(sampleRate: rate) < rate / 10) }
  }

  @Test func speechBeyondTheTelephoneIsWideband() throws {
    let party = try detector.score(hissing(6500), sampleRate: 16000)
    #expect(party.model == "wideband")
    #expect(party.speech > 1 && party.llr != nil)
  }

  @Test func aClickDoesNotMakeAPartyWideband() throws {
    var samples = narrow
    samples[20_000] = 1
    #expect(try detector.score(samples, sampleRate: 16000).model == "narrowband")
  }

  /// Hiss and tones beyond the telephone's band, for longer than the question is open, before a telephone voice.
  @Test func soundsThatAreNoSpeechDoNotCount() throws {
    var generator = SeededGenerator(seed: 3)
    let hiss = (0..<20 * 16000).map { _ in Float.random(in: -0.2...0.2, using: &generator) }
    let tone = (0..<20 * 16000).map { i in 0.2 * Float(sin(2 * .pi * 6000 / 16000 * Double(i))) }
    let samples = hiss + tone + narrow + narrow
    let party = try detector.score(samples, sampleRate: 16000)
    #expect(party.model == "narrowband")
    let stream = try detector.makeStream(sampleRate: 16000)
    for start in stride(from: 0, to: samples.count, by: 1600) {
      try stream.append(Array(samples[start..<min(samples.count, start + 1600)]))
    }
    #expect(try stream.finish().model == "narrowband")
    #expect(try detector.score(narrow + hiss + tone, sampleRate: 16000).model == "narrowband")
  }

  @Test func oneModelJudgesAll() throws {
    let single = Detector(model: try .narrowband)
    #expect(single.models.count == 1)
    #expect(try single.score(hissing(6500), sampleRate: 16000).model == "narrowband")
  }

  @Test(arguments: [1, 10]) func aStreamGivesWhatAScanGives(repetitions: Int) throws {
    let samples = Array(repeatElement(hissing(6500), count: repetitions).joined())
    let expected = try detector.score(samples, sampleRate: 16000)
    let stream = try detector.makeStream(sampleRate: 16000)
    var told: [Segment] = []
    var revisions = 0
    func keep(_ update: StreamUpdate) {
      if update.isRevised { (told, revisions) = ([], revisions + 1) }
      told += update.closed
    }
    for start in stride(from: 0, to: samples.count, by: 320) {
      keep(try stream.append(Array(samples[start..<min(samples.count, start + 320)])))
    }
    let found = try stream.finish()
    keep(stream.update)
    // It was narrowband before there was any sound.
    #expect(revisions == 1)
    #expect(found.model == "wideband" && expected.model == "wideband")
    #expect(abs((found.llr ?? 0) - (expected.llr ?? 9)) < 1e-3)
    #expect(found.speech == expected.speech && found.verdict == expected.verdict)
    #expect(found.segments.map(\.start) == expected.segments.map(\.start))
    try stream.reset()
    for start in stride(from: 0, to: narrow.count, by: 320) {
      try stream.append(Array(narrow[start..<min(narrow.count, start + 320)]))
    }
    #expect(try stream.finish().model == "narrowband")
  }

  /// At any chunking, from a sample to ten seconds, and on whichever side of the half minute the band shows.
  @Test(arguments: [(16000, 0), (16000, 1), (44100, 2)] as [(Int, UInt64)]) func aStreamGivesWhatAScanOfAFileGives(rate: Int, seed: UInt64) throws {
    let once = hissing(6500)
    let quiet = [Float](repeating: 0, count: 8000)
    var samples: [Float] = []
    var resampler = try Resampler(from: 16000, to: rate)
    for part in [quiet, narrow, narrow] + Array(repeating: once, count: 12) { resampler.process(part.span, appendingTo: &samples) }
    resampler.finish(appendingTo: &samples)
    let folder = try TemporaryFolder()
    let path = try folder.writeWAV("party.wav", channels: [samples], sampleRate: rate)

    for detector in [detector, detector.fast] {
      let expected = try #require(detector.scan(path).parties.first)
      #expect(expected.model == "wideband")
      var generator = SeededGenerator(seed: seed)
      let stream = try detector.makeStream(sampleRate: rate)
      var (told, start): ([Segment], Int) = ([], 0)
      while start < samples.count {
        let size = max(1, Int(exp(Double.random(in: 0...log(10 * Double(rate)), using: &generator))))
        let update = try stream.append(Array(samples[start..<min(samples.count, start + size)]))
        told = (update.isRevised ? [] : told) + update.closed
        start += size
      }
      let found = try stream.finish()
      told = (stream.update.isRevised ? [] : told) + stream.update.closed
      #expect(found.model == expected.model && found.verdict == expected.verdict && found.speech == expected.speech)
      #expect(abs((found.llr ?? 0) - (expected.llr ?? 9)) < 1e-3)
      #expect(found.segments.map(\.end) == expected.segments.map(\.end))
      // What both stages say of turns comes in the end.
      if detector.second == nil { #expect(found.segments == told) }
    }
  }

  /// From half a minute of sound on, one model listens.
  @Test func theBandIsSettledInTheEnd() throws {
    let long = Array(repeatElement(narrow, count: 20).joined())
    let late = long + Array(repeatElement(hissing(6500), count: 20).joined())
    #expect(try detector.score(late, sampleRate: 16000).model == "narrowband")
  }
}
