import Foundation
import GRDB
import Testing

/// `bonafide watch`: each recording is screened once, when it is complete.
@Suite struct WatchTests {
  private let folder: TemporaryFolder
  private let calls: URL

  init() throws {
    folder = try TemporaryFolder()
    calls = folder.url.appending(path: "calls")
    for name in ["calls/.keep", "outside/.keep"] { try folder.write(name, []) }
  }

  private func start(
    _ output: String, _ options: [String] = [], errors: String? = nil, programs: String? = nil
  ) throws -> Process {
    #expect(FileManager.default.createFile(atPath: folder.path(output), contents: nil))
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "bonafide")
    process.arguments = ["watch", "--fast", "--ledger", folder.path("state.sqlite"), "--settle", "0.5", calls.path] + options
    process.standardOutput = try FileHandle(forWritingTo: folder.url.appending(path: output))
    if let errors { #expect(FileManager.default.createFile(atPath: folder.path(errors), contents: nil)) }
    process.standardError = try errors.map { try FileHandle(forWritingTo: folder.url.appending(path: $0)) } ?? FileHandle.nullDevice
    if let programs { process.environment = ["PATH": programs] }
    try process.run()
    return process
  }

  private func stop(_ process: Process) {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Names of the recordings that a run has reported, one for each line.
  private func reported(_ output: String) throws -> [String] {
    try String(contentsOfFile: folder.path(output), encoding: .utf8).split(separator: "\n").compactMap { line in
      line.firstMatch(of: /"path":"[^"]*\/calls\/([^"]*)"/).map { String($0.1) }
    }.sorted()
  }

  /// Waits until a run has reported so many recordings, and a little longer.
  private func wait(for count: Int, in output: String) throws {
    try look(1200, every: 100_000) { try reported(output).count >= count }
    usleep(1_000_000)
  }

  /// A recording of a second, unlike all of other numbers.
  private func call(_ number: Int) throws -> [UInt8] {
    wav([Array(try promptSamples()[number * 10..<number * 10 + 8000])])
  }

  /// What this machine lacks may be there later.
  @Test func looksAgainWhereFFmpegWasMissing() throws {
    let (ffmpeg, ffprobe) = ("/usr/bin/ffmpeg", "/usr/bin/ffprobe")
    guard FileManager.default.isExecutableFile(atPath: ffmpeg), FileManager.default.isExecutableFile(atPath: ffprobe) else { return }
    let wave = try folder.write("outside/call.wav", try call(0))
    let encoder = try Process.run(URL(filePath: ffmpeg), arguments: ["-v", "error", "-i", wave, calls.appending(path: "call.m4a").path])
    encoder.waitUntilExit()
    let programs = folder.url.appending(path: "programs")
    try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
    let process = try start("out.jsonl", ["--poll", "1"], errors: "errors.txt", programs: programs.path)
    defer { stop(process) }
    func errors() throws -> String { try String(contentsOfFile: folder.path("errors.txt"), encoding: .utf8) }
    try look(600, every: 100_000) { try errors().contains("call.m4a") }
    #expect(try reported("out.jsonl") == [])
    for program in [ffmpeg, ffprobe] {
      let link = programs.appending(path: program.split(separator: "/").last.map(String.init) ?? "")
      try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: program)
    }
    try wait(for: 1, in: "out.jsonl")
    #expect(try reported("out.jsonl") == ["call.m4a"])
  }

  @Test func screensEachRecordingOnceHoweverItComes() throws {
    try folder.write("calls/before.wav", try call(0))
    let process = try start("out.jsonl")
    try wait(for: 1, in: "out.jsonl")
    var expected = ["before.wav"]
    // Copied, moved in, and into a folder that is new.
    for number in 1...20 {
      try folder.write("calls/copied-\(number).wav", try call(number))
      let outside = try folder.write("outside/\(number).wav", try call(100 + number))
      try FileManager.default.moveItem(at: URL(filePath: outside), to: calls.appending(path: "moved-\(number).wav"))
      try folder.write("calls/new/\(number).wav", try call(200 + number))
      expected += ["copied-\(number).wav", "moved-\(number).wav", "new/\(number).wav"]
    }
    // Written with pauses that are longer than the time to settle.
    let bytes = try call(300)
    try folder.write("calls/slow.wav", [])
    let slow = try FileHandle(forWritingTo: calls.appending(path: "slow.wav"))
    for start in stride(from: 0, to: bytes.count, by: bytes.count / 4 + 1) {
      try slow.write(contentsOf: bytes[start..<min(start + bytes.count / 4 + 1, bytes.count)])
      usleep(800_000)
    }
    try slow.close()
    expected.append("slow.wav")
    // Neither is to be screened.
    try folder.write("calls/notes.txt", Array("text".utf8))
    try folder.write("calls/.hidden.wav", try call(301))
    try wait(for: expected.count, in: "out.jsonl")
    #expect(process.isRunning)
    stop(process)
    #expect(try reported("out.jsonl") == expected.sorted())
    let text = try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8)
    #expect(!text.contains(/"error":"/))
    #expect(text.split(separator: "\n").allSatisfy { $0.contains("\"duration_s\":1,") })
  }

