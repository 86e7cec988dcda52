import ArgumentParser
import Bonafide
import BonafideAudio
import BonafideLedger
import BonafideReport

/// Writes results of a ledger as a report.
struct LedgerExport: ParsableCommand {
  /// The forms that go on recording by recording.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case jsonl, json, csv, html
    case rows = "parquet-ready"

    func writer(_ setup: KeptSetup) -> any ReportWriter {
      let engine = EngineInfo(setup)
      guard let report else { return PartyRowsReport(engine: engine, prior: setup.prior) }
      return report.writer(engine: engine, prior: setup.prior, fileCount: 2, page: PageInfo(created: PageScan.now()))
    }

    /// The form of a scan's report; `nil` where that has none such.
    private var report: ReportFormat? {
      switch self {
      case .jsonl: .jsonl
      case .json: .json
      case .csv: .csv
      case .html: .html
      case .rows: nil
      }
    }

    /// Whether each entry says what it was made with. The rest has one place for that.
    var standsAlone: Bool { self == .jsonl || self == .rows }
  }

  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write results as scan does: jsonl, json, csv, a page, or parquet-ready: a flat JSON object a party.")

  @OptionGroup
  var ledger: LedgerArgument

  @OptionGroup
  var selection: LedgerSelection

  @Option(name: .shortAndLong, help: "Form of the report.")
  var format = Format.jsonl

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the report to a file, which appears when the report is whole.", valueName: "file"), completion: .file())
  var output: String?

  @Flag(help: "Add scores along each party where the ledger has them (jsonl, json).")
  var timeline = false

  @Option(
    help: ArgumentHelp(
      """
      Audio that is in a page (html) of recordings that are as they were: none, all, or flagged stretches with 5 s around them, \
      a minute of a call at most (default). Other audio is played from the recording beside the page.
      """,
      valueName: "audio"))
  var embedAudio: EmbeddedAudio?

  func validate() throws {
    try check(!timeline || format == .jsonl || format == .json, "--timeline goes with --format jsonl or json.")
    try check(embedAudio == nil || format == .html, "--embed-audio goes with --format html.")
  }

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    try reportingFailure {
      try checkStandardOutput(for: output, isOpen: hasOutput)
      try checkOutput(output, spares: [ledger.path])
      let ledger = try ledger.open()
      defer { ledger.close() }
      let setups = try wrapping { () throws(LedgerError) in try ledger.setups() }
      guard let newest = setups.last else { throw RunError(message: "\(ledger.path): has no results yet") }
      var reports: [Int64: any ReportWriter] = [:]
      var options: [Int64: (raw: RawFormat?, mix: Bool)] = [:]
      for setup in setups {
        reports[setup.id] = format.writer(setup)
        options[setup.id] = (setup.raw.flatMap { try? RawFormat(parsing: $0) }, setup.mix)
      }
      if format == .html, setups.count > 1 {
        Terminal.say("\(ledger.path): has results of \(setups.count) setups; the page names the models and options of the newest")
      }
      var output = try ReportOutput(path: output, keepsUnfinished: format == .html)
      try output.write(reports[newest.id]?.opening ?? "")
      do {
        try ledger.forEachResult(selection.query) { kept, result in
          // A page and a table are one; lines stand alone.
          let writer = format.standsAlone ? kept.setup : newest.id
          guard format != .json || kept.setup == newest.id else { throw RunError(message: Self.severalSetups(ledger.path)) }
          try output.write(reports[writer]?.entry(for: stripped(result), exhibit: exhibit(of: result, kept, options[kept.setup])) ?? "")
        }
      } catch let error as LedgerError {
        throw RunError(message: error.description)
      }
      try output.write(reports[newest.id]?.closing ?? "")
      try output.commit()
    }
  }

  private static func severalSetups(_ ledger: String) -> String {
    "\(ledger): has results of other models or options than the newest, and one document names one; --format jsonl names them in each line"
  }

  private func stripped(_ result: FileResult) -> FileResult {
    guard !timeline else { return result }
    var result = result
    for index in result.parties.indices { result.parties[index].timeline = nil }
    return result
  }

  /// What a page has of a recording: its audio only where that is what the result is of.
  private func exhibit(of result: FileResult, _ kept: KeptResult, _ options: (raw: RawFormat?, mix: Bool)?) -> Exhibit? {
    guard format == .html else { return nil }
    guard ContentHash(path: kept.location) == kept.hash else { return Exhibit(sha256: kept.hash.hexadecimal) }
    return Exhibits(audio: embedAudio ?? .flagged, page: output, raw: options?.raw, mix: options?.mix ?? false).exhibit(of: result)
  }
}

extension EngineInfo {
  /// What a ledger says that results were made with.
  init(_ setup: KeptSetup) {
    func model(_ model: KeptSetup.Model) -> Model { Model(name: model.name, sha256: model.sha256) }
    self.init(
      version: setup.version, narrowband: model(setup.narrowband), wideband: setup.wideband.map(model), second: setup.second.map(model))
  }
}
