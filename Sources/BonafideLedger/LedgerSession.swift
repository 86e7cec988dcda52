import Bonafide
import BonafideAudio
import Dispatch
import FoundationEssentials
import GRDB
import Glibc
import Synchronization

/// The work of one process with a ledger: which recordings are screened already, whose work the others are, and results on their way to
/// the disk. May be used from several threads at once.
public final class LedgerSession: Sendable {
  /// What came of a recording.
  public enum Outcome: Sendable {
    /// Its result is in the ledger, in the row of this number.
    case found(FileResult, id: Int64)
    /// Its content is in the ledger by another name, or it was screened just now: the result is to be kept.
    case toKeep(FileResult, Keeping, isNew: Bool)
    /// It was screened, and is nothing that a ledger could know again: a pipe, or what cannot be read or does not stay the same.
    case unkept(FileResult)
    /// Another process screens it.
    case held
  }

  /// What a result is kept with.
  public struct Keeping: Sendable {
    fileprivate let key: RecordingKey
    fileprivate let content: Content
  }

  private let ledger: Ledger
  private let setup: ScreeningSetup
  private let setupID: Int64
  private let worker: Int64
  private let writer: BatchWriter
  private let retriesFailed: Bool
  private let heartbeat = DispatchQueue(label: "bonafide.ledger.lease")
  private let hasEnded = Atomic(false)

  /// Times that a recording is screened which does not stay the same meanwhile.
  private static let attempts = 3

  /// - Parameters:
  ///   - setup: what results depend on beside recordings.
  ///   - retriesFailed: whether what could not be screened before is tried again.
  ///   - announces: whether the ledger remembers of each result that it is still to be announced.
  public init(
    _ ledger: Ledger, setup: ScreeningSetup, retriesFailed: Bool = false, announces: Bool = false
  ) throws(LedgerError) {
    let (setupID, worker) = try ledger.write(isDurable: false) { db in
      try db.removeDeadWorkers()
      return (try setup.id(in: db), try db.enter(.current, id: nil))
    }
    self.ledger = ledger
    self.setup = setup
    self.setupID = setupID
    self.worker = worker
    self.retriesFailed = retriesFailed
    writer = BatchWriter(ledger: ledger, setup: setupID, worker: worker, announces: announces)
    prolong()
  }

  /// Says now and then that this process is at work, until the session ends.
  private func prolong() {
    heartbeat.asyncAfter(deadline: .now() + Worker.lifetime / 4) { [weak self] in
      guard let self, !hasEnded.load(ordering: .relaxed) else { return }
      // Where that fails, results do too, and say so.
      _ = try? ledger.write(isDurable: false) { db in try db.enter(.current, id: worker) }
      prolong()
    }
  }

  /// Writes what is on its way, and gives back what this process has in work.
  public func end() {
    hasEnded.store(true, ordering: .relaxed)
    writer.flush()
    _ = try? ledger.write(isDurable: false) { db in try db.removeWorker(worker) }
  }

  /// Closes the ledger. Nothing may be looked up afterwards.
  public func close() { ledger.close() }

  /// Looks a recording up, and screens it where it is this process's work.
  ///
  /// - Parameters:
  ///   - path: as the user named it; results call it so.
  ///   - scan: screens the recording.
  public func screen(_ path: String, with scan: () -> FileResult) throws(LedgerError) -> Outcome {
    guard path != "-", let whole = wholePath(path), FileMark(path: whole) != nil else { return .unkept(scan()) }
    let key = RecordingKey(whole)
    while true {
      let row = try ledger.read { db in try db.resultRow(of: key, setup: setupID) }
      if let row, let result = try current(row, path: path, whole: whole) { return .found(result, id: row.id) }
      let claim = try ledger.write(isDurable: false) { db in
        // Another process may have screened it meanwhile.
        try db.resultRow(of: key, setup: setupID)?.id == row?.id ? try db.lease(key, setup: setupID, to: worker) : nil
      }
      if claim == false { return .held }
      if claim == true { return try screenAnew(path, whole: whole, key: key, with: scan) }
    }
  }

  /// Has a result kept.
  ///
  /// - Parameter whenKept: called once, on another thread, when the result is on the disk, with the number of its row; or with what
  ///   keeps it from being there.
  public func keep(_ result: FileResult, _ keeping: Keeping, whenKept: @escaping @Sendable (Result<Int64, LedgerError>) -> Void) {
    writer.add(BatchWriter.Entry(result: result, key: keeping.key, content: keeping.content, whenKept: whenKept))
  }

  /// Has the result of a call that was screened while it was under way kept, by the path that the call has.
  ///
  /// - Parameter whenKept: as of a recording.
  public func keep(_ call: LiveCall, _ result: FileResult, whenKept: @escaping @Sendable (Result<Int64, LedgerError>) -> Void) {
    writer.add(BatchWriter.Entry(result: result, key: RecordingKey(call.path), content: LiveCall.content, call: call, whenKept: whenKept))
  }

