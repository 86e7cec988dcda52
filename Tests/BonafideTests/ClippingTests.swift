import BonafideAudio
import Foundation
import Testing

@testable import Bonafide

/// How far speech is overdriven, and what is said of a party whose speech is.
@Suite struct ClippingTests {
  let detector: Detector
  let speech: [Float]

  init() throws {
    detector = Detector(model: try .narrowband)
    let prompt = try promptSamples()
    let peak = prompt.map(\.magnitude).max() ?? 1
    speech = Array(repeatElement(prompt.map { $0 / peak }, count: 3).joined())
  }

  private func overdriven(_ decibel: Double) -> [Float] {
    let gain = Float(pow(10, decibel / 20))
    return speech.map { min(max($0 * gain, -1), 1) }
  }

  private func throughMuLaw(_ samples: [Float]) -> [Float] {
    let table = G711.muLaw.table
    return samples.map { sample in
      let nearest = table.min { ($0 - sample).magnitude < ($1 - sample).magnitude }
      return nearest ?? 0
    }
  }

  /// Of a cheap sound card; half of full scale beside speech of a quarter.
  @Test(arguments: [0.03, -0.1, 0.5] as [Float]) func anOffsetIsNoClipping(offset: Float) throws {
    let party = try detector.score(speech.map { 0.25 * $0 + offset }, sampleRate: 8000)
    #expect(party.reason != .tooDistorted && party.clipped ?? 1 < 0.07)
  }

  /// Nor does it hide the band.
  @Test func anOffsetHidesNoBand() throws {
    let folder = try TemporaryFolder()
    let bands = try [0, 0.3].map { (offset: Float) in
      detector.scan(try folder.writeWAV("offset.wav", channels: [speech.map { 0.25 * $0 + offset }], sampleRate: 8000)).bandwidth
    }
    #expect(bands[0] != nil && bands[0] == bands[1])
  }

  @Test(arguments: [24.0, 30]) func clippedSpeechIsNotCalledGenuine(decibel: Double) throws {
    let clipped = overdriven(decibel)
    for samples in [clipped, clipped.map { 0.25 * $0 }, throughMuLaw(clipped.map { 0.4 * $0 })] {
      let party = try detector.score(samples, sampleRate: 8000)
      #expect(party.verdict == .synthetic || party.reason == .tooDistorted)
      #expect(party.clipped ?? 0 > 0.2)
    }
  }

