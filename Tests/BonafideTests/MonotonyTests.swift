import Foundation
import Testing

@testable import Bonafide

/// Sounds that are no speech, whatever the network takes them for.
@Suite struct MonotonyTests {
  let detector: Detector

  init() throws {
    detector = Detector(model: try .narrowband)
  }

  /// What buzzes, trills and rings, by its value at a time in seconds; gated.
  private static let sounds: [(name: String, value: @Sendable (Double) -> Double)] = [
    ("buzz", { t in (sin(2 * .pi * 150 * t) > 0 ? 0.2 : -0.2) * gate(2 * t, 0.5) }),
    ("TDMA", { t in (Int(t * 8000) % 37 < 5 ? 0.3 : 0) * gate(3 * t, 0.5) }),
    ("trill", { t in 0.2 * sin(2 * .pi * (gate(20 * t, 0.5) > 0 ? 1200 : 1500) * t) * gate(t / 3, 0.4) }),
    ("ringing", { t in 0.1 * (sin(2 * .pi * 440 * t) + sin(2 * .pi * 480 * t)) * gate(t / 6, 0.34) }),
    ("saw", { t in 0.2 * (2 * (120 * t - (120 * t).rounded(.down)) - 1) * gate(4 * t, 0.6) }),
  ]

  private static func gate(_ phase: Double, _ share: Double) -> Double { phase - phase.rounded(.down) < share ? 1 : 0 }

  private func samples(_ index: Int, seconds: Int) -> [Float] {
    var generator = SeededGenerator(seed: 5)
    return (0..<seconds * 8000).map {
      Float(Self.sounds[index].value(Double($0) / 8000)) + Float.random(in: -0.0008...0.0008, using: &generator)
    }
  }

  @Test(arguments: sounds.indices) func areNoSpeech(index: Int) throws {
    let party = try detector.score(samples(index, seconds: 12), sampleRate: 8000)
    #expect(party.verdict == .inconclusive, "\(Self.sounds[index].name)")
    #expect(party.reason == .noSpeech || party.reason == .tooLittleSpeech)
    if party.reason == .noSpeech { #expect(party.speech == 0 && party.llr == nil) }
  }

  /// A slow codec makes of each time another one, though all are alike.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sox"), "sox is not installed"), arguments: sounds.indices)
  func areNoSpeechThroughGSM(index: Int) throws {
    let folder = try TemporaryFolder()
    let plain = try folder.writeWAV("plain.wav", channels: [samples(index, seconds: 24)], sampleRate: 8000)
    let sox = Process()
    sox.executableURL = URL(filePath: "/usr/bin/sox")
    sox.arguments = ["-V1", plain, "-e", "gsm-full-rate", plain + ".gsm.wav"]
    try sox.run()
    sox.waitUntilExit()
    let party = try #require(detector.scan(plain + ".gsm.wav").parties.first)
    #expect(party.reason == .noSpeech || party.reason == .tooLittleSpeech, "\(Self.sounds[index].name): \(party.llr ?? 0)")
  }

  /// A voice behind a buzzer is heard but for half a second, and so is one beside none.
  @Test func voicesAreSpeech() throws {
    let voice = try promptSamples()
    let alone = try detector.score(voice, sampleRate: 8000)
    let behind = try detector.score(samples(0, seconds: 5) + voice, sampleRate: 8000)
    #expect(alone.speech > 1)
    #expect(behind.speech > alone.speech - 0.6 && behind.speech < alone.speech + 1.2)
  }

  /// Speech far under the level is not all alike for that.
  @Test func aKnockTakesNoSpeech() throws {
    let voice = try promptSamples().map { 0.04 * $0 }
    let knock = (0..<800).map { 0.9 * Float(sin(2 * .pi * 700 / 8000 * Double($0))) }
    let behind = try detector.score(knock + voice + voice, sampleRate: 8000)
    var evidence = PartyEvidence(
      calibration: detector.narrowband.card.calibration,
      thresholds: Thresholds(detector.narrowband.card.operatingPoints, options: ScanOptions()), hop: 0.04, timeline: false)
    for frame in 0..<200 {
      evidence.append(.init(score: 1, attention: 0, speech: 3), energy: 1e-4, shape: .init(repeating: -6 + 0.001 * Float(frame % 3)))
    }
    #expect(evidence.pooled.count == 200 && behind.reason != .noSpeech)
  }

  @Test func framesThatComeAgainAreMonotonous() {
    var meter = MonotonyMeter()
    var generator = SeededGenerator(seed: 1)
    let shapes = (0..<8).map { _ in MonotonyMeter.Shape.random(in: -6...0, using: &generator) }
    var found = (0..<100).map { meter.isMonotonous(shapes[$0 % 8], frame: $0) }
    #expect(!found[..<10].contains(true) && !found[20...].contains(false))
    found = (100..<200).map { meter.isMonotonous(.random(in: -6...0, using: &generator), frame: $0) }
    #expect(!found[25...].contains(true))
  }
}
