import Bonafide

/// The forms that a report comes in.
public enum ReportFormat: String, Sendable, CaseIterable {
  /// A table to read.
  case text
  /// One JSON document; `docs/json.md` is its contract.
  case json
  /// A JSON object a line for each recording.
  case jsonl
  /// A row for each party.
  case csv
  /// A NIST RTTM line for each flagged stretch.
  case rttm
  /// An Audacity label for each flagged stretch.
  case audacity
  /// A page to see and decide calls in, in one file.
  case html

  /// Whether the form carries frame scores.
  public var hasTimeline: Bool { self == .json || self == .jsonl }

  /// Whether recordings come in the report as they are done, and not in the order in which they were named.
  public var isAsDone: Bool { self == .jsonl || self == .html }

  /// Whether the form carries the warnings of a recording.
  public var hasWarnings: Bool { self != .rttm && self != .audacity }

  /// A writer of a report of this form.
  ///
  /// - Parameters:
  ///   - engine: what screened the recordings.
  ///   - style: how `text` looks; other forms do without.
  ///   - prior: share of synthetic parties that probabilities follow from.
  ///   - fileCount: number of recordings that will be in the report.
  ///   - page: what `html` says of the scan; other forms do without.
  ///   - leftOut: what folders have besides.
  public func writer(
    engine: EngineInfo, style: TextStyle = TextStyle(), prior: Double = ScanOptions().prior, fileCount: Int, page: PageInfo = PageInfo(),
    leftOut: LeftOut = LeftOut()
  ) -> any ReportWriter {
    switch self {
    case .text: TextReport(style: style, leftOut: leftOut)
    case .json: JSONReport(engine: engine, prior: prior, leftOut: leftOut)
    case .jsonl: JSONLinesReport(engine: engine, prior: prior, leftOut: leftOut)
    case .csv: CSVReport()
    case .rttm: RTTMReport()
    case .audacity: AudacityReport(namesFiles: fileCount > 1)
    case .html: HTMLReport(engine: engine, prior: prior, info: page, leftOut: leftOut)
    }
  }
}

/// Writes a report piece by piece, from results as they come: `opening`, then an entry for each
/// recording, then `closing`.
public protocol ReportWriter: Sendable {
  /// What stands before the first entry.
  var opening: String { get }
  /// What is said of a recording.
  mutating func entry(for result: FileResult) -> String
  /// The same, with what a page has of the recording beside.
  mutating func entry(for result: FileResult, exhibit: Exhibit?) -> String
  /// Takes note of a recording that has no entry in this report.
  mutating func leaveOut(_ result: FileResult)
  /// What stands after the last entry.
  var closing: String { get }
}

extension ReportWriter {
  public var opening: String { "" }
  public var closing: String { "" }
  public mutating func entry(for result: FileResult, exhibit: Exhibit?) -> String { entry(for: result) }
  public mutating func leaveOut(_ result: FileResult) {}

  /// A whole report.
  public func report(on results: [FileResult]) -> String {
    var writer = self
    return writer.opening + results.map { writer.entry(for: $0) }.joined() + writer.closing
  }
}

/// How many recordings came out how.
public struct Tally: Sendable, Equatable {
  public private(set) var files = 0
  /// Recordings with a synthetic party.
  public private(set) var flagged = 0
  /// Recordings with no synthetic party, and one that can't be told.
  public private(set) var inconclusive = 0
  /// Recordings that could not be screened.
  public private(set) var failed = 0
  /// Recordings of which there is audio that was not heard, and nothing heard is synthetic.
  public private(set) var incomplete = 0
  /// Recordings with warnings, and other warnings.
  public private(set) var warned = 0
  /// Parties in which somebody speaks, by the model that judged them.
  public private(set) var judged: [String: Int] = [:]

  public init() {}

  /// Counts a warning that is of no recording in the report.
  public mutating func countWarning() { warned += 1 }

  public mutating func count(_ result: FileResult) {
    files += 1
    switch result.verdict {
    case .synthetic: flagged += 1
    case .inconclusive: inconclusive += 1
    case .bonafide: break
    case nil: failed += 1
    }
    if result.verdict != .synthetic, result.parties.contains(where: { $0.reason == .incomplete }) { incomplete += 1 }
    if !result.warnings.isEmpty { warned += 1 }
    for party in result.parties where party.sameAs == nil && party.llr != nil {
      if let model = party.model { judged[model, default: 0] += 1 }
    }
  }
}
