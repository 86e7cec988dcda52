import ArgumentParser
import Bonafide
import BonafideLedger
import FoundationEssentials
import Glibc

/// Says what is in a ledger, and takes care of it.
struct LedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger",
    abstract: "List, export, verify and forget what scan --ledger has kept.",
    subcommands: [LedgerList.self, LedgerExport.self, LedgerVerify.self, LedgerForget.self])
}

/// Runs `body`; an error of a ledger becomes one of the run.
func wrapping<Value>(_ body: () throws(LedgerError) -> Value) throws(RunError) -> Value {
  do { return try body() } catch { throw RunError(message: error.description) }
}

/// The ledger that a subcommand is about.
struct LedgerArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("What scan --ledger has written.", valueName: "ledger"), completion: .file())
  var path: String

  /// - Parameter writes: whether it is to be changed; to be read, it need not be writable.
  func open(writes: Bool = false) throws(RunError) -> Ledger {
    try wrapping { () throws(LedgerError) in try Ledger(path: path, creates: false, isReadOnly: !writes) }
  }
}

/// Which results of a ledger are shown.
struct LedgerSelection: ParsableArguments {
  /// What came of a recording.
  enum Result: String, CaseIterable {
    case synthetic, inconclusive, bonafide, failed
  }

  @Option(
    help: ArgumentHelp(
      "Show these alone, with commas between: synthetic, inconclusive, bonafide, failed.", valueName: "results"),
    completion: .list(["synthetic", "inconclusive", "bonafide", "failed", "synthetic,inconclusive"]),
    transform: Self.results)
  var only: [Result]?

  @Option(
    help: ArgumentHelp(
      "Show what was screened since: a time in UTC, such as 2026-11-28 or '2026-11-28 14:30', or so long ago: 90d, 24h, 30m.",
      valueName: "time"),
    transform: pastTime)
  var since: Date?

  @Flag(help: "Of a recording that was screened with several models or options, show all results and not the newest alone.")
  var allSetups = false

  var query: LedgerQuery {
    var query = LedgerQuery()
    query.verdicts = only.map { Set($0.compactMap { Verdict(rawValue: $0.rawValue) }) }
    query.hasFailures = only?.contains(.failed) ?? true
    query.since = since
    query.hasAllSetups = allSetups
    return query
  }

  private static func results(_ text: String) throws -> [Result] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let result = Result(rawValue: String(name)) else {
        throw ValidationError("'\(name)' is none of synthetic, inconclusive, bonafide, failed")
      }
      return result
    }
  }
}

/// A time that a command line names: in UTC, or by how long ago it was.
func pastTime(_ text: String) throws -> Date {
  let units = ["d": 86_400.0, "h": 3600, "m": 60]
  if let unit = text.last.flatMap({ units[String($0)] }), let count = Double(text.dropLast()), count >= 0, count.isFinite {
    let time = Date(timeIntervalSinceNow: -count * unit)
    if time.timeIntervalSince1970 >= 0 { return time }
  }
  if let match = text.wholeMatch(of: /(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?Z?/) {
    func number(_ part: Substring?) -> Int32 { part.flatMap { Int32($0) } ?? 0 }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (number(match.1) - 1900, number(match.2) - 1, number(match.3))
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (number(match.4), number(match.5), number(match.6))
    let wanted = [parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
    let time = timegm(&parts)
    // What is no day of the calendar becomes another one.
    if wanted == [parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec] { return Date(timeIntervalSince1970: Double(time)) }
  }
  throw ValidationError("'\(text)' is no time; write 2026-11-28, '2026-11-28 14:30' (UTC), or 90d, 24h, 30m for so long ago")
}
