import Bonafide
import FoundationEssentials
import GRDB

/// A call that was screened while it was under way, as a ledger keeps it beside its result.
public struct LiveCall: Sendable, Equatable {
  /// As events name it: `twilio-CA123`.
  public var name: String
  /// How it came: `twilio`.
  public var adapter: String
  /// What the telephone system calls it.
  public var externalID: String
  /// What else the telephone system says of it.
  public var details: [String: String]
  public var began: Date
  public var ended: Date
  /// Why it ended: `hang_up`.
  public var why: String
  /// Channels about which there was an alarm.
  public var alarmed: [Int]

  public init(
    name: String, adapter: String, externalID: String, details: [String: String], began: Date, ended: Date, why: String, alarmed: [Int]
  ) {
    self.name = name
    self.adapter = adapter
    self.externalID = externalID
    self.details = details
    self.began = began
    self.ended = ended
    self.why = why
    self.alarmed = alarmed
  }

  /// What paths of live calls begin with.
  public static let prefix = "live:"

  /// In the place of a recording's path: of the many calls of one name each has its own.
  public var path: String { "\(Self.prefix)\(name)@\(began.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))" }

  /// In the place of a recording's content: no recording's hash is that.
  static let content = Content(size: 0, modified: nil, hash: ContentHash(bytes: [UInt8](repeating: 0, count: 32)))
}

extension Database {
  /// Writes what is known of a call beside its result.
  func put(_ call: LiveCall, of result: Int64) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
    let statement = try cachedStatement(
      sql: """
        INSERT INTO live_call (result_id, call, adapter, external_id, details, began_at, ended_at, why, alarmed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      result, call.name, call.adapter, call.externalID, try text(call.details), call.began, call.ended, call.why, try text(call.alarmed),
    ])
  }
}
