import BonafideNetwork
import CDefaultModel
import FoundationEssentials

/// What products of networks are computed in.
public typealias Arithmetic = BonafideNetwork.Arithmetic

/// Why a model could not be loaded.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kinds of failure, which tell a program what to do about it.
  public enum Code: Sendable, Equatable {
    /// A file is missing or cannot be read.
    case unreadable
    /// The card is not JSON with the fields of `ModelCard`, or its settings make no sense.
    case badCard
    /// The weights are not those that the card describes.
    case badWeights
  }

  /// Which kind of failure it is.
  public let code: Code
  /// The file at fault.
  public let path: String
  /// What is wrong with it and what to do, in one line.
  public let message: String

  /// The file and `message`.
  public var description: String { "\(path): \(message)" }
}

/// A trained network, and how to read its scores.
public struct Model: Sendable {
  /// What is known of it beside its weights.
  public internal(set) var card: ModelCard
  /// SHA-256 of the weights, in lower-case hexadecimal digits.
  public let sha256: String
  /// What the network is computed in.
  public let arithmetic: Arithmetic
  /// The network; of weights that are compiled in, those are read when a party is first screened, since most recordings need one model of the two.
  package var network: CRNN { source.value }
  let features: FeatureTables
  private let source: Deferred<CRNN>

  /// Most bytes that a file of a model may have.
  private static let greatestSize = 1 << 28

  /// Loads `NAME.safetensors` and, beside it, its card `NAME.json`.
  ///
  /// - Parameters:
  ///   - path: of the weights; their name ends in `.safetensors`.
  ///   - arithmetic: what the network is computed in.
  public init(path: String, arithmetic: Arithmetic = .fastest) throws(ModelError) {
    guard let cardPath = Self.cardPath(ofWeights: path) else {
      throw ModelError(
        code: .unreadable, path: path, message: "a model is a .safetensors file with its .json card beside it; name that file")
    }
    let weights = try Self.read(path)
    try self.init(weights: FileBytes(weights), path: path, card: try Self.read(cardPath), cardPath: cardPath, arithmetic: arithmetic)
  }

  /// The card beside the weights at a path; `nil` where that is no path of weights.
  package static func cardPath(ofWeights path: String) -> String? {
    let suffix = ".safetensors"
    return path.hasSuffix(suffix) ? path.dropLast(suffix.count) + ".json" : nil
  }

  /// The built-in model of the telephone's band.
  public static var narrowband: Model {
    get throws(ModelError) { try builtInNarrowband.get() }
  }

  /// The built-in model of bands up to 8 kHz.
  public static var wideband: Model {
    get throws(ModelError) { try builtInWideband.get() }
  }

  private static let builtInNarrowband = Result { () throws(ModelError) in try builtIn(bonafide_narrowband_model(), .fastest) }
  private static let builtInWideband = Result { () throws(ModelError) in try builtIn(bonafide_wideband_model(), .fastest) }

  static func builtIn(_ files: bonafide_model_files, _ arithmetic: Arithmetic) throws(ModelError) -> Model {
    try Model(
      weights: FileBytes(weightsOf: files), path: "built-in model", card: FileBytes(cardOf: files).copy(), cardPath: "built-in model card",
      isBuiltIn: true, arithmetic: arithmetic)
  }

