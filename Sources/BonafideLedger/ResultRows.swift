import Bonafide
import BonafideAudio
import FoundationEssentials
import GRDB

/// A recording by its whole path, as tables have it: bytes that are not UTF-8 stand beside a path to be read.
struct RecordingKey: Hashable, Sendable {
  let path: String
  let bytes: Data

  /// - Parameter path: from the root.
  init(_ path: String) {
    self.path = path.readablePath
    bytes = path.hasForeignBytes ? Data(path.pathBytes) : Data()
  }

  init(path: String, bytes: Data) {
    self.path = path
    self.bytes = bytes
  }

  /// A path that opens the recording.
  var location: String { bytes.isEmpty ? path : String(pathBytes: bytes) }
}

/// What is known of the recording that a result is of.
struct Content: Sendable {
  /// Bytes.
  var size: Int64
  /// When it was written, in nanoseconds since 1970; `nil` where that does not tell whether it has changed since.
  var modified: Int64?
  var hash: ContentHash
}

/// A result in the tables, without its parties.
struct ResultRow: Sendable {
  let id: Int64
  let content: Content
  let isFailure: Bool
}

extension Database {
  /// The newest result of a recording by a setup.
  func resultRow(of key: RecordingKey, setup: Int64) throws -> ResultRow? {
    let statement = try cachedStatement(
      sql: """
        SELECT result.id, size_bytes, modified_ns, sha256, error IS NOT NULL FROM result JOIN recording ON recording.id = recording_id
        WHERE path = ? AND path_bytes = ? AND setup_id = ?
        """)
    return try Row.fetchOne(statement, arguments: [key.path, key.bytes, setup]).map { row in
      ResultRow(
        id: row[0], content: Content(size: row[1], modified: row[2], hash: ContentHash(bytes: [UInt8](row[3] as Data))), isFailure: row[4])
    }
  }

  /// A result of any recording with this content, and no failure.
  func resultID(ofContent hash: ContentHash, setup: Int64) throws -> Int64? {
    let statement = try cachedStatement(sql: "SELECT id FROM result WHERE sha256 = ? AND setup_id = ? AND error IS NULL LIMIT 1")
    return try Int64.fetchOne(statement, arguments: [Data(hash.bytes), setup])
  }

  /// Reads a result.
  ///
  /// - Parameter path: what the result calls the recording.
  func result(_ id: Int64, path: String) throws -> FileResult? {
    let statement = try cachedStatement(
      sql: """
        SELECT format, sample_rate_hz, duration_s, heard_s, unheard_s, bandwidth_hz, verdict, error, warnings FROM result WHERE id = ?
        """)
    return try Row.fetchOne(statement, arguments: [id]).map { row in
      let warnings = try (row["warnings"] as String?).map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
      return FileResult(
        path: path, format: row["format"], sampleRate: row["sample_rate_hz"], duration: row["duration_s"], heard: row["heard_s"],
        unheard: row["unheard_s"], bandwidth: row["bandwidth_hz"], verdict: (row["verdict"] as String?).flatMap(Verdict.init),
        error: row["error"], warnings: warnings ?? [], parties: try parties(of: id))
    }
  }

  private func parties(of id: Int64) throws -> [PartyResult] {
    let statement = try cachedStatement(sql: "SELECT * FROM party WHERE result_id = ? ORDER BY channel")
    var parties = try Row.fetchAll(statement, arguments: [id]).map { PartyResult($0) }
    let stretches = try cachedStatement(
      sql: "SELECT channel, start_s, end_s, llr, synthetic_probability FROM stretch WHERE result_id = ? ORDER BY channel, start_s")
    for row in try Row.fetchAll(stretches, arguments: [id]) {
      guard let place = parties.firstIndex(where: { $0.channel == row[0] as Int }) else { continue }
      parties[place].segments.append(Segment(start: row[1], end: row[2], llr: row[3], syntheticProbability: row[4]))
    }
    return parties
  }

