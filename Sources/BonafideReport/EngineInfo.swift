import Bonafide

/// What screened the recordings of a report.
public struct EngineInfo: Sendable, Equatable {
  /// Version of the program.
  public var version: String
  /// Name of the model.
  public var modelName: String
  /// SHA-256 of the model's weights, in hexadecimal digits.
  public var modelSHA256: String

  public init(version: String, modelName: String, modelSHA256: String) {
    self.version = version
    self.modelName = modelName
    self.modelSHA256 = modelSHA256
  }
}
