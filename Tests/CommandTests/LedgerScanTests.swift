import BonafideLedger
import Foundation
import Testing

/// `scan --ledger`: nothing done is lost, and nothing is done twice.
@Suite struct LedgerScanTests {
  private let folder: TemporaryFolder
  private let ledger: String

  init() throws {
    folder = try TemporaryFolder()
    ledger = folder.path("state.sqlite")
  }

  /// Recordings of two seconds, no two alike, and one that is none.
  private func makeCalls(_ count: Int) throws {
    let samples = Array(try promptSamples().prefix(16_000))
    for index in 0..<count {
      let quieter = samples.map { $0 / Int16(index % 7 + 1) &+ Int16(index) }
      try folder.write("calls/\(1000 + index).wav", wav([quieter]))
    }
    try folder.write("calls/broken.wav", Array("RIFF????WAVE".utf8))
  }

  private func scan(_ options: String..., jobs: Int = 2) throws -> Run {
    try bonafide(["scan", "--fast", "-j", "\(jobs)", "--ledger", ledger] + options + ["calls"], in: folder)
  }

  /// All that a ledger has but times and numbers of rows, a line for each recording.
  private func content(_ path: String) throws -> [String] {
    let ledger = try Ledger(path: path, creates: false)
    var lines: [String] = []
    try ledger.forEachResult(LedgerQuery()) { kept, result in lines.append("\(kept.size) \(kept.hash.hexadecimal) \(result)") }
    return lines.sorted()
  }

  @Test func aScanIsTheSameWhetherItIsNewOrNot() throws {
    try makeCalls(6)
    let before = try bonafide(["scan", "--fast", "--format", "json", "calls"], in: folder)
    let first = try scan("--format", "json")
    let second = try scan("--format", "json")
    #expect(first.output == before.output)
    #expect(second.output == before.output)
    #expect((first.status, second.status) == (before.status, before.status))
    #expect(first.errors.contains("state.sqlite: 7 of 7 recordings screened, 0 taken from the ledger\n"))
    #expect(second.errors.contains("state.sqlite: 0 of 7 recordings screened, 7 taken from the ledger\n"))
    let sorted = try scan("--sort", "llr", "--format", "csv")
    #expect(sorted.output == (try bonafide(["scan", "--fast", "--sort", "llr", "--format", "csv", "calls"], in: folder)).output)
    let page = try scan("--format", "html")
    #expect(page.output.split(separator: "\n").count { $0.hasPrefix("{\"path\":") } == 7)
  }

  @Test func onlyWhatIsNewIsReportedWhereAskedFor() throws {
    try makeCalls(3)
    #expect(try scan("--only-new", "--format", "csv").output.split(separator: "\n").count == 5)
    try folder.write("calls/2000.wav", wav([Array(try promptSamples().prefix(8000))]))
    let new = try scan("--only-new", "--format", "jsonl")
    #expect(new.output.split(separator: "\n").count == 1)
    #expect(new.output.contains("calls/2000.wav"))
    #expect(new.status == 0)
    #expect(try scan("--only-new", "--retry-failed", "--format", "jsonl").status == 2)
  }

  @Test func aKilledScanLosesNothingThatIsDone() throws {
    try makeCalls(40)
    let undisturbed = folder.path("undisturbed.sqlite")
    let clock = ContinuousClock()
    let one = try clock.measure { _ = try bonafide(["scan", "--fast", "--ledger", folder.path("one.sqlite"), "calls/1000.wav"], in: folder) }
    let all = try clock.measure { _ = try bonafide(["scan", "--fast", "-j", "2", "--ledger", undisturbed, "calls"], in: folder) }
    let wanted = try content(undisturbed)
    #expect(wanted.count == 41)
    // Killed while it starts, while it screens and while it writes, with a tenth of the work at most done in between.
    let (first, last) = (one / 2, one + .milliseconds(150) + all / 10)
    var reported: Set<String> = []
    for _ in 0..<50 {
      let output = folder.path("out.jsonl")
      let process = try start(["scan", "--fast", "-j", "2", "--format", "jsonl", "--only-new", "--ledger", ledger, "calls"], output: output)
      usleep(UInt32(Double.random(in: first / .microseconds(1)..<last / .microseconds(1))))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      for line in lines {
        let path = try #require(line.firstMatch(of: /"path":"([^"]*)"/)).1
        // What has been said to be done is not done again.
        #expect(reported.insert(String(path)).inserted, "\(path)")
      }
    }
    #expect(!reported.isEmpty)
    let rest = try scan("--format", "jsonl")
    #expect(try !folder.names.contains("state.sqlite-wal"))
    #expect(rest.output.split(separator: "\n").count == 41)
    let screened = try #require(rest.errors.firstMatch(of: /(\d+) of 41 recordings screened/)).1
    #expect(Int(screened).map { $0 <= 41 - reported.count } == true)
    #expect(try content(ledger) == wanted)
    #expect(try Ledger(path: ledger, creates: false).damage() == [])
  }

