import ArgumentParser
import Bonafide
import BonafideAudio
import BonafideReport
import Glibc

extension ReportFormat: ExpressibleByArgument {}

/// Screens recordings.
struct Scan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Screen recordings of calls.",
    discussion: """
      Each channel of a recording is a party, and is said to be bona fide, synthetic or inconclusive.

      Exit status: 1 a party is synthetic, whatever else went wrong; else 2 where some recording could not be screened, has audio \
      that was not heard, or with --strict has a warning; else 0. 2 too where the report could not be written, and 64 where the \
      command line makes no sense.
      """)

  @Argument(
    help: ArgumentHelp(
      "Recordings, folders of recordings, patterns such as 'calls/*.wav', or - for standard input.", valueName: "path"),
    completion: .file())
  var paths: [String] = []

  @OptionGroup
  var worklist: WorklistOptions

  @Option(name: .shortAndLong, help: "Form of the report.")
  var format = ReportFormat.text

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the report to a file, which appears when the report is whole; of html, a page that says that it is not where the scan is ended.",
      valueName: "file"),
    completion: .file())
  var output: String?

  @OptionGroup
  var party: PartyOptions

  @OptionGroup
  var points: PointOptions

  @Flag(help: "Add scores along each party (json and jsonl).")
  var timeline = false

  @Option(
    help: ArgumentHelp(
      """
      Audio that is in a page (html): none, all, or flagged stretches with 5 s around them, a minute of a call at most, with \
      --fast 20 s (default). Other audio is played from the recording beside the page.
      """,
      valueName: "audio"))
  var embedAudio: EmbeddedAudio?

  @OptionGroup
  var screening: ScreeningOptions

  @OptionGroup
  var site: SiteOptions

  @OptionGroup
  var ledger: LedgerOptions

  func validate() throws {
    try check(embedAudio == nil || format == .html, "--embed-audio goes with --format html.")
    try check(!timeline || format.hasTimeline, "--timeline goes with --format json or jsonl.")
    try check(paths.count { $0 == "-" } <= 1, "Standard input (-) can be read once.")
    try check(paths.allSatisfy { !$0.isEmpty }, "A path is empty.")
    try check(!paths.isEmpty || worklist.filesFrom != nil, "Missing expected argument '<path>': name recordings or folders, or give --files-from.")
    try check(
      !(paths.contains("-") && worklist.filesFrom == "-"), "Standard input (-) can be read once.")
    try check(
      worklist.copyFlagged == nil || worklist.moveFlagged == nil, "--copy-flagged and --move-flagged do not go together.")
    try check(
      worklist.sort == nil || !format.isAsDone,
      "--sort does not go with jsonl, which has recordings as they are done, nor with html, where the page sorts.")
  }

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    var tally = Tally()
    try reportingFailure {
      let fitted = try site.fitted(screening.detector())
      try points.validate(for: fitted.detector)
      try checkStandardOutput(for: output, isOpen: hasOutput)
      tally = try scan(with: fitted.detector)
      for gap in fitted.gaps(tally.judged) {
        tally.countWarning()
        if !worklist.quiet { Terminal.say(gap) }
      }
    }
    if tally.flagged > 0 { throw ExitCode.flagged }
    if tally.failed > 0 || tally.incomplete > 0 || worklist.strict && tally.warned > 0 { throw ExitCode.failed }
  }

  private func scan(with detector: Detector) throws -> Tally {
    var leftOut = LeftOut()
    let recordings = try party.recordings(at: paths + worklist.listed(), where: worklist.wants, leftOut: &leftOut)
    try checkOutput(output, spares: recordings.map(\.path) + screening.modelFiles + [site.profile, ledger.ledger])
    let toScreen = output == nil || output == "-"
    // Nothing but errors and the exit status.
    let isQuiet = worklist.quiet
    let isOnTerminal = toScreen && Terminal.isTerminal(STDOUT_FILENO)
    let hasErrorTerminal = Terminal.isTerminal(STDERR_FILENO)
    let style = TextStyle(
      color: toScreen && Terminal.wantsColor,
      width: isOnTerminal ? Terminal.width(of: STDOUT_FILENO) ?? 80 : 100)
    let jobs = screening.threads
    var options = options
    // Few recordings: what is left of the threads goes to their parties.
    options.threads = max(1, jobs / max(1, recordings.count))
    var exhibits: Exhibits?
    if format == .html {
      options.trace = PageScan.trace(recordings: recordings.count)
      exhibits = Exhibits(
        audio: embedAudio ?? .flagged, page: toScreen ? nil : output, raw: party.raw, mix: party.mix,
        most: screening.fast ? Exhibits.shorter : Exhibits.longest)
      if embedAudio == .all { PageScan.sizeWarning(for: recordings, raw: party.raw).map(Terminal.say) }
    }
    let reporting = ScanRun.Reporting(
      order: worklist.sort.map { $0 == .llr ? .llr : .path } ?? (format.isAsDone ? .done : .named), only: worklist.verdicts,
      onlyNew: ledger.onlyNew,
      // On the same terminal these say it already.
      saysErrors: isQuiet || !([.text, .json, .jsonl].contains(format) && isOnTerminal && hasErrorTerminal),
      saysWarnings: !isQuiet && !format.hasWarnings, exhibits: exhibits)
    let run = ScanRun(
      loop: ScreeningLoop(
        recordings: recordings, detector: detector, options: options, progressWidth: isQuiet ? nil : screening.progressWidth),
      output: try ReportOutput(path: isQuiet && toScreen ? "/dev/null" : output, keepsUnfinished: format == .html),
      writer: format.writer(
        engine: EngineInfo(detector), style: style, prior: points.prior, fileCount: recordings.count, page: pageInfo(detector), leftOut: leftOut),
      reporting: reporting,
      session: try ledger.session(detector, options, profile: site.profile, jobs: jobs), hasTimeline: timeline)
    let flaggedFiles = try worklist.flaggedFiles()
    // A report to read says it itself.
    if !isQuiet, !(format == .text && toScreen), let line = leftOut.line { Terminal.say(line) }
    var tally = try run.run(jobs: jobs)
    if !isQuiet { ledger.say(found: run.found, of: recordings.count) }
    if leftOut.hasHeaderless { tally.countWarning() }
    if let flaggedFiles {
      for path in run.flagged {
        do { try flaggedFiles.take(path) } catch { Terminal.say(error.message) }
      }
    }
    return tally
  }

  private var options: ScanOptions {
    var options = points.applied(to: party.scanOptions)
    options.timeline = timeline
    return options
  }
}
