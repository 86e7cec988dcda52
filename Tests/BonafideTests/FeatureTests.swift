import Foundation
import Testing

@testable import Bonafide

@Suite struct FeatureTests {
  let settings: FeatureSettings

  init() throws {
    settings = try Model.narrowband.card.features
  }

  /// Features and energies of samples that come in blocks of the given sizes, over and over.
  private func logMel(_ samples: [Float], blocks: [Int], isPrompt: Bool = false) throws -> (features: [Float], energies: [Float?]) {
    var extractor = try LogMel(FeatureTables(settings), isPrompt: isPrompt)
    var (features, energies): ([Float], [Float?]) = ([], [])
    var (start, turn) = (0, 0)
    while start < samples.count {
      let end = min(samples.count, start + blocks[turn % blocks.count])
      extractor.append(Array(samples[start..<end]), into: &features, energies: &energies)
      start = end
      turn += 1
    }
    extractor.finish(into: &features, energies: &energies)
    return (features, energies)
  }

  @Test func agreesWithLibrosaOnARecording() throws {
    let bytes = [UInt8](try Data(contentsOf: golden("prompt.logmel")))
    let expected = stride(from: 0, to: bytes.count - 3, by: 4).map { i in
      Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[i + $1]) << UInt32(8 * $1) })
    }
    let features = try logMel(try promptSamples(), blocks: [8000]).features
    let regenerate: Comment = "regenerate with: python -m bonafide_models.golden.features"
    try #require(features.count == expected.count && !features.isEmpty, regenerate)
    #expect(zip(features, expected).allSatisfy { abs($0 - $1) < 1e-4 }, regenerate)
  }

  @Test func doesNotDependOnBlocks() throws {
    let samples = try promptSamples()
    let whole = try logMel(samples, blocks: [samples.count])
    for blocks in [[1], [79, 257, 4000], [255, 1, 80]] {
      let cut = try logMel(samples, blocks: blocks)
      #expect(cut.features == whole.features)
      #expect(cut.energies == whole.energies)
    }
  }

  /// Short batches have the features of long ones, and come every eight frames.
  @Test func promptFramesAreTheSame() throws {
    let samples = try promptSamples()
    let whole = try logMel(samples, blocks: [samples.count])
    for blocks in [[1], [160], [79, 257, 4000], [10_000, 1]] {
      let cut = try logMel(samples, blocks: blocks, isPrompt: true)
      #expect(cut.features.count == whole.features.count)
      #expect(zip(cut.features, whole.features).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    var extractor = try LogMel(FeatureTables(settings), isPrompt: true)
    var (features, energies): ([Float], [Float?]) = ([], [])
    for hops in 1...100 {
      extractor.append(Array(samples[(hops - 1) * settings.hop..<hops * settings.hop]), into: &features, energies: &energies)
      #expect(energies.count == max(0, hops - extractor.framesBehind) / 8 * 8)
    }
  }

  /// Parties that take turns in one workspace do not hear each other.
  @Test func turnsLeaveNoTrace() throws {
    let tables = try FeatureTables(settings)
    let parties = [try promptSamples(), try promptSamples().reversed()]
    var first = try LogMel(tables, isPrompt: true)
    var second = try LogMel(tables, isPrompt: true)
    var (found, other, energies): ([Float], [Float], [Float?]) = ([], [], [])
    for start in stride(from: 0, to: parties[0].count, by: 700) {
      let end = min(parties[0].count, start + 700)
      first.append(Array(parties[0][start..<end]), into: &found, energies: &energies)
      second.append(Array(parties[1][start..<end]), into: &other, energies: &energies)
    }
    first.finish(into: &found, energies: &energies)
    second.finish(into: &other, energies: &energies)
    for (party, found) in zip(parties, [found, other]) {
      #expect(found == (try logMel(party, blocks: [700], isPrompt: true).features))
    }
  }

  @Test(arguments: [(0, 0), (255, 0), (256, 1), (335, 1), (336, 2), (8000, 97), (24000, 297)])
  func frameCount(samples: Int, frames: Int) throws {
    let result = try logMel([Float](repeating: 0.1, count: samples), blocks: [1000])
    #expect(result.energies.count == frames)
    #expect(result.features.count == frames * settings.featuresPerFrame)
  }

  @Test func silenceAndFullScaleGiveNumbersInRange() throws {
    let least = (settings.rangeLow + settings.shift) / settings.scale
    for value: Float in [0, 1, -4] {
      let features = try logMel([Float](repeating: value, count: 4000), blocks: [4000]).features
      #expect(features.allSatisfy { $0.isFinite && $0 >= least - 1e-6 && $0 < 10 })
    }
  }

  @Test func refusesSettingsThatCannotBeComputed() throws {
    let changes: [(inout FeatureSettings) -> Void] = [
      { $0.sampleRate = 0 }, { $0.window = 512 }, { $0.hop = 0 }, { $0.hop = 300 }, { $0.fft = 255 }, { $0.fft = 1 << 40 },
      { $0.bands = 0 }, { $0.bands = .max }, { $0.lowEdge = -1 }, { $0.highEdge = 4001 }, { $0.lowEdge = .nan },
      { $0.floor = 0 }, { $0.floor = .nan }, { $0.levelDecay = -1 }, { $0.scale = 0 },
      { $0.furtherWindows = [8] }, { $0.furtherWindows = [255] }, { $0.furtherWindows = [.min] },
      { $0.furtherWindows = .init(repeating: 128, count: 5) }, { $0.envelope?.hop = 9 }, { $0.envelope?.span = 33 },
      { $0.envelope?.fft = 66 }, { $0.envelope?.window = 47 }, { $0.envelope?.window = 2048 }, { $0.envelope?.window = 8 },
      { $0.envelope?.floor = 0 }, { $0.envelope?.scale = 0 }, { $0.shift = .infinity },
    ]
    for change in changes {
      var settings = settings
      change(&settings)
      #expect(throws: FeatureError.self) { try LogMel(settings).settings }
    }
  }

  @Test func logarithmIsAccurate() {
    var generator = SeededGenerator(seed: 1)
    var worst = 0.0
    for _ in 0..<200_000 {
      let x = Float(Foundation.exp(Double.random(in: -60...60, using: &generator)))
      let truth = Foundation.log(Double(x))
      worst = max(worst, abs(Double(naturalLogarithm(x)) - truth) / max(1, abs(truth)))
    }
    #expect(worst < 2e-7)
    #expect(naturalLogarithm(1) == 0)
  }
}

