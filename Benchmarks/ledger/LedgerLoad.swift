import Bonafide
import BonafideLedger
import Glibc
import Synchronization

/// Measures a ledger of many recordings: rate, size, memory, and the time to list and to resume. The engine's work is left out: each
/// recording, a real file of a few bytes, gets a made-up result of a call with two parties.
///
///     bonafide-ledger-load FOLDER [COUNT]
@main
struct LedgerLoad {
  static func main() throws {
    guard CommandLine.arguments.count > 1 else {
      print("usage: bonafide-ledger-load FOLDER [COUNT]; writes COUNT (100000) small files and a ledger to FOLDER, which is new")
      exit(64)
    }
    let folder = CommandLine.arguments[1]
    let count = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 100_000 : 100_000
    guard mkdir(folder, 0o777) == 0 else {
      print("\(folder): is there already, or cannot be made")
      exit(2)
    }
    let paths = (0..<count).map { "\(folder)/call-\($0).wav" }
    for path in paths {
      guard let file = fopen(path, "w") else { exit(2) }
      fputs("recording \(path)", file)
      fclose(file)
    }
    // Files of less than two seconds of age have times that do not tell.
    sleep(3)
    let ledgerPath = folder + "/state.sqlite"
    let setup = ScreeningSetup(try .builtInFast, ScanOptions())
    let clock = ContinuousClock()
    report("memory ahead", "\(memory()) MB")
    let kept = try clock.measure { try pass(paths, ledgerPath, setup, isNew: true) }
    report("kept", "\(rate(count, kept)) recordings/s")
    let resumed = try clock.measure { try pass(paths, ledgerPath, setup, isNew: false) }
    report("resumed", "\(rate(count, resumed)) recordings/s")
    let ledger = try Ledger(path: ledgerPath, creates: false)
    var listed = 0
    let listing = try clock.measure { try ledger.forEach(LedgerQuery()) { _ in listed += 1 } }
    report("listed \(listed)", "\(rate(count, listing)) recordings/s")
    var exported = 0
    let exporting = try clock.measure { try ledger.forEachResult(LedgerQuery()) { _, result in exported += result.parties.count } }
    report("read whole, \(exported) parties", "\(rate(count, exporting)) recordings/s")
    let verifying = try clock.measure { _ = try ledger.damage() }
    report("looked through for damage", "\(verifying)")
    ledger.close()
    var status = stat()
    stat(ledgerPath, &status)
    report("size", "\(Int(status.st_size) / count) bytes a recording")
    report("memory at most", "\(memory()) MB")
  }

  /// Takes all recordings through a session.
  private static func pass(_ paths: [String], _ ledgerPath: String, _ setup: ScreeningSetup, isNew: Bool) throws {
    let session = try LedgerSession(try Ledger(path: ledgerPath, creates: true), setup: setup)
    let done = Mutex(0)
    for path in paths {
      switch try session.screen(path, with: { result(path) }) {
      case .found: done.withLock { $0 += 1 }
      case .toKeep(let result, let keeping, _): session.keep(result, keeping) { kept in if case .success = kept { done.withLock { $0 += 1 } } }
      case .held, .unkept: break
      }
    }
    session.end()
    session.close()
    let count = done.withLock { $0 }
    if count != paths.count { print("only \(count) of \(paths.count) are \(isNew ? "kept" : "found")") }
  }

  private static func result(_ path: String) -> FileResult {
    let parties = (1...2).map { channel in
      PartyResult(
        channel: channel, track: 1, trackChannel: channel, model: "narrowband", verdict: channel == 1 ? .bonafide : .synthetic,
        speech: 100.04, echo: 0.5, llr: -1.0 / 3, syntheticProbability: 1.0 / 7, clipped: 0.001,
        stages: StageScores(first: 0.1, second: 1.0 / 9),
        segments: channel == 1 ? [] : [Segment(start: 1, end: 4, llr: -5, syntheticProbability: 0.9)])
    }
    return FileResult(
      path: path, format: "WAV/ULAW", sampleRate: 8000, duration: 240.5, heard: 240.5, unheard: 0, bandwidth: 3400, verdict: .synthetic,
      parties: parties)
  }

  private static func rate(_ count: Int, _ time: Duration) -> Int { Int(Double(count) / (time / .seconds(1))) }

  private static func report(_ what: String, _ value: String) { print("\(what): \(value)") }

  /// The most memory that the process has had, in megabytes.
  private static func memory() -> Int {
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
  }
}
