import Bonafide
import Foundation
import GRDB
import Synchronization
import Testing

@testable import BonafideLedger

/// Files that are no ledger, or no whole one: each is told in a line, and left as it is.
@Suite struct DamageTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("state.sqlite")
  }

  private func code(creates: Bool = true) -> LedgerError.Code? {
    do throws(LedgerError) {
      _ = try Ledger(path: path, creates: creates)
      return nil
    } catch {
      return error.code
    }
  }

  /// Keeps results of recordings of these numbers.
  ///
  /// - Returns: how many are kept, and why others are not.
  private func fill(_ numbers: Range<Int>, _ ledger: Ledger) throws -> (kept: Int, failure: LedgerError?) {
    let session = try LedgerSession(ledger, setup: try setup())
    let outcome = Mutex<(kept: Int, failure: LedgerError?)>((0, nil))
    do {
      for number in numbers {
        let call = try folder.write("\(number).wav", "\(number)")
        guard case .toKeep(let result, let keeping, true) = try session.screen(call, with: { sample(call) }) else { continue }
        session.keep(result, keeping) { kept in
          outcome.withLock { outcome in
            switch kept {
            case .success: outcome.kept += 1
            case .failure(let error): outcome.failure = error
            }
          }
        }
      }
    } catch let error as LedgerError {
      outcome.withLock { $0.failure = error }
    }
    session.end()
    return outcome.withLock { $0 }
  }

  @Test func whatIsNoLedgerIsLeftAsItIs() throws {
    for text in ["x", String(repeating: "RIFF and so on ", count: 300)] {
      try folder.write("state.sqlite", text)
      #expect(code() == .noLedger)
      #expect(try folder.bytes("state.sqlite") == Data(text.utf8))
    }
    try FileManager.default.removeItem(atPath: path)
    try DatabaseQueue(path: path).write { db in try db.execute(sql: "CREATE TABLE accounts (id INTEGER)") }
    let before = try folder.bytes("state.sqlite")
    #expect(code() == .noLedger)
    #expect(try folder.bytes("state.sqlite") == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["state.sqlite"])
  }

  /// As a kill behind the first of its transactions leaves it.
  @Test func aLedgerThatWasJustBegunIsMade() throws {
    try DatabaseQueue(path: path).write { db in
      try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    }
    #expect(code() == nil)
  }

  @Test func aLedgerIsMadeWhereItMayBe() throws {
    #expect(code(creates: false) == .missing)
    #expect(!FileManager.default.fileExists(atPath: path))
    try folder.write("state.sqlite", "")
    #expect(code(creates: false) == .noLedger)
    #expect(code() == nil)
    #expect(code(creates: false) == nil)
  }

  @Test func aNewerLedgerIsLeftAsItIs() throws {
    let ledger = try Ledger(path: path, creates: true)
    try ledger.write { db in try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('3: of a time to come')") }
    #expect(code() == .tooNew)
  }

  @Test func damageIsTold() throws {
    let ledger = try Ledger(path: path, creates: true)
    #expect(try fill(0..<200, ledger).kept == 200)
    ledger.close()
    var bytes = try folder.bytes("state.sqlite")
    for place in stride(from: 4096, to: bytes.count, by: 4096) { bytes.replaceSubrange(place..<place + 64, with: Data(repeating: 0xA5, count: 64)) }
    try bytes.write(to: URL(filePath: path))
    let setup = try setup()
    do throws(LedgerError) {
      let session = try LedgerSession(try Ledger(path: path, creates: true), setup: setup)
      _ = try session.screen(folder.path("1.wav")) { sample("1.wav") }
      Issue.record("the damage was not found")
    } catch {
      #expect(error.code == .corrupt)
      #expect(error.description.hasPrefix("\(path): is damaged"))
    }
    #expect(try folder.bytes("state.sqlite") == bytes)
  }

  /// Somebody changed it by other means: each look that meets the change is an error in a line, and nothing is written.
  @Test(arguments: [
    "DROP TABLE outbox", "DROP TABLE grdb_migrations", "ALTER TABLE setup DROP COLUMN profile", "ALTER TABLE party RENAME COLUMN llr TO score",
    "DROP VIEW latest; CREATE VIEW latest AS SELECT 1",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'screened_at TEXT NOT NULL', 'screened_at') WHERE name = 'result'",
    "UPDATE setup SET prior = 'much'", "UPDATE setup SET mix = 'maybe'",
    "UPDATE result SET verdict = 'real'", "UPDATE result SET warnings = '[1'",
    "UPDATE party SET verdict = ''", "UPDATE party SET reason = 'because'", "UPDATE party SET speech_s = 'many'",
    "UPDATE party SET channel = 1e300 WHERE channel = 1",
    "UPDATE stretch SET llr = x'00'",
  ])
  func changesByOtherMeansAreTold(_ change: String) throws {
    do {
      let ledger = try Ledger(path: path, creates: true)
      #expect(try fill(0..<3, ledger).kept == 3)
      ledger.close()
      let queue = try DatabaseQueue(path: path)
      try queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA foreign_keys = OFF")
        try db.execute(sql: change)
        _ = try db.checkpoint(.truncate)
      }
      try queue.close()
    }
    let before = try folder.bytes("state.sqlite")
    var found: LedgerError?
    do {
      let ledger = try Ledger(path: path, creates: false)
      defer { ledger.close() }
      _ = try ledger.setups()
      try ledger.forEachResult(LedgerQuery()) { _, _ in }
    } catch let error as LedgerError {
      found = error
    }
    #expect(found?.code == .corrupt)
    #expect(found?.description.hasPrefix("\(path): is damaged (") == true && found?.description.contains("\n") == false)
    // What looks right until a value is met has been opened, for which SQLite counts.
    if !change.hasPrefix("UPDATE") { #expect(try folder.bytes("state.sqlite") == before) }
  }

  /// Of a backup, say.
  @Test func oneThatNobodyMayWriteIsRead() async throws {
    let ledger = try Ledger(path: path, creates: true)
    #expect(try fill(0..<3, ledger).kept == 3)
    ledger.close()
    let copy = folder.path("a 100 % copy?.sqlite")
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: copy)
    await #expect(processExitsWith: .success) { [copy = copy as String] in
      // Root may write anything.
      guard getuid() != 0 || (chmod((copy as NSString).deletingLastPathComponent, 0o555) == 0 && setuid(65_534) == 0) else { return }
      #expect(throws: LedgerError.self) { try Ledger(path: copy, creates: false) }
      let kept = try Ledger(path: copy, creates: false, isReadOnly: true)
      #expect(try kept.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM result") } == 3)
      #expect(throws: LedgerError.self) { try kept.write { _ in } }
      kept.close()
    }
  }

  @Test func aFullDiskCostsNothingThatIsDone() throws {
    let ledger = try Ledger(path: path, creates: true)
    #expect(try fill(0..<20, ledger).kept == 20)
    // As large as it may get: a little larger than it is.
    try #require(ledger.pool).writeWithoutTransaction { db in
      let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      try db.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
    }
    let outcome = try fill(20..<400, ledger)
    #expect(outcome.failure?.code == .full)
    #expect(outcome.failure?.description.hasPrefix("\(path): there is no room left on its disk") == true)
    let count = try Ledger(path: path, creates: false).read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM result") }
    #expect(count == 20 + outcome.kept)
  }
}
