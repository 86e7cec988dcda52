import Foundation
import Testing

@testable import Bonafide

@Suite struct DetectorTests {
  let detector: Detector
  let folder: TemporaryFolder

  init() throws {
    detector = Detector(model: try .narrowband)
    folder = try TemporaryFolder()
  }

  /// Speech and pauses, 9 s.
  private func call() throws -> [Float] {
    let prompt = try promptSamples()
    let pause = [Float](repeating: 0, count: 4000)
    return prompt + pause + prompt + pause + prompt + pause + prompt
  }

  @Test func screensARecording() throws {
    let samples = try call()
    var options = ScanOptions()
    options.timeline = true
    var seconds: [Double] = []
    let path = try folder.writeWAV("call.wav", channels: [samples])
    let result = detector.scan(path, options: options) { seconds.append($0) }
    #expect(result.error == nil)
    #expect(result.path == path && result.sampleRate == 8000)
    #expect(result.format?.hasPrefix("WAV") == true)
    let duration = Double(samples.count) / 8000
    #expect(abs((result.duration ?? 0) - duration) < 1e-9)
    #expect(seconds == seconds.sorted() && seconds.last == result.duration)
    try #require(result.parties.count == 1)
    let party = result.parties[0]
    #expect(party.channel == 1 && party.sameAs == nil && party.name == nil)
    #expect(party.verdict == result.verdict)
    #expect(party.speech > 1 && party.speech < duration)
    #expect(abs(Double(party.timeline?.llr.count ?? 0) * 0.04 - duration) < 0.08)
    #expect(party.segments.allSatisfy { $0.start >= 0 && $0.end <= duration && $0.start < $0.end })
  }

  @Test func aCutRecordingIsIncomplete() throws {
    let path = try folder.writeWAV("call.wav", channels: [try call()])
    var file = [UInt8](try Data(contentsOf: URL(filePath: path)))
    // The clear point below all scores: without the cut, the party would be bona fide.
    var options = ScanOptions()
    options.alarmAt = -100
    options.clearAt = -50
    let whole = detector.scan(path, options: options)
    #expect(whole.verdict == .bonafide && whole.unheard == 0 && whole.heard == whole.duration)
    #expect(whole.parties.map { [$0.track, $0.trackChannel] } == [[1, 1]])
    let cut = detector.scan(try folder.write("cut.wav", Data(file.dropLast(32_000))), options: options)
    #expect(cut.verdict == .inconclusive && cut.parties.first?.reason == .incomplete)
    #expect(cut.unheard == 1 && cut.heard == cut.duration)
    #expect(cut.warnings.count == 1)
    // What was heard is synthetic: that more is missing changes nothing.
    options.clearAt = 200
    options.alarmAt = 100
    #expect(detector.scan(try folder.write("cut.wav", Data(file.dropLast(32_000))), options: options).verdict == .synthetic)
    // A length of no audio at all, as a recorder leaves it that never came back, is no loss.
    file.replaceSubrange(40..<44, with: [0, 0, 0, 0])
    let unfinished = detector.scan(try folder.write("unfinished.wav", Data(file)))
    #expect(unfinished.parties == detector.scan(path).parties)
    #expect(unfinished.warnings.count == 1 && unfinished.unheard == 0)
  }

  @Test func onePartysRecordingsAreHeardInTheirOrder() throws {
    let samples = try call()
    let one = try Data(contentsOf: URL(filePath: folder.writeWAV("one.wav", channels: [samples])))
    let two = try Data(contentsOf: URL(filePath: folder.writeWAV("two.wav", channels: [samples, Array(samples.reversed())])))
    let result = detector.scan(try folder.write("both.wav", one + two))
    let duration = Double(samples.count) / 8000
    #expect(abs((result.duration ?? 0) - 2 * duration) < 1e-3 && result.heard == result.duration)
    #expect(result.parties.map(\.channel) == [1, 2])
    let alone = try #require(detector.scan(folder.url.appending(path: "one.wav").path).parties.first)
    #expect(abs(result.parties[0].speech - 2 * alone.speech) < 1)
    #expect(result.parties[1].speech < 1.5 * alone.speech)
  }

  /// Gains of ±12 dB. Behind digital silence the first frames have no level to be measured by, and the network
  /// remembers a little of them; on a line there is noise before there is speech.
  @Test(arguments: [(0.003, 0.02), (0, 0.3)] as [(Float, Double)]) func levelDoesNotMatter(noise: Float, tolerance: Double) throws {
    var generator = SeededGenerator(seed: 3)
    let samples = try call().map { $0 + (noise > 0 ? Float.random(in: -noise...noise, using: &generator) : 0) }
    let llrs = try [1, 0.25, 4].map { (gain: Float) in
      let path = try folder.writeWAV("gain.wav", channels: [samples.map { $0 * gain }])
      return try #require(detector.scan(path).parties.first?.llr)
    }
    #expect(abs(llrs[1] - llrs[0]) < tolerance)
    #expect(abs(llrs[2] - llrs[0]) < tolerance)
  }

  @Test func threadsDoNotMatter() throws {
    let samples = try call()
    let path = try folder.writeWAV("parties.wav", channels: [samples, samples.map { -0.5 * $0 }, Array(samples.reversed())])
    var options = ScanOptions()
    let alone = detector.scan(path, options: options)
    options.threads = 3
    #expect(detector.scan(path, options: options) == alone)
    #expect(alone.parties.count == 3)
  }

