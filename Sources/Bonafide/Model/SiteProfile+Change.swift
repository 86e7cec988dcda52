extension SiteProfile {
  /// What a profile changes for one model, told by the genuine parties that it was made of.
  public struct Change: Sendable, Equatable {
    /// How many parties came out so, without the profile and with it.
    public struct Count: Sendable, Equatable {
      public var before = 0
      public var after = 0
    }

    /// Name of the model.
    public var model: String
    /// Genuine parties that it judged.
    public var parties: Int
    /// What is moved; `nil` where the parties were too few, and the model stays as it is.
    public var adjustment: Adjustment?
    /// Its points without the profile; the clear point stays.
    public var points: ModelCard.OperatingPoints
    /// Parties that are flagged. With the profile: by cross-validation, so that no party is judged by a profile that it was a part of.
    public var flagged = Count()
    /// Parties that are cleared, in the same way.
    public var cleared = Count()

    /// The share that may be flagged of all genuine parties, where none of these are: the rule of three, 95 % one-sided.
    public var highestUnseenShare: Double { parties > 0 ? min(1, 3 / Double(parties)) : 1 }
  }

  /// Most parts that parties are put in for cross-validation.
  private static let mostParts = 10

  /// What the profile of `init(genuine:of:falseAlarms:)` changes, for each model of the detector.
  ///
  /// A party is flagged by its whole score, or by a stretch as it was without the profile.
  ///
  /// - Parameters:
  ///   - results: as for the profile, in an order that has similar ones beside each other, such as by name: parts for
  ///     cross-validation are of recordings in a row.
  ///   - detector: without a profile.
  ///   - falseAlarms: share of genuine parties to be flagged, in 0...1.
  public static func changes(genuine results: [FileResult], of detector: Detector, falseAlarms: Double) -> [Change] {
    detector.models.map { model in
      var groups = results.map { judged($0, by: model, of: detector) }.filter { !$0.isEmpty }
      // Of few recordings the parties are what can be put in parts.
      if groups.count < mostParts { groups = groups.joined().map { [$0] } }
      let parties = Array(groups.joined())
      var change = Change(model: model.card.name, parties: parties.count, points: detector.operatingPoints(of: model))
      change.flagged.before = parties.count { $0.verdict == .synthetic }
      change.cleared.before = parties.count { $0.verdict == .bonafide }
      guard parties.count >= leastParties else {
        (change.flagged.after, change.cleared.after) = (change.flagged.before, change.cleared.before)
        return change
      }
      func fit(_ parties: [PartyResult]) -> Adjustment { Adjustment(model, of: detector, genuine: parties, falseAlarms: falseAlarms) }
      change.adjustment = fit(parties)
      let parts = min(mostParts, groups.count)
      for part in 0..<parts {
        let inside = groups.count * part / parts..<groups.count * (part + 1) / parts
        let rest = groups.indices.filter { !inside.contains($0) }.flatMap { groups[$0] }
        let adjustment = fit(rest)
        for party in groups[inside].joined() {
          let moved = (party.llr ?? 0) + Adjustment.evidence(of: party, by: model, of: detector) * adjustment.offset
          let isByStretch = party.verdict == .synthetic && (party.llr ?? 0) > change.points.alarm
          if moved <= adjustment.alarm || isByStretch {
            change.flagged.after += 1
          } else if moved >= change.points.clear, party.segments.isEmpty {
            change.cleared.after += 1
          }
        }
      }
      return change
    }
  }

  /// The parties of a genuine recording that a model judged.
  static func judged(_ result: FileResult, by model: Model, of detector: Detector) -> [PartyResult] {
    let clear = detector.operatingPoints(of: model).clear
    return result.parties.filter { party in
      guard let llr = party.llr, party.sameAs == nil else { return false }
      // Those that only noise keeps from being cleared count: without the highest a site's voices would seem lower than they are.
      let isJudged = party.reason == nil || party.reason == .ambiguous || (party.reason == .tooNoisy && llr >= clear)
      // One model alone judges all.
      return isJudged && (detector.wideband == nil || party.model == model.card.name)
    }
  }

  /// Names of the models of a detector that the profile has nothing for, and that stay as they are.
  public func modelsLeft(of detector: Detector) -> [String] {
    detector.models.filter { model in !adjustments.contains { $0.modelSHA256 == model.sha256 } }.map(\.card.name)
  }
}
