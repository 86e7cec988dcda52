import ArgumentParser
import Bonafide
import BonafideReport
import FoundationEssentials
import Glibc
import Synchronization

/// Fits a detector to a site by its genuine calls.
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit the alarm point to genuine calls of your own.",
    discussion: """
      Lines, handsets and languages move scores. From recordings in which every party is a person, this finds by how much, and \
      where the alarm point lies at which the wanted share of them is flagged; bonafide scan --profile uses that. A few hundred \
      parties are needed for a share of one in a hundred. Recordings of one afternoon or of one person say little of the rest. What \
      changes is said on standard error.

      Exit status: 0 the profile is written, 2 it is not, or some recording could not be screened, 64 the command line makes no \
      sense.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Recordings, folders or patterns in which all parties are genuine, or tables (.csv, .tsv) whose label says which ones are.",
      valueName: "path"),
    completion: .file())
  var genuine: [String]

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Genuine parties to be flagged, in per cent.", valueName: "percent"))
  var falseAlarms = 1.0

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the profile to a file.", valueName: "file"), completion: .file())
  var output: String?

  @OptionGroup
  var party: PartyOptions

  @OptionGroup
  var screening: ScreeningOptions

  func validate() throws {
    try check(!genuine.isEmpty && genuine.allSatisfy { !$0.isEmpty }, "--genuine takes recordings or folders of them.")
    try check((0..<50).contains(falseAlarms), "--false-alarms is a share in per cent, from 0 to less than 50; not \(falseAlarms).")
  }

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    var tally = Tally()
    try reportingFailure {
      try checkStandardOutput(for: output, isOpen: hasOutput)
      var leftOut = LeftOut()
      let genuine = try GenuineParties(genuine)
      let recordings = party.recordings(at: genuine.paths, leftOut: &leftOut)
      if let line = leftOut.line { Terminal.say(line) }
      try checkOutput(output, spares: recordings.map(\.path) + genuine.tables + screening.modelFiles)
      try checkWritable(output)
      let detector = try screening.detector()
      let collector = Collector()
      tally = try screen(recordings, with: detector, into: collector)
      let results = collector.results.map(genuine.parties)
      let profile: SiteProfile
      do throws(ProfileError) {
        profile = try SiteProfile(genuine: results, of: detector, falseAlarms: falseAlarms / 100)
      } catch {
        throw RunError(message: error.message)
      }
      var output = try ReportOutput(path: output)
      try output.write(try json(profile))
      try output.commit()
      for change in SiteProfile.changes(genuine: results, of: detector, falseAlarms: falseAlarms / 100) {
        lines(on: change).forEach(Terminal.say)
      }
    }
    if tally.failed > 0 { throw ExitCode.failed }
  }

  private func screen(_ recordings: [Recording], with detector: Detector, into collector: Collector) throws -> Tally {
    let loop = ScreeningLoop(
      recordings: recordings, detector: detector, options: party.scanOptions, progressWidth: screening.progressWidth)
    let run = ScanRun(loop: loop, output: try ReportOutput(path: nil), writer: collector, reporting: ScanRun.Reporting(order: .done))
    return try run.run(jobs: screening.threads)
  }

  /// Keeps results, and reports nothing.
  private final class Collector: ReportWriter {
    private let kept = Mutex<[FileResult]>([])

    /// By name, so that neighbours are alike and every run is the same.
    var results: [FileResult] { kept.withLock { $0 }.sorted { $0.path < $1.path } }

    func entry(for result: FileResult) -> String {
      kept.withLock { $0.append(result) }
      return ""
    }
  }

  private func json(_ profile: SiteProfile) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(profile), as: UTF8.self) + "\n"
  }

  /// What changes for a model, and how far that can be known.
  private func lines(on change: SiteProfile.Change) -> [String] {
    guard let adjustment = change.adjustment else {
      let parties = change.parties == 1 ? "1 genuine party is" : "\(change.parties) genuine parties are"
      return ["\(change.model): \(parties) too few, for it takes \(SiteProfile.leastParties); it stays as it is"]
    }
    func signed(_ value: Double) -> String { number(value).replacing("-", with: "−") }
    var lines = [
      "\(change.model): \(change.parties) genuine parties; scores moved by \(signed(adjustment.offset)); alarm point "
        + "\(signed(adjustment.alarm)), was \(signed(change.points.alarm)); clear point \(signed(change.points.clear)), as it was",
      "\(change.model): of the \(change.parties), \(change.flagged.after) flagged, were \(change.flagged.before), and "
        + "\(change.cleared.after) cleared, were \(change.cleared.before) (by cross-validation)",
    ]
    if change.highestUnseenShare * 100 > falseAlarms {
      let needed = falseAlarms > 0 ? "; it takes \(Int((300 / falseAlarms).rounded(.up)))" : ""
      lines.append(
        "\(change.model): warning: a share of \(number(falseAlarms)) % cannot be known from \(change.parties) parties: where none of so "
          + "many are flagged, up to \(number(change.highestUnseenShare * 100)) % of all may be (rule of three)\(needed)")
    }
    return lines
  }

  /// To two decimals, without zeros at the end, and zero without a sign.
  private func number(_ value: Double) -> String { "\((value * 100).rounded() / 100 + 0)".replacing(/\.0$/, with: "") }
}
