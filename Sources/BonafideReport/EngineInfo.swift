import Bonafide

/// What screened the recordings of a report.
public struct EngineInfo: Sendable, Equatable {
  /// Version of the program.
  public var version: String
  /// A model's name, and the SHA-256 of its weights in hexadecimal digits.
  public struct Model: Sendable, Equatable {
    public var name: String
    public var sha256: String

    public init(name: String, sha256: String) {
      self.name = name
      self.sha256 = sha256
    }
  }

  /// The model of the telephone's band, or of all.
  public var narrowband: Model
  /// The model of wider bands.
  public var wideband: Model?
  /// What listened once more.
  public var second: Model?

  /// All models, narrowband first.
  public var models: [Model] { [narrowband] + (wideband.map { [$0] } ?? []) }

  public init(version: String, narrowband: Model, wideband: Model? = nil, second: Model? = nil) {
    self.version = version
    self.narrowband = narrowband
    self.wideband = wideband
    self.second = second
  }

  public init(_ detector: Detector) {
    func model(_ model: Bonafide.Model) -> Model { Model(name: model.card.name, sha256: model.sha256) }
    self.init(
      version: Detector.version, narrowband: model(detector.narrowband), wideband: detector.wideband.map(model),
      second: detector.second.map { Model(name: $0.card.name, sha256: $0.sha256) })
  }
}
