import BonafideAudio
import BonafideNetwork
import Foundation
import Testing

@testable import Bonafide

/// The second stage against PyTorch, and what it does in scans and streams.
@Suite struct SecondStageTests {
  private static let genuine = GoldenModelTests.samples.appending(path: "genuine-en.ulaw.wav").path

  /// All samples of a recording of one channel.
  private func samples(of path: String) throws -> [Float] {
    var reader = try AudioReader(path: path)
    var (block, samples): ([Float], [Float]) = ([], [])
    while try reader.read(into: &block, frames: 8000) > 0 { samples += block }
    return samples
  }

  @Test func aWindowIsWhatPyTorchMakesOfIt() throws {
    let regenerate: Comment = "regenerate with: python -m bonafide_models.golden.second"
    let file = try SafetensorsFile([UInt8](Data(contentsOf: golden("second.safetensors"))))
    func expected(_ name: String) throws -> [Float] { try #require(file.tensor(named: name), regenerate).values }

    let stage = try SecondStage.builtIn(.float)
    var spectrogram = try EncoderSpectrogram()
    let features = spectrogram.features(of: Array(try samples(of: Self.genuine).prefix(64_000)))
    try #require(features.count == 400 * SpeechEncoder.bands)
    for (index, value) in try expected("features").enumerated() {
      let (row, band) = (10 * (index / SpeechEncoder.bands), index % SpeechEncoder.bands)
      #expect(abs(features[row * SpeechEncoder.bands + band] - value) < 1e-3, "frame \(row), band \(band)")
    }
    let spectra = try CompressedSpectrogram().values(of: Array(try samples(of: Self.genuine).prefix(64_000)))
    try #require(spectra.count == SpectrumEncoder.bins * 400 * 2)
    for (index, value) in try expected("spectrum").enumerated() {
      let (bin, frame, part) = (index / 20, 40 * (index / 2 % 10), index % 2)
      let own = spectra[2 * (bin * 400 + frame) + part]
      #expect(abs(own - value) < 1e-3, "bin \(bin), frame \(frame)")
    }
    let mask = (0..<200).map { $0 % 7 != 0 }
    let statistics = stage.encoder.statistics(of: features, mask: mask) + stage.spectra.statistics(of: spectra, mask: mask)
    let wanted = try expected("statistics")
    try #require(statistics.count == wanted.count)
    let furthest = zip(statistics, wanted).map { abs($0 - $1) }.max() ?? 0
    #expect(furthest < 1e-3, regenerate)
    for (index, isWideband) in [false, true].enumerated() {
      let answer = stage.answer(statistics, isWideband: isWideband)
      #expect(abs(answer.score - Double(try expected("scores")[index])) < 1e-3, regenerate)
      #expect(abs(answer.coded - Double(try expected("coded")[index])) < 1e-3, regenerate)
    }
  }

  /// bfloat16 has eight bits, and bytes have as many.
  @Test func scoresAreThoseOfFloats() throws {
    let samples = try samples(of: Self.genuine)
    let (exact, fast) = (try SecondStage.builtIn(.float), try SecondStage.builtIn(.fastest))
    for start in stride(from: 0, to: samples.count - 32_000, by: 32_000) {
      var span = SpeechSpan(speech(0))
      for index in 1..<100 { span.add(speech(index)) }
      let window = SpeechWindow(
        samples: Array(samples[start..<start + 32_000]), speech: [Bool](repeating: true, count: 100), span: span)
      for isWideband in [false, true] {
        let scores = try [exact, fast].map { try $0.answer(window, sampleRate: 8000, isWideband: isWideband).score }
        #expect(abs(scores[0] - scores[1]) < 0.05, "from \(start), wideband: \(isWideband)")
      }
    }
  }

  @Test func bothStagesAreTold() throws {
    let detector = try Detector.default
    let party = try #require(detector.scan(Self.genuine).parties.first)
    let stages = try #require(party.stages)
    let fusion = try #require(detector.second?.card.fusions["narrowband"])
    let second = try #require(stages.second)
    // No evidence against the voice, which would count less the more its speech is coded.
    let llr = fusion.llr(first: stages.first, second: second, speech: party.speech, signalToNoise: party.signalToNoise, coded: 0)
    #expect(llr > 0)
    #expect(abs(llr - (try #require(party.llr))) < 1e-9)

    let alone = try #require(detector.fast.scan(Self.genuine).parties.first)
    #expect(alone.stages == nil && alone.llr == stages.first)
  }

  @Test func threadsDoNotMatter() throws {
    let detector = try Detector.default
    let folder = try TemporaryFolder()
    let samples = try samples(of: Self.genuine)
    for channels in [[samples], [samples, samples.map { -0.5 * $0 }, Array(samples.reversed())]] {
      let path = try folder.writeWAV("parties.wav", channels: channels)
      var options = ScanOptions()
      let alone = detector.scan(path, options: options)
      #expect(alone.parties.first?.stages?.second != nil)
      for threads in [2, 7] {
        options.threads = threads
        #expect(detector.scan(path, options: options) == alone)
      }
    }
  }

  /// Windows are counted from speech on, so that packets of any size, at the end, give what a scan gives.
  @Test func streamsHearWhatScansHear() throws {
    let detector = try Detector.default
    let scanned = try #require(detector.scan(Self.genuine).parties.first)
    let stream = try detector.makeStream(sampleRate: 8000)
    let samples = try samples(of: Self.genuine)
    for start in stride(from: 0, to: samples.count, by: 160) { try stream.append(Array(samples[start..<min(start + 160, samples.count)])) }
    let streamed = try stream.finish()
    #expect(abs(try #require(streamed.stages?.second) - (try #require(scanned.stages?.second))) < 0.02)
    #expect(abs(try #require(streamed.llr) - (try #require(scanned.llr))) < 0.02)
  }

  private func speech(_ index: Int) -> SpeechFrame { SpeechFrame(index: index, score: 0, weight: 1) }

  /// Windows of 100 frames, one after the other, with scores of both stages.
  private func opinion(_ scores: [Double], rule: SecondStageCard.Fusion? = nil, coded: Double = 0) throws -> SecondOpinion {
    let windows = scores.enumerated().map { index, score in
      var span = SpeechSpan(SpeechFrame(index: 100 * index, score: Float(score), weight: 1))
      for frame in 1..<100 { span.add(SpeechFrame(index: 100 * index + frame, score: Float(score), weight: 1)) }
      return SecondOpinion.Window(answer: SecondStage.Answer(score: score, coded: coded), span: span)
    }
    return try #require(SecondOpinion(windows, rule: rule ?? self.rule, calibration: plain, hop: 0.04))
  }

  private let rule = SecondStageCard.Fusion(
    first: [0.5, 0, 0], second: [0.5, 0, 0], offset: [0, 0, 0], coding: 1, seconds: [1, 60], signalToNoise: [3, 25],
    operatingPoints: ModelCard.OperatingPoints(alarm: -2, clear: 1), genuineMedian: nil)
  private let plain = Calibration(slope: 1, offset: 0, halfSpeech: 0)

  @Test func theLowestRunIsFound() throws {
    let run = try #require(try opinion([3, 3, -4, -5, 3, 2]).lowest)
    #expect(run.span.start == 200 && run.span.end == 400)
    #expect(abs(run.llr + 4.5) < 1e-9 && abs(run.margin - log(6) / 2) < 1e-9)
    // A run is neither one window nor all of them.
    #expect(try opinion([-5, -5]).lowest == nil)
    #expect(try opinion([3, -5, 3]).lowest?.llr == -1)
  }

  /// A machine ahead of a person on one channel: the whole sounds genuine, and the party is flagged for the machine's part.
  @Test(arguments: [(-5.0, Verdict.synthetic), (-2.5, .inconclusive), (2, .bonafide)])
  func aPartIsJudgedByItself(score: Double, verdict: Verdict) throws {
    let scores = [score, score, score] + [Double](repeating: 4, count: 9)
    var rule = rule
    rule.second[1] = 0.1
    let thresholds = Thresholds(rule.operatingPoints, options: ScanOptions())
    var evidence = PartyEvidence(
      calibration: plain, thresholds: Thresholds(ModelCard.OperatingPoints(alarm: -9, clear: 1), options: ScanOptions()), hop: 0.04,
      timeline: false)
    for (index, score) in scores.enumerated() {
      for frame in 0..<100 { evidence.append(SpeechFrame(index: 100 * index + frame, score: Float(score), weight: 1)) }
    }
    evidence.finish()
    let judge = PartyJudge(thresholds: thresholds, prior: 0.05, fusion: (rule, thresholds))
    let result = judge.result(
      evidence, second: try opinion(scores, rule: rule), signalToNoise: nil, channel: 1, duration: 48, timeline: false)
    #expect(result.verdict == verdict)
    #expect(try #require(result.llr) > 1)
    // Where it is beyond the alarm point it is shown, even if it does not decide.
    #expect(result.segments.map { [$0.start, $0.end] } == (verdict == .bonafide ? [] : [[0, 12]]))
  }

  /// Turns of four seconds, three seconds apart, with a window each and the same score by both stages.
  private func judged(turns scores: [Double], alarm: Double = -2, coded: Double = 0) throws -> PartyResult {
    var rule = rule
    rule.operatingPoints.alarm = alarm
    let thresholds = Thresholds(rule.operatingPoints, options: ScanOptions())
    // The first stage by itself flags nothing.
    var evidence = PartyEvidence(
      calibration: plain, thresholds: Thresholds(ModelCard.OperatingPoints(alarm: -9, clear: 1), options: ScanOptions()), hop: 0.04,
      timeline: false)
    var windows: [SecondOpinion.Window] = []
    for (turn, score) in scores.enumerated() {
      var span: SpeechSpan?
      for frame in 0..<100 {
        let heard = SpeechFrame(index: 175 * turn + frame, score: Float(score), weight: 1)
        evidence.append(heard)
        if span == nil { span = SpeechSpan(heard) } else { span?.add(heard) }
      }
      windows.append(SecondOpinion.Window(answer: SecondStage.Answer(score: score, coded: coded), span: try #require(span)))
    }
    evidence.finish()
    let second = try #require(SecondOpinion(windows, rule: rule, calibration: plain, hop: 0.04))
    let judge = PartyJudge(thresholds: thresholds, prior: 0.05, fusion: (rule, thresholds))
    return judge.result(evidence, second: second, signalToNoise: nil, channel: 1, duration: 7 * Double(scores.count), timeline: false)
  }

  /// Of a party that is synthetic, all turns that are nearer to the alarm point than to the clear point; else those beyond it.
  @Test func turnsAreFlaggedByBothStages() throws {
    let synthetic = try judged(turns: [-6, 3, -1, -6, -6])
    #expect(synthetic.verdict == .synthetic)
    #expect(synthetic.segments.map(\.start) == [0, 14, 21, 28] && synthetic.segments.map(\.llr) == [-6, -1, -6, -6])
    #expect(zip(synthetic.segments.map(\.end), [4.0, 18, 25, 32]).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  /// A turn of 28 s, of which a machine speaks 8 s.
  @Test func ofALongTurnThePartIsFlagged() throws {
    let scores = [4, 3, -6, -5, 4, 4, 4.0]
    let second = try opinion(scores)
    var span: SpeechSpan?
    for frame in 0..<700 {
      let heard = SpeechFrame(index: frame, score: Float(scores[frame / 100]), weight: 1)
      if span == nil { span = SpeechSpan(heard) } else { span?.add(heard) }
    }
    let turn = try #require(span)
    let part = try #require(second.part(of: turn) { -$0.answer.score })
    #expect(part.span.start == 200 && part.span.end == 400 && part.answer.score == -5.5)
    // All of it where all of it is evidence.
    #expect(second.part(of: turn) { _ in 1 } == nil)
  }

  @Test func aPartyWithALowTurnIsNotCleared() throws {
    let party = try judged(turns: [4, 4, 4, -3, 4, 4, 4])
    #expect(try #require(party.llr) > 1)
    #expect(party.verdict == .inconclusive && party.reason == .ambiguous && party.segments.map(\.start) == [21])
    #expect(try judged(turns: [4, 4, 4, -3, 4, 4, 4], alarm: -3.5).verdict == .bonafide)
  }

  /// With n = −1 at 15 dB: (1 − 0.2) · 2 + (2 − 0.5) · 3 + (0.5 − 0.25).
  @Test(arguments: [(60.0, 8.5), (15, 6.35), (-20, 3.77)]) func noiseWeighs(ratio: Double, llr: Double) {
    let rule = SecondStageCard.Fusion(
      first: [1, 0, 0.2], second: [2, 0, 0.5], offset: [0.5, 0, 0.25], coding: 0, seconds: [1, 60], signalToNoise: [3, 25],
      operatingPoints: ModelCard.OperatingPoints(alarm: -2, clear: 1), genuineMedian: nil)
    #expect(abs(rule.llr(first: 2, second: 3, speech: 4, signalToNoise: ratio, coded: 0) - llr) < 1e-9)
    #expect(abs(rule.llr(first: 2, second: 3, speech: 4, signalToNoise: nil, coded: 0) - 8.5) < 1e-9)
  }

  /// Through a codec of a low rate −3 is −2; what speaks for a person stays.
  @Test(arguments: [(-3.0, 0.0, -3.0), (-3, 1, -2), (-3, 0.5, -2.4), (3, 1, 3)])
  func whatIsCodedAccusesLess(score: Double, coded: Double, llr: Double) {
    var rule = rule
    rule.coding = 0.5
    rule.second = [1, 0, 0]
    #expect(abs(rule.llr(first: 0, second: score, speech: 4, signalToNoise: nil, coded: coded) - llr) < 1e-9)
  }

  /// −3 in all turns is −1.5 where they are coded altogether: neither the whole, nor a run of turns, nor a turn is beyond the point of alarm.
  @Test(arguments: [(0.0, Verdict.synthetic, -3.0, [0.0, 7, 14]), (1, .inconclusive, -1.5, [])])
  func codedVoicesAreAccusedLess(coded: Double, verdict: Verdict, llr: Double, starts: [Double]) throws {
    let party = try judged(turns: [-3, -3, -3], coded: coded)
    let found = try #require(party.llr)
    #expect(party.verdict == verdict && abs(found - llr) < 1e-9 && party.segments.map(\.start) == starts)
    let mixed = try judged(turns: [4, 4, -3, -3, 4, 4, 4], coded: coded)
    #expect(mixed.segments.map(\.start) == (coded == 0 ? [14, 21] : []))
    #expect(try #require(try opinion([4, 4, -3, -3, 4, 4], coded: coded).lowest).llr == (coded == 0 ? -3 : -1.5))
  }

  /// A site's profile moves the LLR, whatever it is of.
  @Test func whatIsMovedIsTheLLR() throws {
    var stage = try SecondStage.builtIn
    func llr(_ stage: SecondStage) throws -> Double {
      let rule = try #require(stage.card.fusions["wideband"])
      return rule.llr(first: -4, second: -3, speech: 10, signalToNoise: nil, coded: 1)
    }
    let before = try llr(stage)
    #expect(before < -1)
    let isMoved = stage.move("wideband", by: 0.5, alarm: -2)
    let after = try llr(stage)
    #expect(isMoved && abs(after - before - 0.5) < 1e-9)
  }

  @Test func codingIsThatOfTheSpeech() throws {
    let windows = [(100, 0.2), (50, 0.8)].enumerated().map { index, window in
      var span = SpeechSpan(SpeechFrame(index: 100 * index, score: 0, weight: 1))
      for frame in 1..<window.0 { span.add(SpeechFrame(index: 100 * index + frame, score: 0, weight: 1)) }
      return SecondOpinion.Window(answer: SecondStage.Answer(score: -2, coded: window.1), span: span)
    }
    let opinion = try #require(SecondOpinion(windows, rule: rule, calibration: plain, hop: 0.04))
    #expect(abs(opinion.answer.coded - 0.4) < 1e-9 && abs(opinion.answer.score + 2) < 1e-9)
    #expect(abs(try #require(opinion.answer(during: windows[1].span)).coded - 0.8) < 1e-9)
  }

  /// The same speaker in G.711 and through GSM.
  @Test func aCodecOfALowRateIsHeard() throws {
    let stage = try SecondStage.builtIn
    func coded(_ name: String) throws -> Double {
      var span = SpeechSpan(speech(0))
      for index in 1..<100 { span.add(speech(index)) }
      let samples = Array(try samples(of: GoldenModelTests.samples.appending(path: name).path).prefix(32_000))
      let window = SpeechWindow(samples: samples, speech: [Bool](repeating: true, count: 100), span: span)
      return try stage.answer(window, sampleRate: 8000, isWideband: false).coded
    }
    #expect(try coded("genuine-en.ulaw.wav") < 0.1)
    #expect(try coded("genuine-es.gsm.wav") > 0.3)
  }
}
