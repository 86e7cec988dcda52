import BonafideAudio
import Foundation
import Testing

@testable import Bonafide

@Suite struct StreamTests {
  let detector: Detector

  init() throws {
    detector = Detector(model: try .narrowband)
  }

  private func expectSame(_ found: PartyResult, _ expected: PartyResult, _ comment: Comment? = nil) {
    #expect(found.verdict == expected.verdict && found.reason == expected.reason, comment)
    #expect(found.speech == expected.speech, comment)
    #expect((found.llr == nil) == (expected.llr == nil), comment)
    #expect(abs((found.llr ?? 0) - (expected.llr ?? 0)) < 1e-3, comment)
    #expect(found.segments.map(\.start) == expected.segments.map(\.start), comment)
    #expect(found.segments.map(\.end) == expected.segments.map(\.end), comment)
    #expect(zip(found.segments, expected.segments).allSatisfy { abs($0.llr - $1.llr) < 1e-3 }, comment)
  }

  /// Sizes of packets: from a sample to ten seconds, short ones as likely as long ones.
  private func packet(rate: Int, _ generator: inout SeededGenerator) -> Int {
    max(1, Int(exp(Double.random(in: 0...log(10 * Double(rate)), using: &generator))))
  }

  @Test(arguments: [
    ("genuine-en.ulaw.wav", 1, 8000), ("call-agent-caller.ulaw.wav", 2, 8000), ("spliced.flac", 1, 16000),
    ("synthetic-hts.ulaw.wav", 1, 11025), ("genuine-es.gsm.wav", 1, 6000), ("hold-music.alaw.wav", 1, 44100),
    ("synthetic-espeak.gsm.wav", 1, 48000), ("synthetic-diphone.alaw.wav", 1, 8000),
  ])
  func streamIsTheEngineOfScan(file: String, channel: Int, rate: Int) throws {
    let samples = try recording(file, channel: channel, rate: rate, seconds: 20)
    let folder = try TemporaryFolder()
    let scanned = detector.scan(try folder.writeWAV("party.wav", channels: [samples], sampleRate: rate))
    let expected = try #require(scanned.parties.first)
    expectSame(try detector.score(samples, sampleRate: rate), expected)

    let stream = try detector.makeStream(sampleRate: rate)
    for seed in 0..<2 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      try stream.reset()
      var start = 0
      var told: [Segment] = []
      while start < samples.count {
        let end = min(samples.count, start + packet(rate: rate, &generator))
        let update = try stream.append(samples.span.extracting(start..<end))
        told += update.closed
        start = end
        #expect(abs(update.time - Double(end) / Double(rate)) < 1e-9)
        #expect(update.scoredTime <= update.time)
      }
      let result = try stream.finish()
      expectSame(result, expected, "seed \(seed)")
      #expect(stream.update.verdict == result.verdict && stream.update.llr == result.llr)
      told += stream.update.closed
      if !told.isEmpty { #expect(result.segments == told) }
    }
  }

  /// A sample at a time, and all at once.
  @Test func packetsOfAnySize() throws {
    let samples = try recording("synthetic-hts.ulaw.wav", rate: 8000, seconds: 4)
    let expected = try detector.score(samples, sampleRate: 8000)
    for size in [1, 80, 160, 8000, samples.count] {
      let stream = try detector.makeStream(sampleRate: 8000)
      for start in stride(from: 0, to: samples.count, by: size) {
        try stream.append(Array(samples[start..<min(samples.count, start + size)]))
      }
      expectSame(try stream.finish(), expected, "\(size)")
    }
  }

  @Test func codesAreTheSameSamples() throws {
    let url = GoldenModelTests.samples.appending(path: "synthetic-hts.ulaw.wav")
    // Whatever the header's bytes sound like, they are the same in every code.
    let bytes = [UInt8](try Data(contentsOf: url).prefix(40_000))
    for (law, code) in [(true, G711.muLaw), (false, .aLaw)] {
      let decoded = bytes.map { code.table[Int($0)] }
      let streams = try (0..<3).map { _ in try detector.makeStream(sampleRate: 8000) }
      _ = law ? try streams[0].append(muLaw: bytes) : try streams[0].append(aLaw: bytes)
      try streams[1].append(decoded)
      try streams[2].append(decoded.map { Int16($0 * 32_768) })
      let expected = try streams[0].finish()
      #expect(try streams[1].finish() == expected && streams[2].finish() == expected)
    }
  }

