import Bonafide
import Foundation
import Testing

/// The recordings of `samples/` end to end: file to verdict, with the default model.
@Suite struct SamplesTests {
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "samples")

  /// A file of `expected.tsv` and its true verdict per channel, from channel 1.
  struct Sample: Sendable, CustomTestStringConvertible {
    var file: String
    var verdicts: [String]
    var testDescription: String { file }
  }

  /// The lines of a table of this folder, in their fields.
  static func table(_ name: String, separator: Character) -> [[String]] {
    let text = (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { line in
      line.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
  }

  static let samples: [Sample] = table("expected.tsv", separator: "\t").dropFirst().reduce(into: []) { samples, row in
    guard row.count >= 3 else { return }
    if let last = samples.indices.last, samples[last].file == row[0] {
      samples[last].verdicts.append(row[2])
    } else {
      samples.append(Sample(file: row[0], verdicts: [row[2]]))
    }
  }

  func scan(_ file: String) throws -> FileResult {
    let result = try Detector.default.scan(Self.folder.appending(path: file).path)
    #expect(result.error == nil)
    return result
  }

  @Test func tableNamesEveryRecording() throws {
    let recordings = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".wav") || $0.hasSuffix(".flac") }
    #expect(recordings.count >= 8)
    #expect(Set(recordings) == Set(Self.samples.map(\.file)))
  }

  /// A verdict may be withheld, but not be the opposite of the truth. How many are withheld: `make demo`.
  @Test(arguments: samples)
  func verdictIsNotFalse(_ sample: Sample) throws {
    let result = try scan(sample.file)
    #expect(result.parties.map(\.channel) == Array(1...sample.verdicts.count))
    for (party, truth) in zip(result.parties, sample.verdicts) {
      #expect(party.verdict.rawValue == truth || party.verdict == .inconclusive)
      if party.verdict == .inconclusive { #expect(party.reason != nil) }
      if party.verdict == .synthetic { #expect(!party.segments.isEmpty) }
    }
  }

  @Test func nobodySpeaksInHoldMusic() throws {
    let party = try #require(try scan("hold-music.alaw.wav").parties.first)
    #expect([.noSpeech, .tooLittleSpeech, .tooNoisy].contains(party.reason))
    #expect(party.speech < 2)
    #expect(party.segments.isEmpty)
  }

  @Test func syntheticCallerIsFoundAndTheAgentIsNot() throws {
    let parties = try scan("call-agent-caller.ulaw.wav").parties
    try #require(parties.count == 2)
    #expect(parties[0].verdict != .synthetic && parties[0].segments.isEmpty)
    #expect(parties[1].verdict == .synthetic)
  }

  @Test func splicedStretchIsFoundAndNothingElse() throws {
    let row = try #require(Self.table("spliced.rttm", separator: " ").first)
    try #require(row.count > 4)
    let start = try #require(Double(row[3]))
    let end = start + (try #require(Double(row[4])))
    let party = try #require(try scan("spliced.flac").parties.first)
    let flagged = party.segments.reduce(0) { $0 + $1.end - $1.start }
    let hit = party.segments.reduce(0) { $0 + max(0, min($1.end, end) - max($1.start, start)) }
    #expect(hit >= 0.5 * (end - start))
    // Its ends are those of windows of four seconds.
    #expect(flagged - hit <= 4)
  }
}
