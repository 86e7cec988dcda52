import BonafideEvaluation

/// What an evaluation was made of.
public struct EvaluationInfo: Sendable, Equatable {
  /// Version of the program.
  public var version: String
  /// File of the truth.
  public var protocolPath: String
  /// Part of the protocol; `nil` for all of it.
  public var split: String?
  /// File of the scores, or folder of the audio.
  public var scoresPath: String
  /// What scored the audio; `nil` where scores came from a file.
  public var engine: EngineInfo?
  /// Where a model's verdicts change.
  public struct Points: Sendable, Equatable {
    /// Name of the model.
    public var model: String
    /// LLR at or below which a party is synthetic.
    public var alarm: Double
    /// LLR at or above which it is bona fide.
    public var clear: Double

    public init(model: String, alarm: Double, clear: Double) {
      self.model = model
      self.alarm = alarm
      self.clear = clear
    }
  }

  /// Points that were in force; empty where scores came from a file.
  public var points: [Points]
  /// Mistakes of each class that are listed.
  public var mostMistakes = 10

  public init(
    version: String, protocolPath: String, split: String?, scoresPath: String, engine: EngineInfo?, points: [Points] = []
  ) {
    self.version = version
    self.protocolPath = protocolPath
    self.split = split
    self.scoresPath = scoresPath
    self.engine = engine
    self.points = points
  }

  /// The points in force, in words; `nil` where they are not known.
  var pointsText: String? {
    guard !points.isEmpty else { return nil }
    func llr(_ value: Double) -> String { (fixed(value, places: 2) ?? "–").replacing("-", with: "−") }
    return "Points in force: " + points.map { "\($0.model) \(llr($0.alarm)) and \(llr($0.clear))" }.joined(separator: ", ")
  }

  /// What was held against what, in one line.
  var title: String {
    let part = split.map { ", split \($0)" } ?? ""
    let model = engine.map { ", scored by \($0.models.map(\.name).joined(separator: " and "))" } ?? ""
    func name(_ path: String) -> Substring { path == "-" ? "standard input" : baseName(path) }
    return "\(name(scoresPath)) on \(name(protocolPath))\(part)\(model)"
  }
}

/// The forms that an evaluation comes in.
public enum EvaluationFormat: String, Sendable, CaseIterable {
  /// Tables to read.
  case text
  /// `docs/evaluate.md` is its contract.
  case json
  /// A page with charts, in one file.
  case html
}

extension EvaluationFormat {
  /// A report of this form.
  ///
  /// - Parameter style: how `text` looks; other forms do without.
  public func report(on evaluation: Evaluation, info: EvaluationInfo, style: TextStyle = TextStyle()) -> String {
    switch self {
    case .text: EvaluationTextReport(style: style).report(on: evaluation, info: info)
    case .json: EvaluationJSONReport().report(on: evaluation, info: info)
    case .html: EvaluationPage().report(on: evaluation, info: info)
    }
  }
}
