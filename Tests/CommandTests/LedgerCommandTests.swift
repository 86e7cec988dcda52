import Foundation
import GRDB
import Testing

@testable import Bonafide
@testable import BonafideLedger

/// `bonafide ledger`: what a ledger says, and what it forgets.
@Suite struct LedgerCommandTests {
  private let folder: TemporaryFolder
  private let ledger: String
  private let calls: String

  init() throws {
    folder = try TemporaryFolder()
    ledger = folder.path("state.sqlite")
    calls = folder.url.resolvingSymlinksInPath().appending(path: "calls").path
    for name in ["a.wav", "b.wav", "old/c.wav"] {
      try folder.write("calls/\(name)", wav([Array(try promptSamples().prefix(20_000 + name.utf8.count))]))
    }
    try folder.write("calls/broken.wav", Array("RIFF????WAVE".utf8))
    _ = try bonafide(["scan", "--fast", "--ledger", ledger, calls])
  }

  private func lines(_ arguments: String...) throws -> [String] {
    let run = try bonafide(["ledger"] + arguments)
    #expect(run.status == 0)
    return run.output.split(separator: "\n").map(String.init).sorted()
  }

  @Test func listsWhatIsAskedFor() throws {
    let all = try lines("list", ledger)
    #expect(all.count == 4)
    #expect(all.count { $0.contains(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (bonafide|inconclusive)  +-?\d+\.\d  \/.*calls\/.*\.wav$/) } == 3)
    #expect(try lines("list", ledger, "--only", "failed").count { $0.contains(/failed +.*calls\/broken.wav: ./) } == 1)
    #expect(try lines("list", ledger, "--only", "failed").count == 1)
    #expect(try lines("list", ledger, "--only", "bonafide,inconclusive").count == 3)
    #expect(try lines("list", ledger, "--only", "synthetic") == [])
    #expect(try lines("list", ledger, "--since", "1h").count == 4)
    #expect(try lines("list", ledger, "--since", "2999-01-01") == [])
    for wrong in [["--since", "2026-02-30"], ["--since", "soon"], ["--only", "real"]] {
      #expect(try bonafide(["ledger", "list", ledger] + wrong).status == 64)
    }
    #expect(try bonafide(["ledger", "list", folder.path("none.sqlite")]).status == 2)
  }

  @Test func exportsWhatScanReports() throws {
    for format in ["jsonl", "csv"] {
      let scan = try bonafide(["scan", "--fast", "--format", format, calls])
      #expect(try lines("export", ledger, "--format", format) == scan.output.split(separator: "\n").map(String.init).sorted())
    }
    let page = folder.path("page.html")
    #expect(try lines("export", ledger, "--format", "html", "-o", page) == [])
    let text = try String(contentsOfFile: page, encoding: .utf8)
    #expect(text.split(separator: "\n").count { $0.hasPrefix("{\"path\":") } == 4)
    #expect(text.contains("{\"end\":{\"files\":4,\"left_out\":0}}"))
    #expect(try bonafide(["ledger", "export", ledger, "-o", ledger]).status == 64)
    let document = try bonafide(["scan", "--fast", "--format", "json", calls]).output
    // Recordings are in another order, and the last has no comma.
    func entries(_ lines: [String]) -> [String] { lines.map { String($0.hasSuffix("},") ? $0.dropLast() : $0[...]) }.sorted() }
    #expect(entries(try lines("export", ledger, "--format", "json")) == entries(document.split(separator: "\n").map(String.init)))
    // One document names one prior.
    _ = try bonafide(["scan", "--fast", "--prior", "0.5", "--ledger", ledger, calls + "/a.wav"])
    let mixed = try bonafide(["ledger", "export", ledger, "--format", "json"])
    #expect(mixed.status == 2 && mixed.errors.contains("--format jsonl names them in each line"))
    #expect(try lines("export", ledger).count { $0.contains("\"prior\":0.5,") } == 1)
  }

  /// The same columns in each line, and nothing in it that has columns of its own but stretches and warnings.
  @Test func exportsRowsOfParties() throws {
    let rows = try lines("export", ledger, "--format", "parquet-ready").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    #expect(rows.count == 4 && Set(rows.map { $0.keys.sorted() }).count == 1)
    #expect(Set(rows.compactMap { $0["path"] as? String }) == Set(["a.wav", "b.wav", "broken.wav", "old/c.wav"].map { "\(calls)/\($0)" }))
    #expect(rows.allSatisfy { $0.values.allSatisfy { !($0 is [String: Any]) } && $0["engine_model"] as? String == "narrowband" })
    let failed = rows.filter { $0["error"] is String }
    #expect(failed.count == 1 && failed[0]["channel"] is NSNull && failed[0]["file_verdict"] is NSNull)
    #expect(try lines("export", ledger, "--format", "parquet-ready").count { $0.contains(/"bandwidth_hz":\d+\.0,/) } == 3)
  }