  /// Speech from the first sample: there is an LLR within 1.5 s, and a verdict once there is a second of speech.
  @Test func evidenceComesSoon() throws {
    let samples = try recording("synthetic-hts.ulaw.wav", seconds: 6)
    let onset = samples.firstIndex { abs($0) > 0.02 } ?? 0
    let stream = try detector.makeStream(sampleRate: 8000)
    var first: StreamUpdate?
    for start in stride(from: onset, to: samples.count - 160, by: 160) {
      let update = try stream.append(samples.span.extracting(start..<start + 160))
      #expect(update.time - update.scoredTime < 0.203)
      if first == nil, update.llr != nil { first = update }
    }
    let update = try #require(first)
    #expect(update.time < 1.5)
    #expect(update.reason == .tooLittleSpeech && update.speech > 0)
  }

  /// Whatever the rate, scores are less than 300 ms behind.
  @Test(arguments: [6000, 8000, 11_025, 16_000, 44_100, 48_000, 192_000]) func scoresAreNotFarBehind(rate: Int) throws {
    let stream = try detector.makeStream(sampleRate: rate)
    let packet = (0..<rate / 50).map { 0.3 * sin(2000 * Float($0) / Float(rate)) }
    for _ in 0..<100 {
      let update = try stream.append(packet)
      #expect(update.time - update.scoredTime < (rate == 8000 ? 0.203 : 0.3))
    }
  }

