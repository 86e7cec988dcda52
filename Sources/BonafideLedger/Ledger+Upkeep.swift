import BonafideAudio
import FoundationEssentials
import GRDB

extension Ledger {
  /// Looks through the whole file.
  ///
  /// - Returns: what is wrong with it, a line each, a hundred at most; none where all is well.
  public func damage() throws(LedgerError) -> [String] {
    try read { db in
      let pages = try String.fetchAll(db, sql: "PRAGMA integrity_check(100)").filter { $0 != "ok" }
      let orphans = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(100)
      return try pages
        + orphans.map { row in
          "a row of \(try row.decode(String.self, atIndex: 0)) belongs to none of \(try row.decode(String.self, atIndex: 2))"
        }
    }
  }

  /// Forgets recordings with all that was found in them, so that nothing of them is left in the file.
  ///
  /// - Parameter path: from the root, of a recording or of a folder.
  /// - Returns: how many were forgotten.
  public func forget(_ path: String) throws(LedgerError) -> Int {
    let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
    let key = RecordingKey(folder)
    // What comes after a slash is the digit 0.
    let (first, end) = (key.path + "/", key.path + "0")
    let prefix = Data((folder + "/").pathBytes)
    return try erase { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT id, path, path_bytes FROM recording WHERE path = ? OR path >= ? AND path < ?", arguments: [key.path, first, end])
      // Several paths of bytes may read the same.
      let ids = try rows.filter { row in
        let bytes = Data(try RecordingKey(row).location.pathBytes)
        return bytes == prefix.dropLast() || bytes.starts(with: prefix)
      }.map { try $0.decode(Int64.self, atIndex: 0) }
      try db.execute(sql: "DELETE FROM lease WHERE path = ? OR path >= ? AND path < ?", arguments: [key.path, first, end])
      for id in ids { try db.cachedStatement(sql: "DELETE FROM recording WHERE id = ?").execute(arguments: [id]) }
      return ids.count
    }
  }

  /// Forgets results that were made before a time, and recordings that have no other.
  ///
  /// - Returns: how many results were forgotten.
  public func forget(before time: Date) throws(LedgerError) -> Int {
    try erase { db in
      try db.execute(sql: "DELETE FROM result WHERE screened_at < ?", arguments: [time])
      let count = db.changesCount
      try db.execute(sql: "DELETE FROM recording WHERE NOT EXISTS (SELECT 1 FROM result WHERE recording_id = recording.id)")
      return count
    }
  }

  /// Deletes rows, writes zeros in their place, and empties the journal.
  private func erase(_ body: (Database) throws -> Int) throws(LedgerError) -> Int {
    do {
      try pool?.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA secure_delete = ON") }
      let count = try write(body)
      if count > 0 { try pool?.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) } }
      return count
    } catch {
      throw LedgerError(error, path: path)
    }
  }
}
