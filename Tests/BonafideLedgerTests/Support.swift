import Bonafide
import BonafideLedger
import Foundation
import Testing

/// A folder that is removed with the value.
final class TemporaryFolder {
  let url: URL

  init() throws {
    // Without links in it, as ledgers have paths.
    url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(path: "bonafide-ledger-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file, and dates it back by an hour.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let path = path(name)
    try Data(text.utf8).write(to: URL(filePath: path))
    try date(path, ago: 3600)
    return path
  }

  func date(_ path: String, ago seconds: Double) throws {
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: path)
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }
}

/// What a scan with options says that a detector of the built-in models does.
func setup(_ change: (inout ScanOptions) -> Void = { _ in }) throws -> ScreeningSetup {
  var options = ScanOptions()
  change(&options)
  return ScreeningSetup(try detector.get(), options)
}

private let detector = Result { try Detector.builtInFast }

/// A result in which each member has a value of its own.
func sample(_ path: String, verdict: Verdict = .synthetic) -> FileResult {
  FileResult(
    path: path, format: "WAV/ULAW", sampleRate: 8000, duration: 12.34, heard: 11.5, unheard: 0.25, bandwidth: 3400.5, verdict: verdict,
    warnings: ["samples beyond full scale", "a \"second\" line"],
    parties: [
      PartyResult(
        channel: 1, track: 1, trackChannel: 1, name: "agent", model: "narrowband", verdict: verdict, speech: 6.28, echo: 0.04, llr: -1.0 / 3,
        syntheticProbability: 0.1, clipped: 0.001, signalToNoise: 21.5, stages: StageScores(first: -0.7, second: 0.123456789, coded: 0.25),
        segments: [
          Segment(start: 1.04, end: 3.2, llr: -4.5, syntheticProbability: 0.9), Segment(start: 5, end: 7, llr: -2, syntheticProbability: 0.5),
        ]),
      PartyResult(
        channel: 2, track: 1, trackChannel: 2, name: "caller", sameAs: 1, verdict: .inconclusive, reason: .noSpeech, speech: 0,
        stages: StageScores(first: 1, second: nil)),
    ])
}

extension LedgerSession {
  /// Screens a recording, keeps the result and waits until it is kept.
  ///
  /// - Returns: the result, and whether the recording was screened; `nil` where another process has it.
  func screenAndKeep(_ path: String, with scan: () -> FileResult) async throws -> (result: FileResult, isNew: Bool)? {
    switch try screen(path, with: scan) {
    case .found(let result, _): return (result, false)
    case .unkept(let result): return (result, true)
    case .held: return nil
    case .toKeep(let result, let keeping, let isNew):
      _ = try await withCheckedContinuation { continuation in
        keep(result, keeping) { continuation.resume(returning: $0) }
      }.get()
      return (result, isNew)
    }
  }
}