  @Test func speechDrownedInNoiseIsNotJudged() throws {
    let samples = try call()
    var generator = SeededGenerator(seed: 7)
    let power = samples.reduce(0) { $0 + $1 * $1 } / Float(samples.count)
    // White noise 10 dB above the speech, uniform in ±√(3 · power).
    let limit = (30 * power).squareRoot()
    let noisy = samples.map { $0 + Float.random(in: -limit...limit, using: &generator) }
    let party = try #require(detector.scan(try folder.writeWAV("noisy.wav", channels: [noisy])).parties.first)
    #expect(party.verdict == .inconclusive)
    #expect([.tooNoisy, .noSpeech, .tooLittleSpeech].contains(party.reason))
  }

  @Test(arguments: [1, 7, 1000, 8000, 1_000_000]) func blocksDoNotMatter(block: Int) throws {
    let samples = try call()
    func screen(_ block: Int) throws -> PartyResult {
      var screener = try PartyScreener(model: detector.narrowband, second: nil, sampleRate: 11025, options: ScanOptions(), pace: .recording)
      for start in stride(from: 0, to: samples.count, by: block) {
        screener.append(samples.span.extracting(start..<min(samples.count, start + block)))
      }
      screener.finish(threads: 1)
      return screener.result(channel: 1)
    }
    let (expected, found) = (try screen(4321), try screen(block))
    #expect(abs((found.llr ?? 0) - (expected.llr ?? 9)) < 1e-4)
    #expect(found.speech == expected.speech)
    #expect(found.verdict == expected.verdict)
    #expect(found.segments.map(\.start) == expected.segments.map(\.start))
    #expect(found.segments.map(\.end) == expected.segments.map(\.end))
  }

  @Test(arguments: [0, 1, 100, 8000, 40000]) func silenceIsNoSpeech(count: Int) throws {
    let party = try detector.score([Float](repeating: 0, count: count), sampleRate: 8000)
    #expect(party.verdict == .inconclusive && party.reason == .noSpeech)
    #expect(party.llr == nil && party.segments.isEmpty && party.speech == 0)
  }

  @Test func silentFile() throws {
    let result = detector.scan(try folder.writeWAV("silence.wav", channels: [[Float](repeating: 0, count: 24000)]))
    #expect(result.error == nil && result.verdict == .inconclusive && result.bandwidth == nil)
    #expect(result.parties.map(\.reason) == [.noSpeech])
  }

  @Test(arguments: ["/nowhere/call.wav", "/"]) func whatCannotBeReadIsAnError(path: String) throws {
    let result = detector.scan(path)
    let error = try #require(result.error)
    #expect(!error.isEmpty && !error.contains("\n"))
    #expect(result.verdict == nil && result.parties.isEmpty && result.path == path)
  }

  @Test func textIsAnError() throws {
    let path = try folder.write("text.wav", Data(String(repeating: "Not audio at all.\n", count: 500).utf8))
    #expect(detector.scan(path).error != nil)
  }

  @Test func channelsAreParties() throws {
    let samples = try call()
    let silence = [Float](repeating: 0, count: samples.count)
    var options = ScanOptions()
    options.channelNames = ["agent", "", "caller"]
    let path = try folder.writeWAV("call.wav", channels: [silence, samples, samples, silence])
    let result = detector.scan(path, options: options)
    #expect(result.error == nil)
    #expect(result.parties.map(\.channel) == [1, 2, 3, 4])
    #expect(result.parties.map(\.sameAs) == [nil, nil, 2, 1])
    #expect(result.parties.map(\.name) == ["agent", nil, "caller", nil])
    try #require(result.parties.count == 4)
    #expect(result.parties[0].reason == .noSpeech && result.parties[3].reason == .noSpeech)
    // The verdict is that of the channels on which somebody speaks.
    #expect(result.verdict == result.parties[1].verdict)
    options.clearAt = -20
    options.alarmAt = -21
    #expect(detector.scan(path, options: options).verdict == .bonafide)
    #expect(result.parties[1].llr != nil && result.parties[1].llr == result.parties[2].llr)
    let alone = detector.scan(try folder.writeWAV("alone.wav", channels: [samples]))
    #expect(alone.parties.first?.llr == result.parties[1].llr)
  }

  @Test func manyChannelsTakeSeveralPasses() throws {
    let prompt = try promptSamples()
    let channels = (0..<9).map { shift in [Float](repeating: 0, count: 80 * shift) + prompt }
    var seconds: [Double] = []
    let result = detector.scan(try folder.writeWAV("nine.wav", channels: channels)) { seconds.append($0) }
    #expect(result.error == nil)
    #expect(result.parties.map(\.channel) == Array(1...9))
    #expect(result.parties.allSatisfy { $0.sameAs == nil && $0.speech > 0 })
    #expect(seconds == seconds.sorted())
    #expect(abs((seconds.last ?? 0) - (result.duration ?? 9)) < 1e-9)
  }

  @Test func mixIsTheMeanOfChannels() throws {
    let samples = try call()
    var options = ScanOptions()
    options.mix = true
    let path = try folder.writeWAV(
      "call.wav", channels: [samples.map { $0 * 1.5 }, samples.map { $0 * 0.5 }])
    let mixed = detector.scan(path, options: options)
    let alone = detector.scan(try folder.writeWAV("alone.wav", channels: [samples]))
    #expect(mixed.parties.count == 1)
    #expect(abs((mixed.parties.first?.llr ?? 9) - (alone.parties.first?.llr ?? 0)) < 1e-3)
  }

  @Test func operatingPointsDecide() throws {
    let path = try folder.writeWAV("call.wav", channels: [try call()])
    var options = ScanOptions()
    options.alarmAt = 1000
    options.clearAt = 1001
    #expect(detector.scan(path, options: options).verdict == .synthetic)
    options.alarmAt = -1000
    options.clearAt = -999
    #expect(detector.scan(path, options: options).verdict == .bonafide)
    options.clearAt = 1000
    #expect(detector.scan(path, options: options).parties.first?.reason == .ambiguous)
  }
}
