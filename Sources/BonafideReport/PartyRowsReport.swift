import Bonafide

/// A flat JSON object a line for each party, each with all columns of the table that `docs/cluster.md` describes: what readers of tables turn
/// into Parquet. A recording that could not be screened has one line, without a channel.
public struct PartyRowsReport: ReportWriter {
  private let run: [(String, JSON)]

  private static let fileColumns = [
    "path", "path_bytes", "format", "sample_rate_hz", "duration_s", "heard_s", "unheard_s", "bandwidth_hz", "verdict", "error", "warnings",
  ]
  private static let partyColumns = [
    "channel", "track", "track_channel", "name", "same_as", "model", "verdict", "reason", "speech_s", "echo_s", "llr",
    "synthetic_probability", "evidence_llr", "strength", "flagged_s", "clipped", "snr_db", "segments",
  ]
  private static let stageColumns = ["first_llr", "second_score", "coded"]

  /// - Parameter prior: share of synthetic parties that probabilities follow from.
  public init(engine: EngineInfo, prior: Double) {
    run =
      [("schema", .string(schemaName))] + JSON(engine).members.map { ("engine_" + $0.0, $0.1) }
      + [("prior", .number(prior, places: 6)), ("options", .null)]
  }

  public func entry(for result: FileResult) -> String {
    // Both have a verdict.
    let file = Self.columns(Self.fileColumns, of: members(of: result)).map { ($0.0 == "verdict" ? "file_verdict" : $0.0, $0.1) }
    let parties = result.parties.isEmpty ? [[]] : result.parties.map { JSON($0).members }
    return parties.map { party in
      let stages = party.first { $0.0 == "stages" }?.1.members ?? []
      let row = file + Self.columns(Self.partyColumns, of: party) + Self.columns(Self.stageColumns, of: stages) + run
      return JSON.object(row).text(hasPoints: true) + "\n"
    }.joined()
  }

  private static func columns(_ names: [String], of members: [(String, JSON)]) -> [(String, JSON)] {
    names.map { name in (name, members.first { $0.0 == name }?.1 ?? .null) }
  }
}
