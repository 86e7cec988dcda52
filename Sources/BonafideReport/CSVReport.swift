import Bonafide

/// A row for each party, as RFC 4180 has it but with lines that end in a line feed; a recording that could not be
/// screened has one row with its error.
public struct CSVReport: ReportWriter {
  public init() {}

  public var opening: String {
    "path,channel,name,same_as,verdict,reason,speech_s,llr,synthetic_probability,flagged_s,segments,"
      + "format,sample_rate_hz,duration_s,bandwidth_hz,error,warnings,heard_s,unheard_s,track,evidence_llr,strength,flagged_share,path_bytes\n"
  }

  public func entry(for result: FileResult) -> String {
    let after = [
      result.format ?? "",
      result.sampleRate.map(String.init) ?? "",
      field(result.duration, places: 3),
      field(result.bandwidth, places: 0),
      result.error ?? "",
      result.warnings.joined(separator: "; "),
      field(result.heard, places: 3),
      field(result.unheard, places: 3),
    ]
    let parties = result.parties.map { [result.path] + columns(of: $0) + after + lastColumns(of: $0, in: result) }
    let rows = parties.isEmpty ? [[result.path] + Array(repeating: "", count: 10) + after + Array(repeating: "", count: 4)] : parties
    let bytes = result.pathBytes.map(percentEncoded) ?? ""
    return rows.map { row in (row + [bytes]).map(quoted).joined(separator: ",") + "\n" }.joined()
  }

  private func columns(of party: PartyResult) -> [String] {
    let stretches = party.segments.map { "\(field($0.start, places: 2))-\(field($0.end, places: 2))" }
    return [
      String(party.channel),
      party.name ?? "",
      party.sameAs.map(String.init) ?? "",
      party.verdict.rawValue,
      party.reason?.rawValue ?? "",
      field(party.speech, places: 2),
      field(party.llr, places: 3),
      field(party.syntheticProbability, places: 6),
      field(party.flagged, places: 2),
      stretches.joined(separator: ";"),
    ]
  }

  private func lastColumns(of party: PartyResult, in result: FileResult) -> [String] {
    [
      party.track.map(String.init) ?? "",
      field(party.decidingLLR, places: 3),
      party.strength?.rawValue ?? "",
      field(result.duration.flatMap { $0 > 0 ? party.flagged / $0 : nil }, places: 4),
    ]
  }

  private func field(_ value: Double?, places: Int) -> String {
    value.flatMap { decimal($0, places: places) } ?? ""
  }

  private func quoted(_ field: String) -> String {
    guard field.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }) else {
      return field
    }
    // By scalars, since a line feed after a carriage return is one character with it.
    var result = "\""
    for scalar in field.unicodeScalars {
      if scalar == "\"" { result += "\"" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }
}