  private static func read(_ path: String) throws(ModelError) -> [UInt8] {
    var isFolder = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
      throw ModelError(code: .unreadable, path: path, message: "is a directory; a model is NAME.safetensors and NAME.json in one")
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    if let size = attributes?[.size] as? Int, size > greatestSize {
      throw ModelError(code: .unreadable, path: path, message: "too large for a model (\(size) bytes)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      let missing = !FileManager.default.fileExists(atPath: path)
      throw ModelError(
        code: .unreadable, path: path,
        message: missing
          ? "no such file; a model is NAME.safetensors and NAME.json in one folder" : "cannot be read; check its permissions")
    }
    return Array(data)
  }

  /// - Parameters:
  ///   - path, cardPath: what errors call the weights and the card.
  ///   - isBuiltIn: whether the weights were compiled in with the card. So they are those that it describes, as a test makes sure, and are
  ///     neither hashed, which would be a fifth of the time that a short recording takes, nor read before they are needed.
  init(
    weights: FileBytes, path: String, card cardBytes: [UInt8], cardPath: String, isBuiltIn: Bool = false,
    arithmetic: Arithmetic = .fastest
  ) throws(ModelError) {
    let card: ModelCard
    do {
      card = try JSONDecoder().decode(ModelCard.self, from: Data(cardBytes))
    } catch {
      throw ModelError(code: .badCard, path: cardPath, message: "not a model card: \(Self.summary(of: error))")
    }
    features = try Self.tables(of: card, path: cardPath)

    let sha256 = isBuiltIn ? card.weightsSHA256 : SHA256.hexDigest(of: weights.copy())
    guard sha256 == card.weightsSHA256 else {
      throw ModelError(
        code: .badWeights, path: path,
        message: "not the file that its card describes (SHA-256 \(sha256), card \(card.weightsSHA256)); get both again")
    }
    if isBuiltIn {
      source = Deferred {
        do { return try Self.network(of: weights, card: card, arithmetic) } catch { preconditionFailure("built-in model: \(error)") }
      }
    } else {
      do {
        let network = try Self.network(of: weights, card: card, arithmetic)
        source = Deferred { network }
      } catch {
        throw ModelError(code: .badWeights, path: path, message: "\(error)")
      }
    }
    self.card = card
    self.sha256 = sha256
    self.arithmetic = arithmetic
  }

  private static func network(of weights: FileBytes, card: ModelCard, _ arithmetic: Arithmetic) throws -> CRNN {
    try CRNN(
      try SafetensorsFile(weights),
      configuration: CRNN.Configuration(
        channels: card.architecture.channels, dense: card.architecture.dense, hidden: card.architecture.hidden,
        bands: card.architecture.bands, inputs: card.architecture.inputs ?? 1),
      arithmetic: arithmetic)
  }

  /// The tables of the features, once the card has been found to make sense.
  private static func tables(of card: ModelCard, path: String) throws(ModelError) -> FeatureTables {
    func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(ModelError) {
      if !holds { throw ModelError(code: .badCard, path: path, message: message()) }
    }
    let tables: FeatureTables
    do {
      tables = try FeatureTables(card.features)
    } catch {
      throw ModelError(code: .badCard, path: path, message: error.message)
    }
    try check(card.architecture.type == "crnn", "architecture type \"\(card.architecture.type)\" is not known; only crnn is")
    try check(
      card.architecture.bands == card.features.bands,
      "the network takes \(card.architecture.bands) bands, but features have \(card.features.bands)")
    try check(
      card.architecture.inputs ?? 1 == card.features.featuresPerBand,
      "the network takes \(card.architecture.inputs ?? 1) features per band, but there are \(card.features.featuresPerBand)")
    let calibration = card.calibration
    try check(
      calibration.slope.isFinite && calibration.offset.isFinite && calibration.halfSpeech.isFinite
        && calibration.halfSpeech >= 0,
      "calibration must be numbers, half_speech_s not negative")
    try check(
      calibration.slope > 0 && calibration.slope <= 1000 && abs(calibration.offset) <= 1000,
      "calibration: slope must be in 0...1000 and offset in -1000...1000")
    let points = card.operatingPoints
    try check(
      points.alarm.isFinite && points.clear.isFinite && points.alarm < points.clear,
      "alarm_llr \(points.alarm) must be below clear_llr \(points.clear)")
    if let stretch = points.stretch {
      try check(stretch <= points.alarm, "stretch_llr \(stretch) must not be above alarm_llr \(points.alarm)")
    }
    return tables
  }

  /// One line of a decoding error.
  private static func summary(of error: any Error) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the top level" : path.map(\.stringValue).joined(separator: ".")
    }
    return switch error as? DecodingError {
    case .keyNotFound(let key, let context): "\"\(key.stringValue)\" is missing at \(place(context.codingPath))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "a value of the wrong type at \(place(context.codingPath))"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty: "a bad value at \(place(context.codingPath))"
    default: "not JSON"
    }
  }
}

extension FileBytes {
  /// Compiled in, so never copied.
  init(weightsOf files: bonafide_model_files) { self.init(constant: files.weights, count: files.weights_size) }

  init(cardOf files: bonafide_model_files) { self.init(constant: files.card, count: files.card_size) }
}