@Suite struct BandwidthTests {
  private func bandwidth(_ samples: [Float], sampleRate: Int, block: Int = 8000) throws -> Double? {
    var meter = try BandwidthMeter(sampleRate: sampleRate)
    for start in stride(from: 0, to: samples.count, by: block) {
      meter.append(samples.span.extracting(start..<min(samples.count, start + block)))
    }
    return meter.bandwidth
  }

  @Test(arguments: [(8000, 1000.0), (8000, 3400.0), (44100, 7000.0), (48000, 20000.0), (192_000, 3400.0)])
  func findsTheHighestTone(sampleRate: Int, frequency: Double) throws {
    let samples = (0..<2 * sampleRate).map { i in
      Float(0.2 * sin(2 * .pi * frequency * Double(i) / Double(sampleRate)) + 0.2 * sin(2 * .pi * 300 * Double(i) / Double(sampleRate)))
    }
    let found = try #require(try bandwidth(samples, sampleRate: sampleRate))
    #expect(abs(found - frequency) < 150)
    #expect(try bandwidth(samples, sampleRate: sampleRate, block: 777) == found)
  }

  @Test func noiseFillsTheBand() throws {
    var generator = SeededGenerator(seed: 2)
    let noise = (0..<16000).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
    #expect(try bandwidth(noise, sampleRate: 8000) == 4000)
  }

  @Test func silenceHasNone() throws {
    #expect(try bandwidth([Float](repeating: 0, count: 16000), sampleRate: 8000) == nil)
    #expect(try bandwidth([], sampleRate: 8000) == nil)
  }

  @Test func promptIsNarrowband() throws {
    let found = try #require(try bandwidth(try promptSamples(), sampleRate: 8000))
    #expect((3000...4000).contains(found))
  }
}
