import Bonafide
import Foundation
import GRDB
import Testing

@testable import BonafideLedger

/// Whose work a recording is.
@Suite struct LeaseTests {
  private let folder: TemporaryFolder
  private let ledger: Ledger
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    ledger = try Ledger(path: folder.path("state.sqlite"), creates: true)
    path = try folder.write("call.wav", "a")
  }

  private func isHeld(_ session: LedgerSession) throws -> Bool {
    guard case .held = try session.screen(path, with: { sample(path) }) else { return false }
    return true
  }

  @Test func oneProcessScreensARecording() async throws {
    let (first, second) = (try LedgerSession(ledger, setup: try setup()), try LedgerSession(ledger, setup: try setup()))
    guard case .toKeep(let result, let keeping, true) = try first.screen(path, with: { sample(path) }) else {
      Issue.record("was not screened")
      return
    }
    #expect(try isHeld(second))
    let kept = await withCheckedContinuation { continuation in
      first.keep(result, keeping) { continuation.resume(returning: $0) }
    }
    #expect(throws: Never.self) { try kept.get() }
    let found = try await second.screenAndKeep(path) { FileResult(path: path, error: "was screened again") }
    #expect(found?.isNew == false)
    first.end()
    second.end()
  }

  @Test func whatAProcessLeavesIsTakenOver() throws {
    let (first, second) = (try LedgerSession(ledger, setup: try setup()), try LedgerSession(ledger, setup: try setup()))
    #expect(try !isHeld(first))
    #expect(try isHeld(second))
    first.end()
    #expect(try !isHeld(second))
    second.end()
  }

  /// One that was suspended, and taken for dead by another.
  @Test func aProcessThatIsBackGoesOn() throws {
    let session = try LedgerSession(ledger, setup: try setup())
    try ledger.write { db in try db.execute(sql: "DELETE FROM worker") }
    #expect(try !isHeld(session))
    #expect(try ledger.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM lease JOIN worker ON worker.id = worker_id") } == 1)
    session.end()
  }

  /// A worker of another process, and whether its work is to be taken over.
  @Test(
    arguments: [
      ("at work", 0, 0, "", 60, true), ("ended", 0, 1, "", 60, false), ("heard of no more", 0, 0, "", -1, false),
      ("of another container", 1, 1, "", 60, true), ("of another container, heard of no more", 1, 1, "", -1, false),
      ("before the machine was started again", 0, 0, "other", 60, false),
    ] as [(String, Int64, Int64, String, Double, Bool)])
  func aLeaseHoldsAsLongAsItsWorker(
    _ name: String, namespace: Int64, started: Int64, boot: String, remaining: Double, holds: Bool
  ) throws {
    let session = try LedgerSession(ledger, setup: try setup())
    let current = Worker.current
    try ledger.write { db in
      try db.execute(
        sql: "INSERT INTO worker (id, boot, namespace, pid, started, expires) VALUES (99, ?, ?, ?, ?, ?)",
        arguments: [
          current.boot + boot, current.namespace + namespace, current.pid, current.started + started, Worker.now + remaining,
        ])
      try db.execute(
        sql: "INSERT INTO lease (path, path_bytes, setup_id, worker_id) SELECT ?, x'', id, 99 FROM setup", arguments: [path])
    }
    #expect(try isHeld(session) == holds, "\(name)")
    session.end()
  }
}
