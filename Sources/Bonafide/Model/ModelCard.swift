/// What is known of a model beside its weights: `NAME.json` next to `NAME.safetensors`.
public struct ModelCard: Codable, Sendable, Equatable {
  /// Shape of the network.
  public struct Architecture: Codable, Sendable, Equatable {
    /// Only `crnn` is known.
    public var type: String
    /// Channels of the convolutions, first to last.
    public var channels: [Int]
    /// Width of the dense layer.
    public var dense: Int
    /// Width of the GRU.
    public var hidden: Int
    /// Feature bands that it takes.
    public var bands: Int
    /// Features per band that it takes; one where the card does not say.
    public var inputs: Int?
  }

  /// Log-likelihood ratios at which verdicts change, set on development data.
  public struct OperatingPoints: Codable, Sendable, Equatable {
    /// A party at or below it is `synthetic`.
    public var alarm: Double
    /// A party at or above it is `bonafide`.
    public var clear: Double
    /// A stretch of a party at or below it is flagged; `alarm` where the card has none. A long call has many stretches
    /// and so many chances of a false alarm, which is why it may be lower than `alarm`.
    public var stretch: Double?

    enum CodingKeys: String, CodingKey {
      case alarm = "alarm_llr"
      case clear = "clear_llr"
      case stretch = "stretch_llr"
    }
  }

  /// Such as `narrowband`.
  public var name: String
  /// Of the weights: another for each training that was shipped.
  public var version: String
  /// Shape of the network that the weights are for.
  public var architecture: Architecture
  /// What the network is fed.
  public var features: FeatureSettings
  /// From the network's scores to log-likelihood ratios.
  public var calibration: Calibration
  /// Where verdicts change.
  public var operatingPoints: OperatingPoints
  /// Counts of the training data, as the trainer wrote them.
  public var training: [String: JSONValue]
  /// Measurements on development data, as the trainer wrote them.
  public var metrics: [String: JSONValue]
  /// SHA-256 of the weights file, in lower-case hexadecimal digits.
  public var weightsSHA256: String

  enum CodingKeys: String, CodingKey {
    case name, version, architecture, features, calibration
    case operatingPoints = "operating_points"
    case training, metrics
    case weightsSHA256 = "safetensors_sha256"
  }
}

/// Any JSON value.
public enum JSONValue: Codable, Sendable, Equatable {
  /// JSON's `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// Any number; integers above 2^53 lose digits.
  case number(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Values by name, in no order.
  case object([String: JSONValue])

  /// - Throws: where the decoder holds no JSON value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// - Throws: what the encoder throws, such as for a number that is not finite.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
