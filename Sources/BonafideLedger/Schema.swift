import GRDB

/// The tables of a ledger, a step of their history at a time; `docs/ledger.md` says what is in them.
enum Schema {
  /// Marks a database of SQLite as a ledger: `bona`.
  static let applicationID: Int32 = 0x626F_6E61

  /// Each step has a name, and runs once on each ledger.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: recordings, results, parties, stretches") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: results)
      try db.execute(sql: work)
    }
    migrator.registerMigration("2: live calls") { db in try db.execute(sql: liveCalls) }
    migrator.registerMigration("3: how strongly speech is coded") { db in try db.execute(sql: "ALTER TABLE party ADD COLUMN coded REAL") }
    return migrator
  }

  /// Looks whether a ledger has all its tables and columns. It may have more; one of an older version has what that knew.
  static func check(_ db: Database) throws {
    guard try !migrator.appliedMigrations(db).isEmpty else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it does not say what made it")
    }
    guard try migrator.hasCompletedMigrations(db) else { return }
    let there = Set(try columns(db))
    if let missing = try columns.get().first(where: { !there.contains($0) }) {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no \(missing)")
    }
  }

  /// Those of a new ledger.
  private static let columns = Result {
    let memory = try DatabaseQueue()
    try migrator.migrate(memory)
    return try memory.read(columns)
  }

  private static func columns(_ db: Database) throws -> [String] {
    let sql = """
      SELECT kind.name || '.' || field.name || ' ' || field.type || iif(field."notnull", ', not null', '')
      FROM sqlite_master AS kind JOIN pragma_table_info(kind.name) AS field WHERE kind.type IN ('table', 'view')
      """
    return try String.fetchAll(db, sql: sql)
  }

  private static let results = """
    CREATE TABLE setup (
      id INTEGER PRIMARY KEY,
      digest TEXT NOT NULL,
      version TEXT NOT NULL,
      model TEXT NOT NULL,
      model_sha256 TEXT NOT NULL,
      wideband_model TEXT,
      wideband_model_sha256 TEXT,
      second_stage TEXT,
      second_stage_sha256 TEXT,
      profile TEXT,
      prior REAL NOT NULL,
      alarm_at REAL,
      clear_at REAL,
      mix INTEGER NOT NULL,
      raw TEXT,
      UNIQUE (digest, version)
    );
    CREATE TABLE recording (
      id INTEGER PRIMARY KEY,
      path TEXT NOT NULL,
      path_bytes BLOB NOT NULL,
      UNIQUE (path, path_bytes)
    );
    CREATE TABLE result (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      recording_id INTEGER NOT NULL REFERENCES recording (id) ON DELETE CASCADE,
      setup_id INTEGER NOT NULL REFERENCES setup (id),
      screened_at TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      modified_ns INTEGER,
      sha256 BLOB NOT NULL,
      format TEXT,
      sample_rate_hz INTEGER,
      duration_s REAL,
      heard_s REAL,
      unheard_s REAL,
      bandwidth_hz REAL,
      verdict TEXT,
      error TEXT,
      warnings TEXT,
      UNIQUE (recording_id, setup_id)
    );
    CREATE INDEX result_by_content ON result (sha256, setup_id);
    CREATE INDEX result_by_time ON result (screened_at);
    CREATE TABLE party (
      result_id INTEGER NOT NULL REFERENCES result (id) ON DELETE CASCADE,
      channel INTEGER NOT NULL,
      track INTEGER,
      track_channel INTEGER,
      name TEXT,
      same_as INTEGER,
      model TEXT,
      verdict TEXT NOT NULL,
      reason TEXT,
      speech_s REAL NOT NULL,
      echo_s REAL NOT NULL,
      llr REAL,
      synthetic_probability REAL,
      evidence_llr REAL,
      flagged_s REAL NOT NULL,
      clipped REAL,
      snr_db REAL,
      first_llr REAL,
      second_score REAL,
      timeline_hop_s REAL,
      timeline_llr BLOB,
      PRIMARY KEY (result_id, channel)
    ) WITHOUT ROWID;
    CREATE TABLE stretch (
      result_id INTEGER NOT NULL,
      channel INTEGER NOT NULL,
      start_s REAL NOT NULL,
      end_s REAL NOT NULL,
      llr REAL NOT NULL,
      synthetic_probability REAL NOT NULL,
      PRIMARY KEY (result_id, channel, start_s),
      FOREIGN KEY (result_id, channel) REFERENCES party (result_id, channel) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE VIEW latest AS
      SELECT recording.path, result.*, setup.version, setup.model, setup.second_stage
      FROM result
      JOIN recording ON recording.id = result.recording_id
      JOIN setup ON setup.id = result.setup_id
      WHERE result.id = (SELECT max(id) FROM result AS other WHERE other.recording_id = result.recording_id);
    """

  private static let liveCalls = """
    CREATE TABLE live_call (
      result_id INTEGER PRIMARY KEY REFERENCES result (id) ON DELETE CASCADE,
      call TEXT NOT NULL,
      adapter TEXT NOT NULL,
      external_id TEXT NOT NULL,
      details TEXT NOT NULL,
      began_at TEXT NOT NULL,
      ended_at TEXT NOT NULL,
      why TEXT NOT NULL,
      alarmed TEXT NOT NULL
    );
    CREATE INDEX live_call_by_external_id ON live_call (external_id);
    """

  private static let work = """
    CREATE TABLE worker (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      boot TEXT NOT NULL,
      namespace INTEGER NOT NULL,
      pid INTEGER NOT NULL,
      started INTEGER NOT NULL,
      expires REAL NOT NULL
    );
    CREATE TABLE lease (
      path TEXT NOT NULL,
      path_bytes BLOB NOT NULL,
      setup_id INTEGER NOT NULL,
      worker_id INTEGER NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
      PRIMARY KEY (path, path_bytes, setup_id)
    ) WITHOUT ROWID;
    CREATE INDEX lease_by_worker ON lease (worker_id);
    CREATE TABLE outbox (
      result_id INTEGER PRIMARY KEY REFERENCES result (id) ON DELETE CASCADE
    );
    """
}
