import Bonafide
import BonafideLedger
import BonafideReport
import Glibc

/// Lines of JSON on results of watched folders. Each says the models and the prior that its result was made with.
struct ResultLines: Sendable {
  private let session: LedgerSession
  private let own: JSONLinesReport
  /// Watched folders as the user named them and by their paths without links, both with a slash at the end.
  private let folders: [(named: String, whole: String)]

  /// - Parameters:
  ///   - report: of what is screened now.
  ///   - folders: as they were named.
  init(session: LedgerSession, report: JSONLinesReport, folders: [String]) {
    self.session = session
    own = report
    func closed(_ path: String) -> String { path.hasSuffix("/") ? path : path + "/" }
    self.folders = folders.compactMap { folder in wholePath(folder).map { (closed(folder), closed($0)) } }
  }

  /// On a result of this run.
  func line(on result: FileResult) -> String { own.entry(for: result) }

  /// On a result of whichever run, under the path that this one gives the recording; `nil` where the result is gone.
  func line(on kept: LedgerSession.Unannounced) throws(RunError) -> (text: String, result: FileResult)? {
    let path = name(of: kept.location)
    guard let result = try wrapping({ () throws(LedgerError) in try session.result(kept.row, path: path) }) else { return nil }
    return (JSONLinesReport(engine: EngineInfo(kept.setup), prior: kept.setup.prior).entry(for: result), result)
  }

  /// What a look through the folders would call a recording.
  private func name(of location: String) -> String {
    guard let folder = folders.first(where: { location.hasPrefix($0.whole) }) else { return location }
    return folder.named + location.dropFirst(folder.whole.count)
  }
}
