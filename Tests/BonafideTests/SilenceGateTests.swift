import Glibc
import Testing

@testable import Bonafide

@Suite struct SilenceGateTests {
  private let unit = 320

  /// Noise of a level in dB of full scale, in each part of a number of units.
  private func noise(_ parts: [(units: Int, level: Double)], seed: UInt64 = 1) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return parts.flatMap { part in
      let peak = Float(3.0.squareRoot() * pow(10, part.level / 20))
      return (0..<part.units * unit).map { _ in Float.random(in: -peak...peak, using: &generator) }
    }
  }

  private func passed(_ samples: [Float], pieces: Int) -> (samples: [Float], drops: [SilenceGate.Drop]) {
    var gate = SilenceGate(unit: unit)
    var output: [Float] = []
    var drops: [SilenceGate.Drop] = []
    for start in stride(from: 0, to: samples.count, by: pieces) {
      gate.append(Array(samples[start..<min(start + pieces, samples.count)]), to: &output, drops: &drops)
    }
    gate.release(to: &output)
    #expect(output.count + gate.dropped == samples.count)
    #expect(gate.passed == output.count)
    return (output, drops)
  }

  @Test func insideOfSilencesIsLeftOut() {
    let samples = noise([(50, -20), (200, -60), (50, -20)])
    let (output, drops) = passed(samples, pieces: samples.count)
    // A second behind the sound and 0.6 s ahead of the next are there.
    let kept = drops.first?.after ?? 0
    #expect((50 + 24...50 + 30).contains(kept))
    #expect(drops.allSatisfy { $0.after == kept })
    let left = drops.reduce(0) { $0 + $1.count }
    #expect(left == 200 - (kept - 50) - 15)
    #expect(output == Array(samples[..<(kept * unit)] + samples[((kept + left) * unit)...]))
  }

  @Test(arguments: [1, 160, 333, 8000]) func blocksMakeNoDifference(size: Int) {
    let samples = noise([(30, -25), (90, -50), (10, -25), (70, -50), (20, -30), (40, -120)])
    let (whole, other) = (passed(samples, pieces: samples.count), passed(samples, pieces: size))
    #expect(whole.samples == other.samples)
    #expect(whole.drops == other.drops)
    #expect(whole.drops.contains { $0.count > 0 })
  }

  @Test func placesAreEven() {
    for pause in 60..<70 {
      #expect(passed(noise([(7, -20), (pause, -70), (9, -20)]), pieces: 801).drops.allSatisfy { $0.after % 2 == 0 })
    }
  }

  /// A voice that goes up and down by 15 dB five times a second has no silence, loud or soft.
  @Test(arguments: [-20.0, -50, -65]) func changingSoundPasses(level: Double) {
    let syllables = (0..<100).flatMap { k in [(units: 3, level: level), (units: 2, level: level - 15 - Double(k % 3))] }
    #expect(passed(noise(syllables), pieces: 4000).drops.isEmpty)
  }

  @Test func steadySoundAsLoudAsSpeechPasses() {
    #expect(passed(noise([(50, -20), (200, -26)]), pieces: 4000).drops.isEmpty)
  }

  @Test func missingSamplesAreNoSilence() {
    var gate = SilenceGate(unit: unit)
    var output: [Float] = []
    var drops: [SilenceGate.Drop] = []
    let pause = noise([(20, -70)])
    for _ in 0..<6 {
      gate.append(pause, to: &output, drops: &drops)
      gate.release(to: &output)
      gate.pass(missing: 100)
    }
    #expect(drops.isEmpty)
    #expect(gate.passed == 6 * (pause.count + 100))
  }

  /// Whatever is left out, what is said of the rest keeps its time.
  @Test func timesCountWhatIsLeftOut() throws {
    let detector = try Detector.default.fast
    let voice = try promptSamples()
    let pause = noise([(500, -66)])
    var options = ScanOptions()
    options.timeline = true
    let folder = try TemporaryFolder()
    let path = try folder.writeWAV("pause.wav", channels: [voice + pause + voice])
    let alone = detector.scan(try folder.writeWAV("voice.wav", channels: [voice]), options: options)
    let both = detector.scan(path, options: options)
    let (first, all) = try (#require(alone.parties.first), #require(both.parties.first))
    let (short, long) = try (#require(first.timeline).llr, #require(all.timeline).llr)
    let shift = Int((Double(voice.count + pause.count) / 320).rounded())
    #expect(abs(long.count - short.count - shift) <= 2)
    let heard = long.indices.filter { long[$0] != nil }
    let again = heard.filter { $0 >= shift - 5 }
    let once = short.indices.filter { short[$0] != nil }
    #expect(!once.isEmpty)
    #expect(abs((again.first ?? 0) - (once.first ?? 0) - shift) <= 5)
    #expect(abs(again.count - once.count) <= once.count / 5)
    #expect(all.speech < 2.2 * first.speech)
  }

  /// A live stream does not wait for the frames behind a silence.
  @Test func silenceIsToldAtOnce() throws {
    let stream = try Detector.default.fast.makeStream(sampleRate: 8000)
    try stream.append(promptSamples())
    for second in 1...8 {
      let update = try stream.append(noise([(25, -66)], seed: UInt64(second)))
      #expect(update.time - update.scoredTime < 1.2)
    }
  }

  /// What waits for a block to fill does not wait through a silence, however long.
  @Test func recordingsWaitForNothingEither() throws {
    var screener = try PartyScreener(
      model: try .narrowband, second: nil, sampleRate: 8000, options: ScanOptions(), pace: .recording)
    let voice = try promptSamples()
    screener.append(voice.span)
    for second in 1...60 {
      let pause = noise([(25, -66)], seed: UInt64(second))
      screener.append(pause.span)
      // The prompt's own pauses are softer, and are forgotten after six seconds.
      if second > 8 { #expect(screener.duration - screener.scoredDuration < 1.2) }
    }
  }
}
