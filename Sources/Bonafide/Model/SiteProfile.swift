import FoundationEssentials

/// What a site's own genuine calls say of a detector: how far its lines move scores, and where its alarm point lies.
///
/// Lines, handsets and languages move the scores of genuine voices, and mostly those of synthetic ones with them. The offset
/// brings the median of the site's genuine parties towards the one that the model had on its development data, the nearer the more
/// parties there are; the alarm point is set so that the wanted share of them is flagged, but never where the evidence is for a
/// genuine voice or at the clear point: where few of them sound synthetic, fewer than that are flagged.
public struct SiteProfile: Codable, Sendable, Equatable {
  /// What is moved of one model.
  public struct Adjustment: Codable, Sendable, Equatable {
    /// Name of the model.
    public var model: String
    /// SHA-256 of its weights, in lower-case hexadecimal digits.
    public var modelSHA256: String
    /// SHA-256 of the second stage's weights; `nil` where the first stage judged alone.
    public var secondSHA256: String?
    /// Genuine parties that it was fitted on.
    public var parties: Int
    /// Added to `Calibration.offset`.
    public var offset: Double
    /// LLR at or below which a party is `synthetic`, after the offset.
    public var alarm: Double

    enum CodingKeys: String, CodingKey {
      case model
      case modelSHA256 = "model_sha256"
      case secondSHA256 = "second_stage_sha256"
      case parties
      case offset = "offset_llr"
      case alarm = "alarm_llr"
    }
  }

  /// Name and version of the file's form: `bonafide.profile/1`.
  public var schema: String
  /// One for each model that judged enough parties.
  public var adjustments: [Adjustment]

  static let schema = "bonafide.profile/1"

  /// Fewest genuine parties of a model that it is adjusted by.
  public static let leastParties = 50
  /// Parties at which the offset goes half of the way.
  fileprivate static let halfWay = 50.0

  /// Fits a profile.
  ///
  /// - Parameters:
  ///   - results: of `detector`, of recordings in which all parties are genuine.
  ///   - detector: without a profile.
  ///   - falseAlarms: share of genuine parties to be flagged, in 0...1.
  /// - Throws: when no model judged enough parties.
  public init(genuine results: [FileResult], of detector: Detector, falseAlarms: Double) throws(ProfileError) {
    schema = Self.schema
    let judged = detector.models.map { model in (model, results.flatMap { Self.judged($0, by: model, of: detector) }) }
    adjustments = judged.compactMap { model, parties in
      parties.count < Self.leastParties ? nil : Adjustment(model, of: detector, genuine: parties, falseAlarms: falseAlarms)
    }
    guard !adjustments.isEmpty else {
      let counts = judged.map { "\($0.card.name) judged \($1.count)" }.joined(separator: ", ")
      throw ProfileError(
        message: "too few genuine parties that could be judged: \(counts); a model takes \(Self.leastParties), better a few hundred")
    }
  }
}

extension SiteProfile.Adjustment {
  /// How far the score of a party goes with the offset.
  static func evidence(of party: PartyResult, by model: Model, of detector: Detector) -> Double {
    detector.second?.card.fusions[model.card.name] == nil ? model.card.calibration.evidence(speech: party.speech) : 1
  }

  init(_ model: Model, of detector: Detector, genuine parties: [PartyResult], falseAlarms: Double) {
    let (calibration, fusion) = (model.card.calibration, detector.second?.card.fusions[model.card.name])
    let scores = parties.map { (llr: $0.llr ?? 0, evidence: Self.evidence(of: $0, by: model, of: detector)) }
    var offset = 0.0
    if let wanted = fusion == nil ? calibration.genuineMedian : fusion?.genuineMedian {
      let whole = scores.map { $0.llr / $0.evidence }.sorted()
      let share = Double(scores.count) / (Double(scores.count) + SiteProfile.halfWay)
      offset = (wanted - whole[whole.count / 2]) * share
    }
    let moved = scores.map { $0.llr + $0.evidence * offset }.sorted()
    let flagged = min(Int(falseAlarms * Double(moved.count)), moved.count - 1)
    self.init(
      model: model.card.name, modelSHA256: model.sha256, secondSHA256: fusion == nil ? nil : detector.second?.sha256,
      parties: parties.count, offset: offset,
      // Just below the lowest score that is not to be flagged.
      alarm: min(moved[flagged], 0, detector.operatingPoints(of: model).clear) - 1e-4)
  }
}

extension SiteProfile {
  /// Reads a profile that `bonafide calibrate` wrote.
  ///
  /// - Parameter path: of the file.
  /// - Throws: when it cannot be read, or is no profile.
  public init(path: String) throws(ProfileError) {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw ProfileError(message: "\(path): cannot be read")
    }
    do { try self.init(json: data) } catch {
      throw ProfileError(message: "\(path): \(error.message)")
    }
  }

  /// A profile from the bytes of its file.
  ///
  /// - Throws: when they are no profile.
  public init(json: some Sequence<UInt8>) throws(ProfileError) {
    do { self = try JSONDecoder().decode(SiteProfile.self, from: Data(json)) } catch {
      throw ProfileError(message: "not a profile; make one with bonafide calibrate")
    }
  }
}

/// Why a profile could not be made or used, in one line.
public struct ProfileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was wrong, and what to do.
  public let message: String
  /// `message`.
  public var description: String { message }
}

extension Detector {
  /// The detector with its models moved as a profile says.
  ///
  /// - Throws: when the profile is of other models, or moves an alarm point past a clear point.
  public func adjusted(to profile: SiteProfile) throws(ProfileError) -> Detector {
    guard profile.schema == SiteProfile.schema else {
      throw ProfileError(message: "a profile of an unknown form, \"\(profile.schema)\"; make it again with bonafide calibrate")
    }
    var found = 0
    var second = second
    func adjusted(_ model: Model) throws(ProfileError) -> Model {
      guard let adjustment = profile.adjustments.first(where: { $0.modelSHA256 == model.sha256 }) else { return model }
      found += 1
      guard adjustment.offset.isFinite, adjustment.alarm.isFinite else {
        throw ProfileError(message: "offset_llr and alarm_llr of model \(adjustment.model) are not numbers")
      }
      guard adjustment.secondSHA256 == (second?.card.fusions[model.card.name] == nil ? nil : second?.sha256) else {
        throw ProfileError(
          message: "a profile made with\(adjustment.secondSHA256 == nil ? "out a" : " another") second stage; "
            + "make it again with bonafide calibrate")
      }
      var model = model
      let points = operatingPoints(of: model)
      guard adjustment.alarm < points.clear else {
        throw ProfileError(
          message: "the alarm point of model \(adjustment.model) (\(adjustment.alarm)) is not below its clear point "
            + "(\(points.clear)); make the profile again with bonafide calibrate")
      }
      if second?.move(model.card.name, by: adjustment.offset, alarm: adjustment.alarm) ?? false { return model }
      model.card.calibration.offset += adjustment.offset
      model.card.operatingPoints.alarm = adjustment.alarm
      model.card.operatingPoints.stretch = points.stretch.map { $0 + adjustment.alarm - points.alarm }
      return model
    }
    let (narrowband, wideband) = (try adjusted(narrowband), try self.wideband.map { model throws(ProfileError) in try adjusted(model) })
    guard found > 0 else {
      throw ProfileError(message: "a profile of other models; make it again with bonafide calibrate")
    }
    return Detector(narrowband: narrowband, wideband: wideband, second: second)
  }
}