  /// A result that is kept and was not announced.
  public struct Unannounced: Sendable {
    /// Number of its row.
    public let row: Int64
    /// Path of the recording from the root, which opens it.
    public let location: String
    /// SHA-256 of the recording.
    public let hash: ContentHash
    /// What it was made with.
    public let setup: KeptSetup

    /// A name that no other result of the ledger has: 32 hexadecimal digits, and the same as long as the result is kept.
    public var name: String {
      SHA256.hexDigest(of: Array("\(setup.digest) \(setup.version) \(hash.hexadecimal) \(row) ".utf8) + location.pathBytes).prefix(32).description
    }
  }

  /// Results that are kept and were not announced, the first that was kept first.
  ///
  /// - Parameters:
  ///   - row: only those of greater numbers.
  ///   - limit: so many at most.
  public func unannounced(after row: Int64 = 0, limit: Int) throws(LedgerError) -> [Unannounced] {
    try ledger.read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT setup.*, result_id, sha256, path, path_bytes FROM outbox JOIN result ON result.id = result_id
          JOIN recording ON recording.id = recording_id JOIN setup ON setup.id = setup_id
          WHERE result_id > ? ORDER BY result_id LIMIT ?
          """)
      return try Row.fetchAll(statement, arguments: [row, limit]).map { row in
        Unannounced(
          row: try row.value("result_id"), location: try RecordingKey(row).location,
          hash: ContentHash(bytes: [UInt8](try row.value("sha256", as: Data.self))), setup: try KeptSetup(row))
      }
    }
  }

  /// Takes note that a result was announced.
  public func setAnnounced(_ row: Int64) throws(LedgerError) {
    try ledger.write(isDurable: false) { db in
      try db.cachedStatement(sql: "DELETE FROM outbox WHERE result_id = ?").execute(arguments: [row])
    }
  }

  /// Reads a result again.
  public func result(_ id: Int64, path: String) throws(LedgerError) -> FileResult? {
    try ledger.read { db in try db.result(id, path: path) }.map(named)
  }

  /// The result of a row, if it is still the recording's.
  private func current(_ row: ResultRow, path: String, whole: String) throws(LedgerError) -> FileResult? {
    guard !(row.isFailure && retriesFailed), let mark = FileMark(path: whole), mark.size == row.content.size else { return nil }
    if row.content.modified != mark.modified {
      let settled = mark.settled
      guard ContentHash(path: whole) == row.content.hash, FileMark(path: whole) == mark else { return nil }
      if settled != row.content.modified {
        try ledger.write(isDurable: false) { db in
          try db.cachedStatement(sql: "UPDATE result SET modified_ns = ? WHERE id = ?").execute(arguments: [settled, row.id])
        }
      }
    }
    guard let result = try result(row.id, path: path) else { return nil }
    return suffices(result) ? result : nil
  }

  /// Whether a failure is of this machine and not of the recording: what is missing here may be there the next time.
  private static func isOfMachine(_ failure: ScreeningError?) -> Bool {
    guard case .audio(let error) = failure else { return false }
    return [.ffmpegMissing, .ffmpegFailed, .unreadable].contains(error.code)
  }

  private func screenAnew(_ path: String, whole: String, key: RecordingKey, with scan: () -> FileResult) throws(LedgerError) -> Outcome {
    for _ in 0..<Self.attempts {
      guard let mark = FileMark(path: whole) else { break }
      let settled = mark.settled
      guard let hash = ContentHash(path: whole) else { break }
      let keeping = Keeping(key: key, content: Content(size: mark.size, modified: settled, hash: hash))
      if let id = try ledger.read({ db in try db.resultID(ofContent: hash, path: key.path, setup: setupID) }), let result = try result(id, path: path),
        suffices(result), FileMark(path: whole) == mark
      {
        return .toKeep(result, keeping, isNew: false)
      }
      let result = scan()
      if Self.isOfMachine(result.failure) {
        try ledger.write(isDurable: false) { db in try db.endLease(of: key, setup: setupID, to: worker) }
        return .unkept(result)
      }
      if FileMark(path: whole) == mark { return .toKeep(result, keeping, isNew: true) }
    }
    try ledger.write(isDurable: false) { db in try db.endLease(of: key, setup: setupID, to: worker) }
    guard FileMark(path: whole) != nil, ContentHash(path: whole) != nil else { return .unkept(scan()) }
    return .unkept(FileResult(path: path, error: "was changed while it was screened, again and again; screen it when it is complete"))
  }

  /// Whether a result has all that is asked for.
  private func suffices(_ result: FileResult) -> Bool {
    !setup.hasTimeline || result.parties.allSatisfy { $0.timeline != nil }
  }

  /// The result with the names that channels have in this run, and without scores that nobody has asked for.
  private func named(_ result: FileResult) -> FileResult {
    var result = result
    for index in result.parties.indices {
      let channel = result.parties[index].channel - 1
      let name = channel < setup.channelNames.count ? setup.channelNames[channel] : ""
      result.parties[index].name = name.isEmpty ? nil : name
      if !setup.hasTimeline { result.parties[index].timeline = nil }
    }
    return result
  }
}
