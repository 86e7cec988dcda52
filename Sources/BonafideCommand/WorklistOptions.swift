import ArgumentParser
import Bonafide
import BonafideAudio
import Glibc

/// Which recordings are screened, and which of them the report has, in which order.
struct WorklistOptions: ParsableArguments {
  /// What a report is sorted by.
  enum Sorting: String, CaseIterable, ExpressibleByArgument {
    case llr, path
  }

  @Option(help: "Sort the report by evidence, the most synthetic first, or by path (not jsonl, html).")
  var sort: Sorting?

  @Option(
    help: ArgumentHelp(
      "Report these verdicts alone, with commas between: synthetic, inconclusive, bonafide. The rest is counted.",
      valueName: "verdicts"),
    completion: .list(["synthetic", "inconclusive", "bonafide", "synthetic,inconclusive"]),
    transform: Self.verdicts)
  var only: [Verdict]?

  @Flag(help: "Write no report to standard output, no progress and no warnings: the exit status tells.")
  var quiet = false

  @Flag(help: "Take a warning for a failure: exit status 2 where nothing is flagged.")
  var strict = false

  @Option(
    help: ArgumentHelp("Screen what this file lists too, a path a line or with NUL between; - is standard input.", valueName: "file"),
    completion: .file())
  var filesFrom: String?

  @Option(
    help: ArgumentHelp("Of folders, take files alone whose path or name fits the pattern; may be given again.", valueName: "glob"))
  var include: [String] = []

  @Option(help: ArgumentHelp("Of folders, leave out files whose path or name fits the pattern; may be given again.", valueName: "glob"))
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp(
      "Copy flagged recordings to this folder, under names that are free there: call.wav, call-2.wav.", valueName: "folder"),
    completion: .directory)
  var copyFlagged: String?

  @Option(
    help: ArgumentHelp("Move flagged recordings to this folder; one that cannot be moved stays.", valueName: "folder"),
    completion: .directory)
  var moveFlagged: String?

  /// What takes flagged recordings, once its folder is there.
  func flaggedFiles() throws(RunError) -> FlaggedFiles? {
    if let copyFlagged { return try FlaggedFiles(.copy, to: copyFlagged) }
    return if let moveFlagged { try FlaggedFiles(.move, to: moveFlagged) } else { nil }
  }

  var verdicts: Set<Verdict>? { only.map(Set.init) }

  private static func verdicts(_ text: String) throws -> [Verdict] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let verdict = Verdict(rawValue: String(name)) else {
        throw ValidationError("'\(name)' is none of synthetic, inconclusive, bonafide")
      }
      return verdict
    }
  }

  /// Whether a file of a folder is taken.
  func wants(_ path: String) -> Bool {
    func fits(_ pattern: String) -> Bool {
      [path, path.split(separator: "/").last.map(String.init) ?? path].contains { fnmatch(pattern.cPath, $0.cPath, 0) == 0 }
    }
    return (include.isEmpty || include.contains(where: fits)) && !exclude.contains(where: fits)
  }

  /// The paths that `--files-from` lists.
  func listed() throws(RunError) -> [String] {
    guard let filesFrom else { return [] }
    let bytes = try readBytes(filesFrom)
    let separator: UInt8 = bytes.contains(0) ? 0 : UInt8(ascii: "\n")
    let paths = bytes.split(separator: separator).map { line in
      String(pathBytes: separator != 0 && line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    let named = paths.filter { !$0.isEmpty && $0 != "-" }
    guard !named.isEmpty else { throw RunError(message: "\(filesFrom): lists no recordings") }
    return named
  }
}