  /// Writes a result in the place of the recording's earlier one by the same setup.
  ///
  /// - Returns: the row's number, greater than those of all results before.
  func put(_ result: FileResult, of key: RecordingKey, content: Content, setup: Int64) throws -> Int64 {
    let recording = try recordingID(of: key)
    try cachedStatement(sql: "DELETE FROM result WHERE recording_id = ? AND setup_id = ?").execute(arguments: [recording, setup])
    let warnings = result.warnings.isEmpty ? nil : String(decoding: try JSONEncoder().encode(result.warnings), as: UTF8.self)
    let statement = try cachedStatement(
      sql: """
        INSERT INTO result (recording_id, setup_id, screened_at, size_bytes, modified_ns, sha256, format, sample_rate_hz, duration_s, heard_s,
          unheard_s, bandwidth_hz, verdict, error, warnings)
        VALUES (?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      recording, setup, content.size, content.modified, Data(content.hash.bytes), result.format, result.sampleRate, result.duration,
      result.heard, result.unheard, result.bandwidth, result.verdict?.rawValue, result.error, warnings,
    ])
    let id = lastInsertedRowID
    for party in result.parties { try put(party, of: id) }
    return id
  }

  private func recordingID(of key: RecordingKey) throws -> Int64 {
    let statement = try cachedStatement(sql: "SELECT id FROM recording WHERE path = ? AND path_bytes = ?")
    if let id = try Int64.fetchOne(statement, arguments: [key.path, key.bytes]) { return id }
    try cachedStatement(sql: "INSERT INTO recording (path, path_bytes) VALUES (?, ?)").execute(arguments: [key.path, key.bytes])
    return lastInsertedRowID
  }

  private func put(_ party: PartyResult, of id: Int64) throws {
    let statement = try cachedStatement(
      sql: """
        INSERT INTO party (result_id, channel, track, track_channel, name, same_as, model, verdict, reason, speech_s, echo_s, llr,
          synthetic_probability, evidence_llr, flagged_s, clipped, snr_db, first_llr, second_score, timeline_hop_s, timeline_llr)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      id, party.channel, party.track, party.trackChannel, party.name, party.sameAs, party.model, party.verdict.rawValue,
      party.reason?.rawValue, party.speech, party.echo, party.llr, party.syntheticProbability, party.decidingLLR, party.flagged,
      party.clipped, party.signalToNoise, party.stages?.first, party.stages?.second, party.timeline?.hop,
      party.timeline.map { Data(littleEndian: $0.llr) },
    ])
    for segment in party.segments {
      try cachedStatement(
        sql: "INSERT INTO stretch (result_id, channel, start_s, end_s, llr, synthetic_probability) VALUES (?, ?, ?, ?, ?, ?)"
      ).execute(arguments: [id, party.channel, segment.start, segment.end, segment.llr, segment.syntheticProbability])
    }
  }
}

extension PartyResult {
  fileprivate init(_ row: Row) {
    let first = row["first_llr"] as Double?
    let hop = row["timeline_hop_s"] as Double?
    self.init(
      channel: row["channel"], track: row["track"], trackChannel: row["track_channel"], name: row["name"], sameAs: row["same_as"],
      model: row["model"], verdict: Verdict(rawValue: row["verdict"]) ?? .inconclusive,
      reason: (row["reason"] as String?).flatMap(Reason.init), speech: row["speech_s"], echo: row["echo_s"], llr: row["llr"],
      syntheticProbability: row["synthetic_probability"], clipped: row["clipped"], signalToNoise: row["snr_db"],
      stages: first.map { StageScores(first: $0, second: row["second_score"]) },
      timeline: hop.map { Timeline(hop: $0, llr: (row["timeline_llr"] as Data?)?.littleEndianFloats ?? []) })
  }
}

extension Data {
  /// Four bytes a number, the least significant first; what is not there is not a number.
  fileprivate init(littleEndian values: [Float?]) {
    self.init(values.flatMap { value in
      let bits = (value ?? .nan).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
    })
  }

  fileprivate var littleEndianFloats: [Float?] {
    let bytes = [UInt8](self)
    return stride(from: 0, to: bytes.count & ~3, by: 4).map { place in
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
      let value = Float(bitPattern: bits)
      return value.isNaN ? nil : value
    }
  }
}
