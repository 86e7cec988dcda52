import Foundation
import Testing

@testable import Bonafide

/// What a program does with options and results.
@Suite struct ProgramTests {
  @Test func optionsThatMakeNoSenseAreTold() throws {
    let detector = Detector(model: try .narrowband)
    var wrong: [ScanOptions] = []
    for change in [
      { $0.prior = 0 }, { $0.prior = 1 }, { $0.prior = .nan }, { $0.threads = 0 }, { $0.threads = 1025 }, { $0.alarmAt = .nan },
      { $0.clearAt = .infinity }, { ($0.alarmAt, $0.clearAt) = (1, 1) }, { $0.alarmAt = 100 }, { $0.clearAt = -100 },
    ] as [(inout ScanOptions) -> Void] {
      var options = ScanOptions()
      change(&options)
      wrong.append(options)
    }
    for options in wrong {
      let result = detector.scan("/nowhere.wav", options: options)
      guard case .badOption(let text)? = result.failure else {
        Issue.record("\(options) is taken: \(result.error ?? "no error")")
        continue
      }
      #expect(result.error == text && !text.isEmpty)
      #expect(throws: ScreeningError.badOption(text)) { try detector.makeStream(sampleRate: 8000, options: options) }
    }
    try ScanOptions().validate(for: detector)
    var points = ScanOptions()
    points.alarmAt = 100
    // What the model's clear point is, is not known yet.
    try points.validate()
  }

  @Test func aFailureIsAValue() throws {
    let result = try Detector.default.scan("/nowhere/call.wav")
    guard case .audio(let error)? = result.failure else {
      Issue.record("\(String(describing: result.failure))")
      return
    }
    #expect(error.code == .notFound && result.error == result.failure?.message)
    var options = ScanOptions()
    options.raw = RawFormat(encoding: .ulaw, sampleRate: 8000)
    #expect(options.raw?.channelCount == 1)
  }

  @Test func resultsAreCoded() throws {
    let folder = try TemporaryFolder()
    var options = ScanOptions()
    options.timeline = true
    let samples = try promptSamples()
    let detector = Detector(model: try .narrowband)
    for path in [try folder.writeWAV("call.wav", channels: [samples, samples]), "/nowhere.wav"] {
      let result = detector.scan(path, options: options)
      let decoded = try JSONDecoder().decode(FileResult.self, from: try JSONEncoder().encode(result))
      #expect(decoded == result)
    }
  }

  @Test func cancellingTheTaskEndsTheScan() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.writeWAV("long.wav", channels: [[Float](repeating: 0, count: 8000 * 600)])
    let detector = Detector(model: try .narrowband)
    let seconds = await withTaskGroup(of: (FileResult, Double).self) { group in
      group.addTask {
        var seconds = 0.0
        let result = detector.scan(path) { done in
          seconds = done
          // As if another task had cancelled this one in the middle.
          if done >= 3 { withUnsafeCurrentTask { $0?.cancel() } }
        }
        return (result, seconds)
      }
      var found = 0.0
      for await (result, seconds) in group {
        #expect(result.failure == .cancelled && result.parties.isEmpty && result.verdict == nil)
        found = seconds
      }
      return found
    }
    #expect(seconds == 3)
  }

  /// 16-bit samples that were made floats, and not divided.
  @Test func samplesOutOfRangeAreCounted() throws {
    let samples = try promptSamples().map { 32_768 * $0 }
    let detector = Detector(model: try .narrowband)
    let stream = try detector.makeStream(sampleRate: 8000)
    try stream.append(samples + [.nan, .infinity])
    #expect(stream.outOfRange == samples.count { $0.magnitude > 4 } && stream.outOfRange > samples.count / 2)
    let party = try stream.finish()
    #expect(party.outOfRange == stream.outOfRange && party.nonNumbers == 2)
    #expect(party.verdict != .bonafide)
    #expect(try detector.score(try promptSamples(), sampleRate: 8000).outOfRange == 0)
    try stream.reset()
    #expect(stream.outOfRange == 0)
  }
}
