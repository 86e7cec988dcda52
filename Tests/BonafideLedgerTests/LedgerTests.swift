import Bonafide
import BonafideAudio
import Foundation
import GRDB
import Testing

@testable import BonafideLedger

/// What is in a ledger, and what is screened again.
@Suite struct LedgerTests {
  private let folder: TemporaryFolder
  private let ledger: Ledger

  init() throws {
    folder = try TemporaryFolder()
    ledger = try Ledger(path: folder.path("state.sqlite"), creates: true)
  }

  private func session(retriesFailed: Bool = false, _ change: (inout ScanOptions) -> Void = { _ in }) throws -> LedgerSession {
    try LedgerSession(ledger, setup: try setup(change), retriesFailed: retriesFailed)
  }

  /// Screens a recording in a session of its own; whether that was new.
  private func isScreened(
    _ path: String, as result: FileResult? = nil, retriesFailed: Bool = false, _ change: (inout ScanOptions) -> Void = { _ in }
  ) async throws -> Bool {
    let session = try session(retriesFailed: retriesFailed, change)
    defer { session.end() }
    return try #require(try await session.screenAndKeep(path) { result ?? sample(path) }).isNew
  }

  /// Scores in single precision are others than those in bfloat16.
  @Test func arithmeticMakesAnotherSetup() throws {
    let precise = ScreeningSetup(try Detector.builtIn(.float, fast: true), ScanOptions())
    #expect(precise.digest != (try setup()).digest)
    #expect(precise.digest == ScreeningSetup(try Detector.builtIn(.float, fast: true), ScanOptions()).digest)
  }

  @Test func givesBackEveryMemberOfAResult() async throws {
    let path = try folder.write("call.wav", "a")
    var wanted = sample(path)
    wanted.parties[0].timeline = Timeline(hop: 0.04, llr: [1.5, nil, -3.25])
    wanted.parties[1].timeline = Timeline(hop: 0.04, llr: [])
    // Whatever members results will have: the sample has a value for each that is kept, in one of its parties.
    let members = wanted.parties.map { Dictionary(Mirror(reflecting: $0).children.map { ($0.label ?? "", "\($0.value)") }) { one, _ in one } }
    let missing = members[0].keys.filter { name in members.allSatisfy { $0[name] == "nil" } }
    #expect(missing.sorted() == ["trace"])
    let options = { (options: inout ScanOptions) in
      options.timeline = true
      options.channelNames = ["agent", "caller"]
    }
    #expect(try await isScreened(path, as: wanted, options))
    let session = try session(options)
    let found = try await session.screenAndKeep(path) { FileResult(path: path, error: "was screened again") }
    #expect(found?.result == wanted)
    session.end()
  }

  @Test func screensWhatIsNewOrChangedAlone() async throws {
    let path = try folder.write("call.wav", "a")
    #expect(try await isScreened(path))
    #expect(try await !isScreened(path))
    // Written again with the same content.
    try folder.date(path, ago: 1800)
    #expect(try await !isScreened(path))
    #expect(try await !isScreened(path))
    // Another content of the same length, and then of another, with the same date.
    try folder.write("call.wav", "b")
    #expect(try await isScreened(path))
    try folder.write("call.wav", "bb")
    #expect(try await isScreened(path))
    #expect(try await !isScreened(path))
  }

  @Test func knowsAContentByAnotherName() async throws {
    let path = try folder.write("call.wav", "a")
    #expect(try await isScreened(path))
    let moved = folder.path("moved.wav")
    try FileManager.default.moveItem(atPath: path, toPath: moved)
    let session = try session()
    let found = try #require(try await session.screenAndKeep(moved) { FileResult(path: moved, error: "was screened again") })
    session.end()
    #expect(!found.isNew)
    #expect(found.result.path == moved)
    #expect(found.result.parties.map(\.llr) == sample(moved).parties.map(\.llr))
  }

  /// The ending may be all that tells a codec.
  @Test func anotherEndingIsAnotherRecording() async throws {
    #expect(try await isScreened(try folder.write("call.g729", "a")))
    #expect(try await isScreened(try folder.write("call.g722", "a")))
    #expect(try await !isScreened(try folder.write("copy.G729", "a")))
  }

