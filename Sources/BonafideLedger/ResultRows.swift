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

  private init(path: String, bytes: Data) {
    self.path = path
    self.bytes = bytes
  }

  /// - Parameter row: with `path` and `path_bytes`.
  init(_ row: Row) throws {
    self.init(path: try row.value("path"), bytes: try row.value("path_bytes"))
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
      let hash = ContentHash(bytes: [UInt8](try row.decode(Data.self, atIndex: 3)))
      return ResultRow(
        id: try row.decode(atIndex: 0), content: Content(size: try row.decode(atIndex: 1), modified: try row.decode(atIndex: 2), hash: hash),
        isFailure: try row.decode(atIndex: 4))
    }
  }

  /// A result of any recording with this content and the ending of `path`, by which codecs without a header are told, and no failure.
  func resultID(ofContent hash: ContentHash, path: String, setup: Int64) throws -> Int64? {
    let statement = try cachedStatement(
      sql: """
        SELECT result.id, path FROM result JOIN recording ON recording.id = recording_id
        WHERE sha256 = ? AND setup_id = ? AND error IS NULL
        """)
    let rows = try Row.fetchCursor(statement, arguments: [Data(hash.bytes), setup])
    while let row = try rows.next() {
      if try row.decode(String.self, atIndex: 1).ending == path.ending { return try row.decode(atIndex: 0) }
    }
    return nil
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
      let warnings = try row.value("warnings", as: String?.self).map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
      return FileResult(
        path: path, format: try row.value("format"), sampleRate: try row.value("sample_rate_hz"), duration: try row.value("duration_s"),
        heard: try row.value("heard_s"), unheard: try row.value("unheard_s"), bandwidth: try row.value("bandwidth_hz"),
        verdict: try row.word("verdict"), error: try row.value("error"), warnings: warnings ?? [], parties: try parties(of: id))
    }
  }

  private func parties(of id: Int64) throws -> [PartyResult] {
    let statement = try cachedStatement(sql: "SELECT * FROM party WHERE result_id = ? ORDER BY channel")
    var parties = try Row.fetchAll(statement, arguments: [id]).map { try PartyResult($0) }
    let stretches = try cachedStatement(
      sql: "SELECT channel, start_s, end_s, llr, synthetic_probability FROM stretch WHERE result_id = ? ORDER BY channel, start_s")
    for row in try Row.fetchAll(stretches, arguments: [id]) {
      let channel = try row.decode(Int.self, atIndex: 0)
      guard let place = parties.firstIndex(where: { $0.channel == channel }) else { continue }
      parties[place].segments.append(
        Segment(
          start: try row.decode(atIndex: 1), end: try row.decode(atIndex: 2), llr: try row.decode(atIndex: 3),
          syntheticProbability: try row.decode(atIndex: 4)))
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
          synthetic_probability, evidence_llr, flagged_s, clipped, snr_db, first_llr, second_score, coded, timeline_hop_s,
          timeline_llr)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      id, party.channel, party.track, party.trackChannel, party.name, party.sameAs, party.model, party.verdict.rawValue,
      party.reason?.rawValue, party.speech, party.echo, party.llr, party.syntheticProbability, party.decidingLLR, party.flagged,
      party.clipped, party.signalToNoise, party.stages?.first, party.stages?.second, party.stages?.coded, party.timeline?.hop,
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
  fileprivate init(_ row: Row) throws {
    let first = try row.value("first_llr", as: Double?.self)
    let second = try row.value("second_score", as: Double?.self)
    let coded = try row.value("coded", as: Double?.self)
    let hop = try row.value("timeline_hop_s", as: Double?.self)
    let scores = try row.value("timeline_llr", as: Data?.self)?.littleEndianFloats
    guard let verdict: Verdict = try row.word("verdict") else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
    self.init(
      channel: try row.value("channel"), track: try row.value("track"), trackChannel: try row.value("track_channel"),
      name: try row.value("name"), sameAs: try row.value("same_as"), model: try row.value("model"), verdict: verdict,
      reason: try row.word("reason"), speech: try row.value("speech_s"), echo: try row.value("echo_s"), llr: try row.value("llr"),
      syntheticProbability: try row.value("synthetic_probability"), clipped: try row.value("clipped"),
      signalToNoise: try row.value("snr_db"), stages: first.map { StageScores(first: $0, second: second, coded: coded) },
      timeline: hop.map { Timeline(hop: $0, llr: scores ?? []) })
  }
}

extension Data {
  /// Four bytes a number, the least significant first; what is not there is not a number.
  fileprivate init(littleEndian values: [Float?]) {
    self.init(
      values.flatMap { value in
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

extension String {
  /// What a path ends with behind the last full stop.
  fileprivate var ending: String { split(separator: ".", omittingEmptySubsequences: false).last.map { $0.lowercased() } ?? "" }
}
