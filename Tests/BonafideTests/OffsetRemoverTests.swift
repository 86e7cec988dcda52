import Foundation
import Testing

@testable import Bonafide

/// What a converter adds to a voice goes before anything is made of it.
struct OffsetRemoverTests {
  private static let rate = 8000

  /// A voice of 120 Hz with overtones, in turns of half a second.
  private static func voice(seconds: Int) -> [Float] {
    var generator = SeededGenerator(seed: 3)
    return (0..<seconds * rate).map { index in
      let t = Double(index) / Double(rate)
      let tones = (1...5).reduce(0.0) { $0 + sin(2 * .pi * 120 * Double($1) * t) / Double($1) }
      return Float(index / (rate / 2) % 2 == 0 ? 0.1 * tones : 0) + .random(in: -0.0005...0.0005, using: &generator)
    }
  }

  /// What comes of samples in blocks of a length.
  private func processed(_ samples: [Float], block: Int) -> [Float] {
    var remover = OffsetRemover(sampleRate: Self.rate)
    var (output, part) = ([Float](), [Float]())
    for start in stride(from: 0, to: samples.count, by: block) {
      let block = Array(samples[start..<min(samples.count, start + block)])
      output += remover.process(block.span, into: &part) ? part : block
    }
    return output + remover.release()
  }

  @Test func whatHasNoneStaysAsItIs() {
    for samples in [Self.voice(seconds: 8), [Float](repeating: 0, count: 8000), [0.25, 0.25]] {
      let isSame = processed(samples, block: 160) == samples
      #expect(isSame, "\(samples.count) samples")
    }
  }

  @Test(arguments: [-0.02, 0.003] as [Float]) func anOffsetGoes(offset: Float) {
    let voice = Self.voice(seconds: 8)
    let output = processed(voice.map { $0 + offset }, block: 160)
    let rest = zip(output, voice).map { abs($0 - $1) }
    let greatest = rest.dropFirst(4000).max() ?? 1
    // Nowhere in a step.
    let step = zip(rest, rest.dropFirst()).map { abs($0 - $1) }.max() ?? 1
    #expect(output.count == voice.count && greatest < max(0.0007, 0.1 * abs(offset)) && step < 0.05 * abs(offset))
  }

  @Test func itDoesNotMatterHowBlocksAreCut() {
    let samples = Self.voice(seconds: 3).map { $0 + 0.01 } + [Float](repeating: 0, count: 4000) + Self.voice(seconds: 6)
    let whole = processed(samples, block: samples.count)
    for block in [1, 79, 160, 8001] {
      let isSame = processed(samples, block: block) == whole
      #expect(isSame, "blocks of \(block)")
    }
  }

  @Test func digitalSilenceStays() {
    let voice = Self.voice(seconds: 2).map { $0 + 0.01 }
    let output = processed(voice + [Float](repeating: 0, count: 4000) + voice, block: 400)
    let (silence, last) = (output[16_020..<20_000].allSatisfy { $0 == 0 }, output[20_000...].map { abs($0) }.max() ?? 0)
    #expect(silence && last > 0.05)
  }

  /// The same of files and of streams, whatever their packets.
  @Test func anOffsetChangesNoVerdict() throws {
    let detector = try Detector.builtIn(.fastest)
    let voice = try promptSamples()
    let plain = try detector.score(voice, sampleRate: 8000)
    for offset in [0.003, 0.02] as [Float] {
      let party = try detector.score(voice.map { $0 + offset }, sampleRate: 8000)
      #expect(abs(try #require(party.llr) - (try #require(plain.llr))) < 0.2 && party.verdict == plain.verdict)
    }
  }
}