  /// Audio of a page is read as the recording was screened: headerless, and all channels as one.
  @Test func audioOfAPageIsReadAsItWasScreened() throws {
    let samples = Array(try promptSamples().prefix(32_000))
    func bytes(_ sample: Int16) -> [UInt8] { [UInt8(truncatingIfNeeded: sample), UInt8(truncatingIfNeeded: sample >> 8)] }
    try folder.write("dump.raw", samples.flatMap { bytes($0) + bytes($0 / 2) })
    let raw = folder.path("raw.sqlite")
    _ = try bonafide(["scan", "--fast", "--ledger", raw, "--raw", "s16le:8000:2", "--mix", folder.path("dump.raw")])
    let page = folder.path("raw.html")
    #expect(try lines("export", raw, "--format", "html", "--embed-audio", "all", "-o", page) == [])
    let clips = try String(contentsOfFile: page, encoding: .utf8).matches(of: /"start_s":0,"end_s":[0-9.]+,"channels":(\[[^\]]*\]),"opus":/)
    #expect(clips.map { String($0.1) } == ["[]"])
  }

  /// Its path in the ledger begins at the root, so that `verify` finds it from wherever it is run.
  @Test func verifiesByAProfileThatWasNamedByARelativePath() throws {
    let json = """
      {"schema":"bonafide.profile/1","adjustments":[{"model":"narrowband","model_sha256":"\(try Model.narrowband.sha256)",\
      "parties":100,"offset_llr":0.25,"alarm_llr":-3}]}
      """
    try folder.write("site/our.json", Array(json.utf8))
    let scan = try bonafide(["scan", "--fast", "--ledger", "profiled.sqlite", "--profile", "site/our.json", "calls/a.wav"], in: folder)
    #expect(scan.status != 2 && scan.status != 64, "\(scan.errors)")
    let profiled = folder.path("profiled.sqlite")
    #expect(try lines("verify", profiled) == ["\(profiled): the file is whole; 1 recording screened again: 1 as before"])
  }

  @Test func verifiesAndTellsWhatComesOutOtherwise() throws {
    #expect(try lines("verify", ledger) == ["\(ledger): the file is whole; 4 recordings screened again: 4 as before"])
    try folder.write("calls/b.wav", wav([Array(try promptSamples().suffix(9000))]))
    try FileManager.default.removeItem(atPath: folder.path("calls/old/c.wav"))
    #expect(
      try lines("verify", ledger) == ["\(ledger): the file is whole; 2 recordings screened again: 2 as before, 2 changed or gone"])
    try Ledger(path: ledger, creates: false).write { db in
      try db.execute(sql: "UPDATE party SET llr = llr - 1 WHERE result_id = (SELECT result.id FROM latest AS result WHERE path LIKE '%/a.wav')")
    }
    let run = try bonafide(["ledger", "verify", ledger])
    #expect(run.status == 2)
    #expect(run.output.contains("2 recordings screened again: 1 as before, 1 otherwise, 2 changed or gone"))
    #expect(run.errors.contains("calls/a.wav: channel 1: was "))
  }

  @Test func forgetsSoThatNothingIsLeft() throws {
    try FileManager.default.removeItem(atPath: folder.path("calls/a.wav"))
    #expect(try bonafide(["ledger", "forget", ledger, "calls/a.wav", "calls/old/"], in: folder).status == 0)
    #expect(try lines("list", ledger).count == 2)
    let bytes = try String(decoding: Data(contentsOf: URL(filePath: ledger)), as: UTF8.self)
    #expect(bytes.contains("calls/b.wav"))
    #expect(!bytes.contains("calls/a.wav"))
    #expect(!bytes.contains("calls/old"))
    #expect(try bonafide(["ledger", "forget", ledger, "calls/a.wav"], in: folder).status == 2)
    // Before the year 1, whose days sort as years to come.
    #expect(try bonafide(["ledger", "forget", ledger, "--older-than", "4000000d"]).status == 64)
    #expect(try bonafide(["ledger", "forget", ledger, "--older-than", "1d"]).status == 0)
    #expect(try lines("list", ledger).count == 2)
    #expect(try bonafide(["ledger", "forget", ledger, "--older-than", "0d"]).status == 0)
    #expect(try lines("list", ledger) == [])
    #expect(try bonafide(["ledger", "forget", ledger]).status == 64)
  }
}
