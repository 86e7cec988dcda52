import Bonafide
import Dispatch
import Synchronization

/// Writes results to a ledger, many in a transaction, and tells of each when it is on the disk.
final class BatchWriter: Sendable {
  /// A result to be written, and who wants to know.
  struct Entry: Sendable {
    let result: FileResult
    let key: RecordingKey
    let content: Content
    /// The live call that the result is of; `nil` for a recording.
    var call: LiveCall?
    /// Called once, with the number of the result's row.
    let whenKept: @Sendable (Result<Int64, LedgerError>) -> Void
  }

  private let ledger: Ledger
  private let setup: Int64
  private let worker: Int64
  /// Whether results are entered in the outbox.
  private let announces: Bool
  private let queue = DispatchQueue(label: "bonafide.ledger")
  private let waiting = Mutex<[Entry]>([])

  /// A result waits for others so long, and for so many. What calls for more room than that many times four waits itself.
  private static let (patience, batch) = (DispatchTimeInterval.milliseconds(100), 100)

  init(ledger: Ledger, setup: Int64, worker: Int64, announces: Bool) {
    self.announces = announces
    self.ledger = ledger
    self.setup = setup
    self.worker = worker
  }

  /// Has a result written within a tenth of a second or with the next hundred, whichever is first.
  func add(_ entry: Entry) {
    let count = waiting.withLock { entries in
      entries.append(entry)
      return entries.count
    }
    switch count {
    case 1: queue.asyncAfter(deadline: .now() + Self.patience) { self.commit() }
    case Self.batch: queue.async { self.commit() }
    case (4 * Self.batch)...: flush()
    default: break
    }
  }

  /// Writes all that waits.
  func flush() {
    queue.sync { commit() }
  }

  private func commit() {
    let entries = waiting.withLock { entries in
      defer { entries = [] }
      return entries
    }
    guard !entries.isEmpty else { return }
    do {
      let ids = try ledger.write { db in
        try entries.map { entry in
          let id = try db.put(entry.result, of: entry.key, content: entry.content, setup: setup)
          if let call = entry.call { try db.put(call, of: id) }
          if announces { try db.cachedStatement(sql: "INSERT INTO outbox (result_id) VALUES (?)").execute(arguments: [id]) }
          try db.endLease(of: entry.key, setup: setup, to: worker)
          return id
        }
      }
      for (entry, id) in zip(entries, ids) { entry.whenKept(.success(id)) }
    } catch {
      for entry in entries { entry.whenKept(.failure(error)) }
    }
  }
}
