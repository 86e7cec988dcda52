import Bonafide
import BonafideAudio
import FoundationEssentials
import GRDB

/// What a result depends on beside the recording: models as a site's profile has them, and options.
public struct ScreeningSetup: Sendable {
  /// SHA-256 of all that moves results, in hexadecimal digits.
  let digest: String
  private let version: String
  private let models: [(name: String, sha256: String)]
  private let second: (name: String, sha256: String)?
  private let profile: String?
  private let prior: Double
  private let points: (alarm: Double?, clear: Double?)
  private let mix: Bool
  private let raw: String?
  /// Whether results have frame scores. They are there beside the rest: what has them serves those who want none.
  let hasTimeline: Bool
  /// Names of channels. They are said beside results, and do not move them.
  let channelNames: [String]

  /// - Parameters:
  ///   - detector: as the profile has it.
  ///   - options: of the scan.
  ///   - profile: path of the profile, to be read by people; what it changes is in the detector.
  public init(_ detector: Detector, _ options: ScanOptions, profile: String? = nil) {
    version = Detector.version
    models = detector.models.map { ($0.card.name, $0.sha256) }
    second = detector.second.map { ($0.card.name, $0.sha256) }
    self.profile = profile.map { (wholePath($0) ?? $0).readablePath }
    prior = options.prior
    points = (options.alarmAt, options.clearAt)
    mix = options.mix
    raw = options.raw.map { "\($0.encoding.rawValue):\($0.sampleRate):\($0.channelCount)" }
    hasTimeline = options.timeline
    channelNames = options.channelNames
    // Calibration and points are in the cards, and are other ones with a profile.
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var parts = detector.models.map { model in model.sha256 + " " + text(try? encoder.encode(model.card)) }
    parts.append(detector.second.map { $0.sha256 + " " + text(try? encoder.encode($0.card)) } ?? "no second stage")
    parts.append("prior \(prior), points \(points.alarm?.description ?? "-") \(points.clear?.description ?? "-"), mix \(mix), raw \(raw ?? "-")")
    if detector.arithmetic == .float { parts.append("float") }
    var hash = SHA256()
    for part in parts { hash.update((part + "\n").utf8) }
    digest = SHA256.hexadecimal(hash.digest())
    func text(_ data: Data?) -> String { data.map { String(decoding: $0, as: UTF8.self) } ?? "" }
  }

  /// Whether results of a setup that a ledger has are what this one would make.
  public func matches(_ kept: KeptSetup) -> Bool { (digest, version) == (kept.digest, kept.version) }

  /// The setup's row, which is added where there is none.
  func id(in db: Database) throws -> Int64 {
    let key: StatementArguments = [digest, version]
    if let id = try Int64.fetchOne(db, sql: "SELECT id FROM setup WHERE digest = ? AND version = ?", arguments: key) { return id }
    let wideband = models.dropFirst().first
    try db.execute(
      sql: """
        INSERT INTO setup (digest, version, model, model_sha256, wideband_model, wideband_model_sha256, second_stage, second_stage_sha256,
          profile, prior, alarm_at, clear_at, mix, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        digest, version, models.first?.name, models.first?.sha256, wideband?.name, wideband?.sha256, second?.name, second?.sha256, profile,
        prior, points.alarm, points.clear, mix, raw,
      ])
    return db.lastInsertedRowID
  }
}