  @Test func updatesTellStretchesAsTheyGrow() throws {
    let samples = try recording("call-agent-caller.ulaw.wav", channel: 2)
    var options = ScanOptions()
    options.timeline = true
    let expected = try detector.score(samples, sampleRate: 8000, options: options)
    try #require(!expected.segments.isEmpty)
    let stream = try detector.makeStream(sampleRate: 8000, options: options)
    var (closed, open): ([Segment], [Segment]) = ([], [])
    for start in stride(from: 0, to: samples.count, by: 160) {
      let update = try stream.append(samples.span.extracting(start..<min(samples.count, start + 160)))
      for segment in update.closed { #expect(update.time - segment.end < 2.8) }
      closed += update.closed
      if let segment = update.open { open.append(segment) }
    }
    let result = try stream.finish()
    #expect(closed + stream.update.closed == result.segments)
    expectSame(result, expected)
    #expect(result.timeline?.llr.count == expected.timeline?.llr.count)
    // Each stretch was seen to grow from its start.
    for segment in result.segments {
      let seen = open.filter { $0.start == segment.start }.map(\.end)
      #expect(try seen == seen.sorted() && #require(seen.last) <= segment.end)
    }
  }

  @Test func finishedStreamsThrow() throws {
    let stream = try detector.makeStream(sampleRate: 8000)
    try stream.append([Int16](repeating: 0, count: 100))
    let result = try stream.finish()
    #expect(result.reason == .noSpeech && result.channel == 1)
    #expect(throws: ScreeningError.finished) { try stream.append([Float](repeating: 0, count: 10)) }
    #expect(throws: ScreeningError.finished) { try stream.append([Int16]()) }
    #expect(throws: ScreeningError.finished) { try stream.append(muLaw: [0]) }
    #expect(throws: ScreeningError.finished) { try stream.append(aLaw: [0]) }
    #expect(throws: ScreeningError.finished) { try stream.append(missing: 1) }
    #expect(throws: ScreeningError.finished) { try stream.finish() }
    #expect(!ScreeningError.finished.message.contains("\n"))
    try stream.reset()
    #expect(stream.update == StreamUpdate())
    #expect(try stream.append([Int16](repeating: 0, count: 80)).time == 0.01)
  }

  @Test(arguments: [0, -8000, 5999, 192_001, .max, .min]) func otherRatesAreErrors(rate: Int) {
    #expect(throws: ScreeningError.unsupportedRate(rate)) { try detector.makeStream(sampleRate: rate) }
    #expect(throws: ScreeningError.unsupportedRate(rate)) { try detector.score([], sampleRate: rate) }
  }

  /// What is not a number is taken as in files.
  @Test func damagedSamplesAreTakenAsInFiles() throws {
    var samples = try recording("synthetic-hts.ulaw.wav", seconds: 5)
    let damage: [Float] = [.nan, .infinity, -.infinity, 1e30, -5, .greatestFiniteMagnitude]
    for (i, value) in damage.enumerated() { samples[9000 + 700 * i] = value }
    let folder = try TemporaryFolder()
    let scanned = detector.scan(try folder.writeWAV("damaged.wav", channels: [samples]))
    let stream = try detector.makeStream(sampleRate: 8000)
    try stream.append(samples)
    #expect(stream.nonNumbers == 3)
    expectSame(try stream.finish(), try #require(scanned.parties.first))
  }

  @Test func sequencesOfBlocksGiveEvents() async throws {
    let samples = try recording("synthetic-hts.ulaw.wav", seconds: 5)
    let blocks = AsyncStream<[Float]> { continuation in
      for start in stride(from: 0, to: samples.count, by: 800) {
        continuation.yield(Array(samples[start..<min(samples.count, start + 800)]))
      }
      continuation.finish()
    }
    var (times, results): ([Double], [PartyResult]) = ([], [])
    for try await event in detector.updates(of: blocks, sampleRate: 8000) {
      switch event {
      case .update(let update): times.append(update.time)
      case .result(let result): results.append(result)
      }
    }
    #expect(times.count == (samples.count + 799) / 800 && times == times.sorted())
    try #require(results.count == 1)
    expectSame(results[0], try detector.score(samples, sampleRate: 8000))
  }

  private struct LineDrop: Error {}

  @Test func sequencesThatFailThrow() async throws {
    let dropped = AsyncThrowingStream<[Float], any Error> { continuation in
      continuation.yield([0, 0])
      continuation.finish(throwing: LineDrop())
    }
    var events = 0
    await #expect(throws: LineDrop.self) {
      for try await _ in detector.updates(of: dropped, sampleRate: 8000) { events += 1 }
    }
    #expect(events == 1)
    let none = AsyncStream<[Float]> { $0.finish() }
    await #expect(throws: ScreeningError.unsupportedRate(1)) {
      for try await _ in detector.updates(of: none, sampleRate: 1) {}
    }
  }

  /// A dictionary of calls in an actor, as a server has it.
  private actor Calls {
    private var streams: [Int: DetectorStream] = [:]
    let detector: Detector

    init(_ detector: Detector) { self.detector = detector }

    func take(_ packet: [Int16], of call: Int) throws -> StreamUpdate {
      let stream = try streams[call] ?? detector.makeStream(sampleRate: 8000)
      streams[call] = stream
      return try stream.append(packet)
    }
  }

  @Test func callsOfAServerDoNotDisturbEachOther() async throws {
    let calls = Calls(detector)
    let samples = try recording("synthetic-hts.ulaw.wav", seconds: 3).map { Int16(($0 * 32_767).rounded()) }
    let (alone, atOnce) = (try detector.makeStream(sampleRate: 8000), try detector.makeStream(sampleRate: 8000))
    try atOnce.append(samples)
    var last: [Int: StreamUpdate] = [:]
    for start in stride(from: 0, to: samples.count, by: 160) {
      let packet = Array(samples[start..<min(samples.count, start + 160)])
      try alone.append(packet)
      for call in 0..<3 { last[call] = try await calls.take(packet, of: call) }
    }
    for call in 0..<3 { #expect(last[call]?.llr == alone.update.llr) }
    // Sums of longer blocks are added up in another order.
    #expect(abs((alone.update.llr ?? 0) - (atOnce.update.llr ?? 9)) < 1e-3)
  }
}
