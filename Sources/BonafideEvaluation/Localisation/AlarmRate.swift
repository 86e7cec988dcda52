/// False stretches over the time in which they can arise.
struct AlarmRate: Sendable {
  private struct Count {
    var cluster: Int
    var alarms: Double
    /// Hours of genuine speech.
    var hours: Double
  }

  private let counts: [Count]

  /// - Parameter parties: genuine ones, and those of which the synthetic stretches are known and that have frame scores,
  ///   which say where there is speech.
  init(_ parties: [LocatedParty]) {
    counts = parties.map { party in
      let alarms = party.party.stretches.count { party.spoofSeconds(in: $0.span) <= 1e-6 }
      return Count(cluster: party.cluster, alarms: Double(alarms), hours: Self.genuineSpeech(of: party) / 3600)
    }
  }

  /// Hours of genuine speech.
  var hours: Double { counts.reduce(0) { $0 + $1.hours } }

  /// Flagged stretches that touch nothing synthetic, per hour of genuine speech; `nil` where there is no such speech.
  func perHour(weights: [Double]? = nil) -> Double? {
    var (alarms, hours) = (0.0, 0.0)
    for count in counts {
      let weight = weights.map { $0[count.cluster] } ?? 1
      alarms += weight * count.alarms
      hours += weight * count.hours
    }
    return hours > 0 ? alarms / hours : nil
  }

  private static func genuineSpeech(of party: LocatedParty) -> Double {
    if party.spoof.isEmpty { return party.party.speech }
    let hop = party.party.hop
    return party.party.frames.enumerated().reduce(0) { sum, frame in
      guard frame.element != nil else { return sum }
      let span = Span(start: Double(frame.offset) * hop, end: Double(frame.offset + 1) * hop)
      return sum + max(0, hop - party.spoofSeconds(in: span))
    }
  }
}
