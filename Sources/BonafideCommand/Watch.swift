import ArgumentParser
import Bonafide
import BonafideAudio
import BonafideLedger
import BonafideReport
import BonafideWebhook
import Glibc

/// Screens recordings as they come into folders.
struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Screen recordings as they come into folders, and write a JSON line for each, or post it.",
    discussion: """
      A recording is screened when it is complete, once, and reported when its result is in the ledger. What was in the ledger before is not \
      reported. Ends with a signal; what was not reported then is when it is begun again.

      Exit status: 2 where it cannot go on, 64 where the command line makes no sense.
      """)

  @Argument(help: ArgumentHelp("Folders of recordings, with the folders in them.", valueName: "folder"), completion: .directory)
  var folders: [String]

  @Option(help: ArgumentHelp("Keep results in this file, and know by it what was screened.", valueName: "file"), completion: .file())
  var ledger: String

  @Option(
    help: ArgumentHelp("Write a file of JSON for each recording to this folder, and nothing to standard output.", valueName: "folder"),
    completion: .directory)
  var results: String?

  @OptionGroup
  var webhook: WebhookOptions

  @Option(help: ArgumentHelp("Seconds for which a recording must not change to be complete.", valueName: "seconds"))
  var settle = 2.0

  @Option(
    help: ArgumentHelp("Seconds between looks through the folders, beside what the system tells of them.", valueName: "seconds"))
  var poll = 60.0

  @OptionGroup
  var party: PartyOptions

  @OptionGroup
  var points: PointOptions

  @OptionGroup
  var screening: ScreeningOptions

  @OptionGroup
  var site: SiteOptions

  func validate() throws {
    try check(!folders.isEmpty && folders.allSatisfy { !$0.isEmpty }, "Name folders of recordings.")
    try check((0...86_400).contains(settle), "--settle is a number of seconds from 0 to 86400.")
    try check((1...86_400).contains(poll), "--poll is a number of seconds from 1 to 86400.")
    try check(results == nil || webhook.url == nil, "--results and --webhook are one or the other.")
  }

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    try reportingFailure {
      let receiver = try webhook.receiver()
      if results == nil, receiver == nil { try checkStandardOutput(for: nil, isOpen: hasOutput) }
      let detector = try site.fitted(screening.detector()).detector
      try points.validate(for: detector)
      let options = points.applied(to: party.scanOptions)
      try checkPlaceOfLedger()
      var watch = try FolderWatch(folders: folders, party: party, settling: .seconds(settle), interval: .seconds(poll))
      let session = try wrapping { () throws(LedgerError) in
        try LedgerSession(
          try Ledger(path: ledger, creates: true, readers: screening.threads + 1),
          setup: ScreeningSetup(detector, options, profile: site.profile), announces: true)
      }
      let report = JSONLinesReport(engine: EngineInfo(detector), prior: points.prior)
      let announcer = try announcer(session, ResultLines(session: session, report: report, folders: folders), receiver)
      try announcer.start()
      let crew = WatchCrew(session: session, detector: detector, options: options, announcer: announcer, pause: .seconds(poll))
      crew.start(screening.threads)
      while true {
        crew.add(watch.next())
        for path in crew.takeHeld() { watch.lookAgain(at: path) }
        if let failure = crew.failure ?? announcer.failure { throw failure }
      }
    }
  }

  private func announcer(_ session: LedgerSession, _ lines: ResultLines, _ receiver: Webhook?) throws(RunError) -> any Announcing {
    if let receiver { return WebhookSender(session: session, lines: lines, webhook: receiver) }
    return try Announcer(session: session, lines: lines, folder: results)
  }

  /// Files of a watched folder are opened and closed, and closing a file ends the locks that a process has on it: SQLite's too.
  private func checkPlaceOfLedger() throws {
    let parent = ledger.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    guard let place = wholePath(parent.isEmpty ? (ledger.hasPrefix("/") ? "/" : ".") : parent) else { return }
    for folder in folders {
      guard let watched = wholePath(folder) else { continue }
      if (place + "/").hasPrefix(watched.hasSuffix("/") ? watched : watched + "/") {
        throw RunError(message: "\(ledger): lies in \(folder), which is watched; keep the ledger elsewhere")
      }
    }
  }
}
