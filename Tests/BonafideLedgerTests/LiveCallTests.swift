import Bonafide
import BonafideLedger
import Foundation
import GRDB
import Synchronization
import Testing

/// Calls that were screened while they were under way, in a ledger.
@Suite struct LiveCallTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func keep(_ calls: [LiveCall], _ results: [FileResult]) throws -> Int {
    let session = try LedgerSession(try Ledger(path: folder.path("state.sqlite"), creates: true), setup: try setup())
    let kept = Atomic(0)
    for (call, result) in zip(calls, results) {
      session.keep(call, result) { status in if case .success = status { kept.add(1, ordering: .relaxed) } }
    }
    session.end()
    session.close()
    return kept.load(ordering: .relaxed)
  }

  private func call(_ name: String, at seconds: Double) -> LiveCall {
    let began = Date(timeIntervalSince1970: 1_795_000_000 + seconds)
    return LiveCall(
      name: name, adapter: "twilio", externalID: "CA1", details: ["agent": "Ann"], began: began, ended: began + 60, why: "hang_up", alarmed: [2])
  }

  @Test func callsOfOneNameAreKeptBesideEachOther() throws {
    let calls = [call("twilio-CA1", at: 0), call("twilio-CA1", at: 1)]
    #expect(try keep(calls, calls.map { sample($0.name) }) == 2)
    let ledger = try Ledger(path: folder.path("state.sqlite"), creates: false)
    var found: [(KeptResult, FileResult)] = []
    try ledger.forEachResult(LedgerQuery()) { found.append(($0, $1)) }
    #expect(found.map(\.0.location) == calls.map(\.path))
    #expect(calls[0].path.hasPrefix("live:twilio-CA1@2026-11-"))
    #expect(found.map(\.1.parties.count) == [2, 2] && found.map(\.1.verdict) == [.synthetic, .synthetic])
    let rows = try DatabaseQueue(path: folder.path("state.sqlite")).read { db in
      try Row.fetchAll(db, sql: "SELECT live_call.*, path FROM live_call JOIN latest ON latest.id = result_id ORDER BY result_id")
    }
    #expect(rows.map { $0["call"] as String } == ["twilio-CA1", "twilio-CA1"] && rows.map { $0["path"] as String } == calls.map(\.path))
    #expect(rows[0]["details"] as String == #"{"agent":"Ann"}"# && rows[0]["alarmed"] as String == "[2]" && rows[0]["why"] as String == "hang_up")
    #expect(try ledger.forget(calls[0].path) == 1)
    ledger.close()
    let left = try DatabaseQueue(path: folder.path("state.sqlite")).read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM live_call") }
    #expect(left == 1)
  }

  /// A ledger of a version that knew no calls, as that made it.
  @Test func anOlderLedgerTakesThem() throws {
    #expect(try keep([], []) == 0)
    let queue = try DatabaseQueue(path: folder.path("state.sqlite"))
    try queue.write { db in
      try db.execute(
        sql: """
          DROP TABLE live_call; ALTER TABLE party DROP COLUMN coded;
          DELETE FROM grdb_migrations WHERE identifier LIKE '2:%' OR identifier LIKE '3:%'
          """)
    }
    try queue.close()
    #expect(try keep([call("twilio-CA1", at: 0)], [sample("twilio-CA1")]) == 1)
  }
}
