import Bonafide

/// Name and version of the contract of JSON reports.
let schemaName = "bonafide.scan/2"

/// One JSON document with all recordings, a line each.
public struct JSONReport: ReportWriter {
  private let engine: EngineInfo
  private let prior: Double
  private let leftOut: LeftOut
  private var isEmpty = true

  /// - Parameters:
  ///   - prior: share of synthetic parties that probabilities follow from.
  ///   - leftOut: what folders have besides.
  public init(engine: EngineInfo, prior: Double = ScanOptions().prior, leftOut: LeftOut = LeftOut()) {
    self.engine = engine
    self.prior = prior
    self.leftOut = leftOut
  }

  public var opening: String {
    let members = runMembers(engine: engine, prior: prior, leftOut: leftOut).map { "\(JSON.string($0).text):\($1.text)," }
    return "{" + members.joined() + "\"files\":["
  }

  public mutating func entry(for result: FileResult) -> String {
    defer { isEmpty = false }
    return (isEmpty ? "\n" : ",\n") + JSON.object(members(of: result)).text
  }

  public var closing: String { isEmpty ? "]}\n" : "\n]}\n" }
}

/// A JSON object a line for each recording, which has schema and engine inside, so that a line can stand alone.
public struct JSONLinesReport: ReportWriter {
  private let engine: EngineInfo
  private let prior: Double
  private let leftOut: LeftOut

  /// - Parameters:
  ///   - prior: share of synthetic parties that probabilities follow from.
  ///   - leftOut: what folders have besides.
  public init(engine: EngineInfo, prior: Double = ScanOptions().prior, leftOut: LeftOut = LeftOut()) {
    self.engine = engine
    self.prior = prior
    self.leftOut = leftOut
  }

  public func entry(for result: FileResult) -> String {
    JSON.object(runMembers(engine: engine, prior: prior, leftOut: leftOut) + members(of: result)).text + "\n"
  }
}

extension JSON {
  init(_ engine: EngineInfo) {
    self = .object([
      ("version", .string(engine.version)),
      ("model", .string(engine.narrowband.name)),
      ("model_sha256", .string(engine.narrowband.sha256)),
      ("wideband_model", JSON(engine.wideband?.name)),
      ("wideband_model_sha256", JSON(engine.wideband?.sha256)),
      ("second_stage", JSON(engine.second?.name)),
      ("second_stage_sha256", JSON(engine.second?.sha256)),
    ])
  }

  init(_ party: PartyResult) {
    var members: [(String, JSON)] = [
      ("channel", .integer(party.channel)),
      ("track", JSON(party.track)),
      ("track_channel", JSON(party.trackChannel)),
      ("name", JSON(party.name)),
    ]
    if let original = party.sameAs { members.append(("same_as", .integer(original))) }
    members += [
      ("model", JSON(party.model)),
      ("verdict", .string(party.verdict.rawValue)),
      ("reason", JSON(party.reason?.rawValue)),
      ("speech_s", .number(party.speech, places: 2)),
      ("echo_s", .number(party.echo, places: 2)),
      ("llr", JSON(party.llr, places: 3)),
      ("synthetic_probability", JSON(party.syntheticProbability, places: 6)),
      ("evidence_llr", JSON(party.decidingLLR, places: 3)),
      ("strength", JSON(party.strength?.rawValue)),
      ("flagged_s", .number(party.flagged, places: 2)),
      ("clipped", JSON(party.clipped, places: 3)),
      ("snr_db", JSON(party.signalToNoise, places: 1)),
      ("segments", .array(party.segments.map { JSON($0) })),
    ]
    if let stages = party.stages {
      members.append(
        (
          "stages",
          .object([
            ("first_llr", .number(stages.first, places: 3)), ("second_score", JSON(stages.second, places: 3)),
            ("coded", JSON(stages.coded, places: 3)),
          ])
        ))
    }
    if let timeline = party.timeline {
      members.append(
        (
          "timeline",
          .object([
            ("hop_s", .number(timeline.hop, places: 6)),
            ("llr", .array(timeline.llr.map { JSON($0.map(Double.init), places: 2) })),
          ])
        ))
    }
    self = .object(members)
  }

  fileprivate init(_ segment: Segment) {
    self = .object([
      ("start_s", .number(segment.start, places: 2)),
      ("end_s", .number(segment.end, places: 2)),
      ("llr", .number(segment.llr, places: 3)),
      ("synthetic_probability", .number(segment.syntheticProbability, places: 6)),
    ])
  }
}

/// The members that are of the run.
private func runMembers(engine: EngineInfo, prior: Double, leftOut: LeftOut) -> [(String, JSON)] {
  [
    ("schema", .string(schemaName)), ("engine", JSON(engine)), ("prior", .number(prior, places: 6)), ("left_out", JSON(leftOut)),
  ]
}

/// The members of a file object.
func members(of result: FileResult) -> [(String, JSON)] {
  let path = [("path", JSON.string(result.path))] + (result.pathBytes.map { [("path_bytes", .string(percentEncoded($0)))] } ?? [])
  return path + [
    ("format", JSON(result.format)),
    ("sample_rate_hz", JSON(result.sampleRate)),
    ("duration_s", JSON(result.duration, places: 3)),
    ("heard_s", JSON(result.heard, places: 3)),
    ("unheard_s", JSON(result.unheard, places: 3)),
    ("bandwidth_hz", JSON(result.bandwidth, places: 0)),
    ("verdict", JSON(result.verdict?.rawValue)),
    ("error", JSON(result.error)),
    ("warnings", .array(result.warnings.map { .string($0) })),
    ("channels", .array(result.parties.map { JSON($0) })),
  ]
}