  @Test func aKilledWatchReportsTheRestWhenItIsBegunAgain() throws {
    for number in 0..<30 { try folder.write("calls/\(number).wav", try call(number)) }
    let first = try start("first.jsonl")
    try look(1200, every: 10_000) { try reported("first.jsonl").count >= 5 }
    stop(first)
    let before = try reported("first.jsonl")
    let second = try start("second.jsonl")
    try wait(for: 30 - before.count, in: "second.jsonl")
    stop(second)
    let after = try reported("second.jsonl")
    #expect(Set(before + after).count == 30)
    #expect(Set(after).count == after.count)
    // What was cut off between the line and the note of it.
    #expect(before.count + after.count <= 31)
    let third = try start("third.jsonl", ["--results", folder.path("results")])
    try folder.write("calls/30.wav", try call(30))
    try look(1200, every: 100_000) { try folder.names.contains("results") && !names("results").isEmpty }
    stop(third)
    #expect(try reported("third.jsonl") == [])
    #expect(try names("results").count == 1)
    #expect(try names("results")[0].contains(/^30\.wav\.\d+\.json$/))
  }

  private func names(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).filter { !$0.hasSuffix(".part") }
  }

  /// Its files would be opened and closed as the calls are, which ends SQLite's locks.
  @Test func aLedgerInAWatchedFolderIsAnError() throws {
    try folder.write("calls/new/.keep", [])
    for place in ["calls/state.sqlite", "calls/new/state.sqlite", "calls/new/../../calls/state.sqlite"] {
      let run = try bonafide(["watch", "--fast", "--ledger", folder.path(place), calls.path])
      #expect(run.status == 2 && run.errorLines.contains { $0.hasSuffix("keep the ledger elsewhere") })
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("calls/state.sqlite")))
  }

  /// The file of a result has a longer name than its recording.
  @Test func resultsOfLongNamesHaveFiles() throws {
    try folder.write("calls/\(String(repeating: "x", count: 240)).wav", try call(0))
    let process = try start("out.jsonl", ["--results", folder.path("results")])
    var found: [String] = []
    for _ in 0..<300 where found.isEmpty {
      usleep(100_000)
      found = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path("results"))) ?? []).filter { $0.hasSuffix(".json") }
    }
    stop(process)
    #expect(found.count == 1 && found[0].hasPrefix(String(repeating: "x", count: 200) + "."))
  }

  /// A line says how its result came about, whichever run writes it, under the name that this run gives the recording.
  @Test func aResultThatIsReportedLaterSaysWhatItWasMadeWith() throws {
    let call = try folder.write("calls/new/old.wav", try call(0))
    _ = try bonafide(["scan", "--fast", "--prior", "0.2", "--ledger", folder.path("state.sqlite"), call])
    try DatabaseQueue(path: folder.path("state.sqlite")).write { db in
      try db.execute(sql: "INSERT INTO outbox (result_id) SELECT id FROM result")
      try db.execute(sql: "UPDATE setup SET version = '0.0.9', model = 'older', model_sha256 = 'ab'")
      try db.execute(sql: "UPDATE setup SET second_stage = 'once', second_stage_sha256 = 'cd'")
    }
    let process = try start("out.jsonl")
    try wait(for: 2, in: "out.jsonl")
    stop(process)
    let lines = try String(contentsOfFile: folder.path("out.jsonl"), encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2)
    let engine = #""engine":{"version":"0.0.9","model":"older","model_sha256":"ab","#
    #expect(lines.first?.contains(engine) == true)
    #expect(lines.first?.contains(#""second_stage":"once","second_stage_sha256":"cd"},"prior":0.2,"#) == true)
    #expect(lines.last?.contains(#""version":"0.0.9""#) == false && lines.last?.contains(#""prior":0.05,"#) == true)
    #expect(lines.allSatisfy { $0.contains("\"path\":\"\(calls.path)/new/old.wav\"") })
  }

  @Test func aFolderThatGoesAwayIsNamedAndComesBack() throws {
    try folder.write("calls/a.wav", try call(0))
    #expect(FileManager.default.createFile(atPath: folder.path("errors.txt"), contents: nil))
    let process = try start("out.jsonl", errors: "errors.txt")
    defer { stop(process) }
    try wait(for: 1, in: "out.jsonl")
    func errors() throws -> String { try String(contentsOfFile: folder.path("errors.txt"), encoding: .utf8) }
    let gone = folder.url.appending(path: "elsewhere")
    try FileManager.default.moveItem(at: calls, to: gone)
    try look(100, every: 100_000) { try !errors().isEmpty }
    #expect(try errors() == "bonafide: \(calls.path): is gone; waits for it to come back\n")
    try FileManager.default.moveItem(at: gone, to: calls)
    try folder.write("calls/b.wav", try call(1))
    try wait(for: 2, in: "out.jsonl")
    #expect(try reported("out.jsonl") == ["a.wav", "b.wav"])
    // Removed, and made anew.
    try FileManager.default.removeItem(at: calls)
    usleep(1_000_000)
    try folder.write("calls/c.wav", try call(2))
    try wait(for: 3, in: "out.jsonl")
    try folder.write("calls/d.wav", try call(3))
    try wait(for: 4, in: "out.jsonl")
    #expect(try reported("out.jsonl") == ["a.wav", "b.wav", "c.wav", "d.wav"])
    #expect(try errors().split(separator: "\n").map { $0.hasSuffix("is back") } == [false, true, false, true])
  }

  /// Once, as `scan` says it.
  @Test func saysWhatItLeavesOut() throws {
    for name in ["a.vox", "b.vox"] { try folder.write("calls/\(name)", [UInt8](repeating: 0x5A, count: 8000)) }
    try folder.write("calls/c.wav", try call(0))
    let process = try start("out.jsonl", ["--poll", "1"], errors: "errors.txt")
    defer { stop(process) }
    try wait(for: 1, in: "out.jsonl")
    usleep(2_500_000)
    let lines = try String(contentsOfFile: folder.path("errors.txt"), encoding: .utf8).split(separator: "\n")
    #expect(lines == ["bonafide: left out: 2 × .vox, which take --raw vox:8000; 1 hidden"])
  }

  @Test func whatCannotBeWatchedIsAnError() throws {
    let ledger = folder.path("state.sqlite")
    #expect(try bonafide(["watch", "--fast", "--ledger", ledger, folder.path("none")]).status == 2)
    let file = try folder.write("calls/a.wav", try call(0))
    let run = try bonafide(["watch", "--fast", "--ledger", ledger, file])
    #expect(run.status == 2)
    #expect(run.errorLines == ["bonafide: \(file): is no folder"])
    #expect(try bonafide(["watch", "--fast", calls.path]).status == 64)
  }
}