  /// Reports without a column for it say it in a line.
  @Test func aRecordingThatIsOverdrivenHasAWarning() throws {
    let folder = try TemporaryFolder()
    let calm = overdriven(0)
    let path = try folder.writeWAV("call.wav", channels: [calm, overdriven(24)], sampleRate: 8000)
    let result = detector.scan(path)
    let percent = Int((try #require(result.parties[1].clipped) * 100).rounded())
    #expect(percent > 20 && result.warnings == ["channel 2 is overdriven: about \(percent) % of its loud speech is clipped"])
    let twice = detector.scan(try folder.writeWAV("calm.wav", channels: [calm, calm], sampleRate: 8000))
    #expect(twice.warnings.isEmpty)
    // A buzzer lies at its peaks, and is no speech.
    let buzz = (0..<160_000).map { index -> Float in index / 2000 % 2 == 0 ? (index / 27 % 2 == 0 ? 0.2 : -0.2) : 0 }
    let buzzer = detector.scan(try folder.writeWAV("buzzer.wav", channels: [buzz], sampleRate: 8000))
    let reason = try #require(buzzer.parties.first?.reason)
    #expect([.noSpeech, .tooLittleSpeech].contains(reason) && buzzer.warnings.isEmpty)
  }

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sox"), "sox is not installed"),
    arguments: [(24.0, "7"), (30, "7"), (30, "4"), (0, "7"), (0, "4")])
  func clippingShowsThroughAMR(decibel: Double, mode: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.writeWAV("clipped.wav", channels: [overdriven(decibel).map { 0.99 * $0 }], sampleRate: 8000)
    // To AMR and back.
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    let coding = "sox -D -V1 \"$1\" -C \"$2\" -t amr-nb \"$1\".amr && sox -D -V1 -t amr-nb \"$1\".amr -b 16 \"$1\".coded.wav"
    shell.arguments = ["-c", coding, "sh", path, mode]
    try shell.run()
    shell.waitUntilExit()
    try #require(shell.terminationStatus == 0, "sox has no encoder of AMR: libsox-fmt-all")
    let party = try #require(detector.scan(path + ".coded.wav").parties.first)
    let found: Comment = "\(party.verdict) \(party.speech) s \(party.clipped ?? -1) \(party.llr ?? 0)"
    if decibel > 0 {
      // What makes a party too distorted.
      #expect(party.verdict != .bonafide && party.clipped ?? 0 > 0.04, found)
    } else {
      #expect(party.reason != .tooDistorted && party.clipped ?? 1 < 0.07, found)
    }
  }

  @Test(arguments: [-20.0, 0, 3]) func speechAsItIsSpokenIsNotClipped(decibel: Double) throws {
    let party = try detector.score(overdriven(decibel), sampleRate: 8000)
    #expect(party.reason != .tooDistorted)
    #expect(party.clipped ?? 1 < 0.07)
  }

  /// Tones lie at their peaks as clipped speech does.
  @Test func tonesDoNotCount() throws {
    let tone = (0..<40_000).map { 0.8 * Float(sin(2 * .pi * 425 / 8000 * Double($0))) }
    let party = try detector.score(tone + speech, sampleRate: 8000)
    #expect(party.reason != .tooDistorted && party.clipped ?? 1 < 0.07)
  }

  @Test func anAlarmStands() {
    let judge = PartyJudge(
      thresholds: Thresholds(ModelCard.OperatingPoints(alarm: -1, clear: 1, stretch: -1.5), options: ScanOptions()), prior: 0.05)
    func judgement(_ score: Float) -> PartyJudge.Judgement {
      var evidence = PartyEvidence(
        calibration: Calibration(slope: 1, offset: 0, halfSpeech: 1e-9), thresholds: judge.thresholds, hop: 0.04, timeline: false)
      for index in 0..<100 { evidence.append(SpeechFrame(index: index, score: score, weight: 1)) }
      evidence.finish()
      return judge.judgement(evidence, second: nil, signalToNoise: 20, isDistorted: true)
    }
    #expect(judgement(-3).verdict == .synthetic)
    #expect(judgement(0).reason == .tooDistorted && judgement(3).reason == .tooDistorted)
  }

  /// A block of samples is not measured where it has a gap, and blocks are those of the recording however it is cut.
  @Test func gapsAndCutsDoNotMatter() throws {
    let samples = overdriven(12)
    func shares(block: Int, gap: Int) -> ClippingMeter.Shares? {
      var meter = ClippingMeter(sampleRate: 8000, hop: 0.04)
      for start in stride(from: 0, to: samples.count, by: block) {
        meter.append(samples.span.extracting(start..<min(samples.count, start + block)))
      }
      meter.skip(gap)
      if gap > 0 { meter.append(samples.span) }
      for frame in 0..<(gap + 2 * samples.count) / 320 { meter.hear(frame: frame, isSpeech: true) }
      meter.finish()
      return meter.shares
    }
    let whole = try #require(shares(block: samples.count, gap: 0))
    #expect(shares(block: 1, gap: 0) == whole && shares(block: 777, gap: 0) == whole)
    let twice = try #require(shares(block: 1000, gap: 80_000))
    #expect(abs(twice.nearest - whole.nearest) < 0.03)
    #expect(ClippingMeter(sampleRate: 8000, hop: 0.04).shares == nil)
  }
}
