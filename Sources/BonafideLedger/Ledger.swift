import BonafideAudio
import GRDB
import Glibc

/// A database of results: what was screened, with which models and options, and what came out.
///
/// It is a file of SQLite, with its journal (`-wal`, `-shm`) beside it while it is in use. Several processes of one machine may use it at
/// once. What has been committed outlives the end of the process and of the machine, at any moment.
public final class Ledger: Sendable {
  /// As the user named it.
  public let path: String
  /// `nil` where the file is only read.
  let pool: DatabasePool?
  let reader: any DatabaseReader
  private let settings: Configuration

  /// Seconds that a process waits for another one's transaction.
  private static let patience = 60.0

  /// Opens a ledger.
  ///
  /// - Parameters:
  ///   - path: of the file. One that holds anything but a ledger is left as it is.
  ///   - creates: whether a ledger is made where there is no file, or an empty one.
  ///   - isReadOnly: whether one that may not be written is opened all the same.
  ///   - readers: threads that look things up at once.
  /// - Throws: `LedgerError`.
  public init(path: String, creates: Bool, isReadOnly: Bool = false, readers: Int = 1) throws(LedgerError) {
    self.path = path
    let isWritable = try Self.checkFile(path, creates: creates, isReadOnly: isReadOnly)
    // Nothing that SQLite would take for anything but a file.
    let place = path.hasPrefix("/") ? path : "./" + path
    var configuration = Configuration()
    configuration.busyMode = .timeout(Self.patience)
    configuration.maximumReaderCount = max(1, readers)
    configuration.prepareDatabase { db in
      // A commit is on the disk when it returns.
      try db.execute(sql: "PRAGMA synchronous = FULL")
    }
    let settings = configuration
    self.settings = settings
    do {
      guard isWritable else {
        let queue = try Self.unchanging(place, settings)
        if try queue.read(Self.isEmpty) { throw LedgerError(.noLedger, path, "is empty; scan --ledger makes a ledger of it") }
        guard try queue.read(Schema.migrator.hasCompletedMigrations) else {
          throw LedgerError(.readOnly, path, "was made by an older version of bonafide, and cannot be written to bring it up to this one")
        }
        (pool, reader) = (nil, queue)
        return
      }
      // What is no ledger gets no journal.
      let isNew = try Self.retrying { try DatabaseQueue(path: place, configuration: settings).read(Self.isEmpty) }
      if isNew, !creates { throw LedgerError(.noLedger, path, "is empty; scan --ledger makes a ledger of it") }
      let pool = try Self.retrying { try DatabasePool(path: place, configuration: settings) }
      (self.pool, reader) = (pool, pool)
      try Self.retrying { try Self.migrate(pool) }
    } catch {
      throw LedgerError(error, path: path)
    }
  }

  /// A file that nobody here can change, as it is: SQLite then needs no journal beside it.
  private static func unchanging(_ place: String, _ settings: Configuration) throws -> DatabaseQueue {
    var status = stat()
    if stat((place + "-wal").cPath, &status) == 0, status.st_size > 0 {
      throw LedgerError(.readOnly, "", "is in use, or its last run ended at once, and it cannot be written; read it as its owner")
    }
    var settings = settings
    settings.readonly = true
    settings.prepareDatabase { _ in }
    // As a URI has it, each byte by its number.
    let name = place.utf8.map { $0 == UInt8(ascii: "/") ? "/" : "%" + String(0x100 + Int($0), radix: 16).suffix(2) }
    return try DatabaseQueue(path: "file:\(name.joined())?immutable=1", configuration: settings)
  }

  /// - Returns: whether it may be written.
  private static func checkFile(_ path: String, creates: Bool, isReadOnly: Bool) throws(LedgerError) -> Bool {
    guard !path.isEmpty, path != "-", !path.hasForeignBytes else { throw LedgerError(.failed, path, "is no name for a ledger; name a file, in UTF-8") }
    var status = stat()
    guard stat(path.cPath, &status) == 0 else {
      let reason = errno
      if reason == ENOENT, creates { return true }
      let text = strerror(reason).map { String(cString: $0) } ?? "error \(reason)"
      throw LedgerError(
        reason == ENOENT ? .missing : .failed, path, reason == ENOENT ? "there is no such ledger; scan --ledger makes one" : text)
    }
    // SQLite would take what is smaller than a page for an empty database.
    if status.st_mode & S_IFMT != S_IFREG || (1..<512).contains(status.st_size) {
      throw LedgerError(.noLedger, path, "is no ledger, and is left as it is; name another file")
    }
    if access(path.cPath, R_OK | W_OK) == 0 { return true }
    if access(path.cPath, R_OK) != 0 { throw LedgerError(.failed, path, strerror(errno).map { String(cString: $0) } ?? "cannot be read") }
    if isReadOnly { return false }
    throw LedgerError(.readOnly, path, "cannot be written; it and its folder must be writable")
  }

  /// Whether a database has nothing in it yet; throws where it has something that is no ledger's.
  private static func isEmpty(_ db: Database) throws -> Bool {
    let mark = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    if mark == Schema.applicationID {
      if try Schema.migrator.hasBeenSuperseded(db) {
        throw LedgerError(.tooNew, "", "was made by a newer version of bonafide; use that one")
      }
      try Schema.check(db)
      return false
    }
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'") ?? 0
    if mark != 0 || tables > 0 { throw DatabaseError(resultCode: .SQLITE_NOTADB) }
    return true
  }

  private static func migrate(_ pool: DatabasePool) throws {
    do { try Schema.migrator.migrate(pool) } catch {
      // Another process was faster.
      guard try pool.read(Schema.migrator.hasCompletedMigrations) else { throw error }
    }
  }

  /// Tries again where another process is in the way at a moment at which SQLite does not wait by itself.
  private static func retrying<Value>(_ body: () throws -> Value) throws -> Value {
    for _ in 0..<100 {
      do { return try body() } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        usleep(50_000)
      }
    }
    return try body()
  }

  /// Closes the file, with nothing left beside it where no other process uses it. Nothing may be done with the ledger afterwards.
  public func close() {
    // Whatever fails here, the journal has it. Readers, which a pool closes last, may not put the journal into the file.
    guard let pool else {
      try? reader.close()
      return
    }
    guard (try? pool.close()) != nil, let last = try? DatabaseQueue(path: pool.path, configuration: settings) else { return }
    _ = try? last.read(Self.isEmpty)
    try? last.close()
  }

  /// Looks something up.
  func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
    do { return try reader.read(body) } catch { throw LedgerError(error, path: path) }
  }

  /// Changes something, all of it or nothing.
  ///
  /// - Parameter isDurable: whether the change is on the disk on return, so that the end of the machine's power does not undo it.
  func write<Value>(isDurable: Bool = true, _ body: (Database) throws -> Value) throws(LedgerError) -> Value {
    guard let pool else { throw LedgerError(.readOnly, path, "cannot be written; it and its folder must be writable") }
    do {
      return try pool.writeWithoutTransaction { db in
        if !isDurable { try db.execute(sql: "PRAGMA synchronous = NORMAL") }
        defer { if !isDurable { try? db.execute(sql: "PRAGMA synchronous = FULL") } }
        var value: Value?
        try db.inTransaction(.immediate) {
          value = try body(db)
          return .commit
        }
        guard let value else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
        return value
      }
    } catch {
      throw LedgerError(error, path: path)
    }
  }
}