  @Test func looksAtTheContentWhereTimesDoNotTell() async throws {
    // Of a time to come, as after a clock was set back.
    let path = try folder.write("call.wav", "first")
    try folder.date(path, ago: -7200)
    let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    #expect(try await isScreened(path))
    #expect(try await !isScreened(path))
    try Data("other".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.modificationDate: try #require(time)], ofItemAtPath: path)
    #expect(try await isScreened(path))
  }

  @Test func screensAgainWithOtherOptions() async throws {
    let path = try folder.write("call.wav", "a")
    #expect(try await isScreened(path))
    #expect(try await isScreened(path) { $0.prior = 0.5 })
    #expect(try await isScreened(path) { $0.alarmAt = -3 })
    #expect(try await isScreened(path) { $0.clearAt = 3 })
    #expect(try await isScreened(path) { $0.mix = true })
    #expect(try await isScreened(path) { $0.raw = RawFormat(encoding: .ulaw, sampleRate: 8000) })
    #expect(try await isScreened(path) { $0.timeline = true })
    // Neither threads nor names move results.
    #expect(try await !isScreened(path) { $0.threads = 2 })
    #expect(try await !isScreened(path) { $0.channelNames = ["left", "right"] })
    #expect(try await !isScreened(path))
  }

  @Test func saysNamesOfChannelsAsTheyAreNow() async throws {
    let path = try folder.write("call.wav", "a")
    #expect(try await isScreened(path))
    let session = try session { $0.channelNames = ["", "right"] }
    let found = try await session.screenAndKeep(path) { sample(path) }
    session.end()
    #expect(found?.result.parties.map(\.name) == [nil, "right"])
  }

  @Test func triesFailuresAgainWhereAskedTo() async throws {
    let path = try folder.write("call.wav", "a")
    let failure = FileResult(path: path, error: "is no audio")
    #expect(try await isScreened(path, as: failure))
    #expect(try await !isScreened(path))
    #expect(try await isScreened(path, retriesFailed: true))
    #expect(try await !isScreened(path, retriesFailed: true))
  }

  /// ffmpeg that is not there today may be tomorrow.
  @Test func keepsNoFailureOfTheMachine() async throws {
    let path = try folder.write("call.m4a", "a")
    var failure = FileResult(path: path, error: "install ffmpeg")
    for code in [AudioError.Code.ffmpegMissing, .ffmpegFailed, .unreadable] {
      failure.failure = .audio(AudioError(code: code, path: path, message: "install ffmpeg"))
      let session = try session()
      let outcome = try session.screen(path) { failure }
      session.end()
      guard case .unkept(let result) = outcome else {
        Issue.record("\(code) was kept")
        continue
      }
      #expect(result == failure)
    }
    #expect(try await isScreened(path))
  }

  @Test func keepsTheResultOfWhatIsThere() async throws {
    let path = try folder.write("call.wav", "a")
    let session = try session()
    var verdicts: [Verdict] = [.synthetic, .bonafide]
    // Replaced while it is screened, once.
    let first = try await session.screenAndKeep(path) {
      if verdicts.count == 2 { _ = try? folder.write("call.wav", "other") }
      return sample(path, verdict: verdicts.removeFirst())
    }
    #expect(first?.result.verdict == .bonafide)
    #expect(verdicts.isEmpty)
    // And over and over.
    let growing = try folder.write("growing.wav", "a")
    let second = try await session.screenAndKeep(growing) {
      let size = (try? folder.bytes("growing.wav").count) ?? 0
      _ = try? folder.write("growing.wav", String(repeating: "a", count: size + 1))
      return sample(growing)
    }
    #expect(second?.result.error?.hasPrefix("was changed while it was screened") == true)
    session.end()
    #expect(try await isScreened(growing))
  }

  @Test func keepsPathsThatAreNotUTF8() async throws {
    let name = Array(folder.path("").utf8) + [0xE9, 0x2E, 0x77]
    let path = String(pathBytes: name)
    fclose(fopen(path.cPath, "w"))
    #expect(try await isScreened(path))
    let session = try session()
    let found = try await session.screenAndKeep(path) { FileResult(path: path, error: "was screened again") }
    session.end()
    #expect(found?.result.pathBytes == name)
  }
}