  @Test func twoProcessesShareTheWorkAndOneTakesTheOthersOver() throws {
    try makeCalls(40)
    let undisturbed = folder.path("undisturbed.sqlite")
    _ = try bonafide(["scan", "--fast", "-j", "2", "--ledger", undisturbed, "calls"], in: folder)
    let arguments = ["scan", "--fast", "-j", "1", "--format", "jsonl", "--only-new", "--ledger", ledger, "calls"]
    let killed = try start(arguments, output: folder.path("killed.jsonl"))
    let other = try start(arguments, output: folder.path("other.jsonl"))
    let third = try start(arguments, output: folder.path("third.jsonl"))
    usleep(700_000)
    kill(killed.processIdentifier, SIGKILL)
    for process in [killed, other, third] { process.waitUntilExit() }
    #expect(other.terminationReason == .exit && third.terminationReason == .exit)
    let lines = try ["killed", "other", "third"].flatMap { name in
      try String(contentsOfFile: folder.path("\(name).jsonl"), encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }
    // No recording was screened twice, by whomever.
    #expect(Set(lines).count == lines.count)
    #expect(try content(ledger) == content(undisturbed))
  }

  @Test func whatIsNoLedgerIsAnErrorInALine() throws {
    try makeCalls(1)
    let bytes = [UInt8]("not a ledger ".utf8) + [UInt8](repeating: 7, count: 2000)
    try folder.write("state.sqlite", bytes)
    let run = try scan()
    #expect(run.status == 2)
    #expect(run.errorLines == ["bonafide: \(ledger): is no ledger, and is left as it is; name another file"])
    #expect(try [UInt8](Data(contentsOf: URL(filePath: ledger))) == bytes)
    #expect(try folder.names == ["calls", "state.sqlite"])
    let missing = try bonafide(["scan", "--fast", "--ledger", folder.path("no/such.sqlite"), "calls"], in: folder)
    #expect(missing.status == 2)
    #expect(missing.errorLines.count == 1)
    #expect(try bonafide(["scan", "--retry-failed", "calls"], in: folder).status == 64)
  }

  /// A limit of the size of files stands for a disk that is full.
  @Test func aFullDiskEndsTheScanAndKeepsWhatIsDone() throws {
    try makeCalls(40)
    #expect(try bonafide(["scan", "--fast", "--ledger", ledger, "calls/1000.wav", "calls/1001.wav"], in: folder).status == 0)
    // In blocks of 1024 bytes.
    let limit = ["/bin/bash", "-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "bash"]
    let full = try bonafide(["scan", "--fast", "--ledger", ledger, "calls"], in: folder, by: limit)
    #expect(full.status == 2)
    #expect(full.errors.contains("bonafide: \(ledger): "))
    #expect(full.errorLines.count { $0.contains(ledger) } == 1)
    let next = try scan()
    #expect(next.errors.contains(/recordings screened, [1-9]\d* taken/))
    #expect(try content(ledger).count == 41)
  }

  @Test func aLedgerThatMayNotBeWrittenIsLeftAsItIs() throws {
    try makeCalls(1)
    _ = try scan()
    let bytes = try Data(contentsOf: URL(filePath: ledger))
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: ledger)
    // Root may write anything but without its capabilities.
    let plain = geteuid() == 0 ? ["/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []
    let run = try bonafide(["scan", "--fast", "--ledger", ledger, "calls"], in: folder, by: plain)
    #expect(run.status == 2)
    #expect(run.errorLines == ["bonafide: \(ledger): cannot be written; it and its folder must be writable"])
    #expect(try Data(contentsOf: URL(filePath: ledger)) == bytes)
  }

  private func start(_ arguments: [String], output: String) throws -> Process {
    #expect(FileManager.default.createFile(atPath: output, contents: nil))
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "bonafide")
    process.arguments = arguments
    process.currentDirectoryURL = folder.url
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }
}
