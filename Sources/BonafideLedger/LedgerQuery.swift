import Bonafide
import BonafideAudio
import FoundationEssentials
import GRDB

/// Which results of a ledger are meant.
public struct LedgerQuery: Sendable {
  /// Verdicts of recordings; `nil` for all.
  public var verdicts: Set<Verdict>?
  /// Whether recordings that could not be screened are meant, too.
  public var hasFailures = true
  /// Those that were screened at this time or later.
  public var since: Date?
  /// Of a recording that was screened with several setups, all results and not the newest alone.
  public var hasAllSetups = false
  /// So many, taken at random; `nil` for all.
  public var sampleSize: Int?
  /// Those of the setup of this number.
  public var setup: Int64?

  /// All recordings, the newest result of each.
  public init() {}

  fileprivate var conditions: (sql: String, arguments: StatementArguments) {
    var (parts, arguments) = (["TRUE"], StatementArguments())
    if let verdicts {
      let places = verdicts.map { _ in "?" }.joined(separator: ", ")
      parts.append("(verdict IN (\(places))\(hasFailures ? " OR error IS NOT NULL" : ""))")
      arguments += StatementArguments(verdicts.map(\.rawValue).sorted())
    } else if !hasFailures {
      parts.append("error IS NULL")
    }
    if let since {
      parts.append("screened_at >= ?")
      arguments += [since]
    }
    if let setup {
      parts.append("setup_id = ?")
      arguments += [setup]
    }
    if !hasAllSetups {
      parts.append("result.id = (SELECT max(id) FROM result AS other WHERE other.recording_id = result.recording_id)")
    }
    return (parts.joined(separator: " AND "), arguments)
  }
}

/// What results were made with.
public struct KeptSetup: Sendable, Equatable {
  /// A model's name, and the SHA-256 of its weights in hexadecimal digits.
  public struct Model: Sendable, Equatable {
    public let name: String
    public let sha256: String
  }

  /// Number of its row.
  public let id: Int64
  /// SHA-256 of all that moves results, in hexadecimal digits.
  public let digest: String
  /// Of the program.
  public let version: String
  public let narrowband: Model
  public let wideband: Model?
  public let second: Model?
  /// Path of the site's profile, from the root.
  public let profile: String?
  public let prior: Double
  public let alarmAt: Double?
  public let clearAt: Double?
  public let mix: Bool
  /// As `RawFormat(parsing:)` reads it.
  public let raw: String?

  init(_ row: Row) throws {
    func model(_ column: String) throws -> Model? {
      let sha256 = try row.value(column + "_sha256", as: String?.self)
      return try row.value(column, as: String?.self).map { Model(name: $0, sha256: sha256 ?? "") }
    }
    id = try row.value("id")
    digest = try row.value("digest")
    version = try row.value("version")
    narrowband = Model(name: try row.value("model"), sha256: try row.value("model_sha256"))
    wideband = try model("wideband_model")
    second = try model("second_stage")
    profile = try row.value("profile")
    prior = try row.value("prior")
    alarmAt = try row.value("alarm_at")
    clearAt = try row.value("clear_at")
    mix = try row.value("mix")
    raw = try row.value("raw")
  }
}

/// A result as a ledger has it, in short.
public struct KeptResult: Sendable {
  /// Number of its row; greater than those of all that were kept before.
  public let id: Int64
  /// Path of the recording from the root, which opens it.
  public let location: String
  /// When it was screened, in UTC, as `2026-11-28 14:31:15.926`.
  public let screenedAt: String
  /// Number of what it was made with.
  public let setup: Int64
  /// Bytes of the recording.
  public let size: Int64
  /// SHA-256 of the recording.
  public let hash: ContentHash
  /// `nil` with an error.
  public let verdict: Verdict?
  /// Why it could not be screened.
  public let error: String?
  /// The lowest log-likelihood ratio that decided of a party, natural log; `nil` where nobody speaks.
  public let llr: Double?
}

extension Ledger {
  /// What results were made with, in the order in which that was first used.
  public func setups() throws(LedgerError) -> [KeptSetup] {
    try read { db in try Row.fetchAll(db, sql: "SELECT * FROM setup ORDER BY id").map(KeptSetup.init) }
  }

  /// Calls `body` with one result after another, the one that was kept first first, as the ledger was when that began. `body` may not
  /// turn to the ledger.
  public func forEach(_ query: LedgerQuery, _ body: (KeptResult) throws -> Void) throws {
    try forEach(query) { _, kept in try body(kept) }
  }

  /// The same, with the whole of each result.
  public func forEachResult(_ query: LedgerQuery, _ body: (KeptResult, FileResult) throws -> Void) throws {
    try forEach(query) { db, kept in
      if let result = try db.result(kept.id, path: kept.location) { try body(kept, result) }
    }
  }

  private func forEach(_ query: LedgerQuery, _ body: (Database, KeptResult) throws -> Void) throws {
    let (conditions, arguments) = query.conditions
    let order = query.sampleSize.map { "random() LIMIT \($0)" } ?? "result.id"
    do {
      try reader.read { db in
        let rows = try Row.fetchCursor(
          db,
          sql: """
            SELECT result.id, path, path_bytes, screened_at, setup_id, size_bytes, sha256, verdict, error,
              (SELECT min(evidence_llr) FROM party WHERE result_id = result.id) AS llr
            FROM result JOIN recording ON recording.id = recording_id WHERE \(conditions) ORDER BY \(order)
            """,
          arguments: arguments)
        while let row = try rows.next() { try body(db, KeptResult(row)) }
      }
    } catch  where LedgerError.isOfLedger(error) {
      throw LedgerError(error, path: path)
    }
  }

  /// The whole result of a row; `nil` where it is gone.
  public func result(_ kept: KeptResult) throws(LedgerError) -> FileResult? {
    try read { db in try db.result(kept.id, path: kept.location) }
  }
}

extension KeptResult {
  fileprivate init(_ row: Row) throws {
    id = try row.value("id")
    location = try RecordingKey(row).location
    screenedAt = try row.value("screened_at")
    setup = try row.value("setup_id")
    size = try row.value("size_bytes")
    hash = ContentHash(bytes: [UInt8](try row.value("sha256", as: Data.self)))
    verdict = try row.word("verdict")
    error = try row.value("error")
    llr = try row.value("llr")
  }
}
