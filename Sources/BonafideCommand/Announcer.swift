import Bonafide
import BonafideAudio
import BonafideLedger
import BonafideReport
import Glibc

/// Tells of results that are kept, those of an earlier run among them.
protocol Announcing: Sendable {
  /// Begins with what an earlier run has kept and not announced.
  func start() throws(RunError)
  /// Tells of a result that is kept now.
  func announce(_ result: FileResult, row: Int64) throws(RunError)
  /// Why it cannot go on.
  var failure: RunError? { get }
}

/// Writes results to standard output, or to a folder.
final class Announcer: Announcing {
  private let session: LedgerSession
  private let lines: ResultLines
  /// Ends with a slash; `nil` for standard output.
  private let folder: String?

  init(session: LedgerSession, lines: ResultLines, folder: String?) throws(RunError) {
    self.session = session
    self.lines = lines
    self.folder = folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    if let folder, mkdir(folder.cPath, 0o777) != 0, errno != EEXIST {
      throw RunError(message: "\(folder): cannot be created: \(systemMessage(errno))")
    }
  }

  /// Where it fails, `announce` does, too.
  var failure: RunError? { nil }

  /// Writes what an earlier run has kept and not announced.
  func start() throws(RunError) {
    var last: Int64 = 0
    while true {
      let page = try wrapping { () throws(LedgerError) in try session.unannounced(after: last, limit: 1000) }
      guard let end = page.last?.row else { return }
      last = end
      for kept in page {
        if let line = try lines.line(on: kept) { try write(line.text, on: line.result, row: kept.row) }
      }
    }
  }

  /// Writes a result, and then takes note that it is written: one that is cut off in between is written twice, and never not at all.
  func announce(_ result: FileResult, row: Int64) throws(RunError) {
    try write(lines.line(on: result), on: result, row: row)
  }

  private func write(_ text: String, on result: FileResult, row: Int64) throws(RunError) {
    // The number makes names of their own of calls of one name in several folders, and of long names, of which the file system takes no more.
    let called = result.location.split(separator: "/").last.map { String(pathBytes: Array(String($0).pathBytes.prefix(200))) } ?? "recording"
    let name = folder.map { "\($0)\(called).\(row).json" }
    var output = try ReportOutput(path: name)
    try output.write(text)
    try output.commit()
    try wrapping { () throws(LedgerError) in try session.setAnnounced(row) }
  }
}
