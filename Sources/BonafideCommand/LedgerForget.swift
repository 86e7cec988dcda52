import ArgumentParser
import BonafideAudio
import BonafideLedger
import FoundationEssentials
import Glibc

/// Erases results of a ledger.
struct LedgerForget: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget", abstract: "Erase what was found in recordings, so that nothing of it is left in the file.")

  @OptionGroup
  var ledger: LedgerArgument

  @Argument(
    help: ArgumentHelp("Recordings, or folders of recordings, whether they are still there or not.", valueName: "path"), completion: .file())
  var paths: [String] = []

  @Option(
    help: ArgumentHelp(
      "Erase what was screened before: a time in UTC, such as 2026-11-28, or so long ago: 90d, 24h, 30m.", valueName: "time"),
    transform: pastTime)
  var olderThan: Date?

  func validate() throws {
    try check(!paths.isEmpty || olderThan != nil, "Name recordings or folders, or give --older-than.")
    try check(paths.allSatisfy { !$0.isEmpty }, "A path is empty.")
  }

  func run() throws {
    _ = Terminal.prepareStreams()
    var hasUnknown = false
    try reportingFailure {
      let ledger = try ledger.open(writes: true)
      defer { ledger.close() }
      for path in paths {
        let count = try wrapping { () throws(LedgerError) in try ledger.forget(Self.wholePath(path)) }
        hasUnknown = hasUnknown || count == 0
        Terminal.say("\(path): \(count == 0 ? "is not in the ledger" : "forgotten, \(count) \(count == 1 ? "recording" : "recordings")")")
      }
      if let olderThan {
        let count = try wrapping { () throws(LedgerError) in try ledger.forget(before: olderThan) }
        Terminal.say("\(ledger.path): \(count) \(count == 1 ? "result" : "results") forgotten")
      }
    }
    if hasUnknown { throw ExitCode.failed }
  }

  /// The path from the root: without links in it where it is there, and else as it is written; that of a live call as it is.
  private static func wholePath(_ path: String) -> String {
    if path.hasPrefix(LiveCall.prefix) { return path }
    for (head, tail) in splits(of: path) {
      guard let resolved = realpath(head.cPath, nil) else { continue }
      defer { free(resolved) }
      let whole = String(cPath: resolved)
      return tail.isEmpty ? whole : (whole == "/" ? "" : whole) + "/" + tail
    }
    return path
  }

  /// What may be there of a path, the longest first, and the rest.
  private static func splits(of path: String) -> [(head: String, tail: String)] {
    let parts = path.split(separator: "/").map(String.init)
    let root = path.hasPrefix("/") ? "/" : "./"
    return (0...parts.count).reversed().map { count in
      (root + parts[..<count].joined(separator: "/"), parts[count...].joined(separator: "/"))
    }
  }
}
