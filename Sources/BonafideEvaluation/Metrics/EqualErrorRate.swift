/// A point of an error trade-off: both rates at one threshold.
public struct ErrorPoint: Sendable, Equatable {
  /// Share of bona fide that is flagged, 0…1.
  public var falseAlarm: Double
  /// Share of spoof that is not flagged, 0…1.
  public var miss: Double

  public init(falseAlarm: Double, miss: Double) {
    self.falseAlarm = falseAlarm
    self.miss = miss
  }
}

extension ScoreCounts {
  /// Both rates at each threshold, from the one that flags nothing to the one that flags all.
  public var errorCurve: [ErrorPoint] {
    guard hasBothClasses else { return [] }
    var points = [ErrorPoint(falseAlarm: 0, miss: 1)]
    points.reserveCapacity(scores.count + 1)
    var (flagged, caught) = (0.0, 0.0)
    for index in scores.indices {
      flagged += bonafide[index]
      caught += spoof[index]
      points.append(ErrorPoint(falseAlarm: flagged / bonafideTotal, miss: max(0, 1 - caught / spoofTotal)))
    }
    return points
  }

  /// The lower left convex hull of `errorCurve`: what thresholds drawn by lot attain.
  public var convexHull: [ErrorPoint] {
    var hull: [ErrorPoint] = []
    for point in errorCurve {
      while hull.count >= 2, isAbove(hull[hull.count - 1], from: hull[hull.count - 2], to: point) { hull.removeLast() }
      hull.append(point)
    }
    return hull
  }

  /// Equal error rate on the convex hull of the ROC (ROCCH-EER), 0…0.5; `nil` if a class is empty.
  ///
  /// Where the hull meets the diagonal (Brümmer & de Villiers, The BOSARIS Toolkit, 2013).
  public var equalErrorRate: Double? {
    let hull = convexHull
    for (a, b) in zip(hull, hull.dropFirst()) {
      let (before, after) = (a.miss - a.falseAlarm, b.miss - b.falseAlarm)
      guard before * after <= 0 else { continue }
      let share = before == after ? 0 : before / (before - after)
      return a.miss + share * (b.miss - a.miss)
    }
    return nil
  }

  /// Share of pairs of one bona fide and one spoof that are in the wrong order, ties half: 1 − AUC. `nil` if a class is
  /// empty.
  public var pairErrorRate: Double? {
    guard hasBothClasses else { return nil }
    var (below, wrong) = (0.0, 0.0)
    for index in scores.indices {
      wrong += spoof[index] * (below + bonafide[index] / 2)
      below += bonafide[index]
    }
    return wrong / (bonafideTotal * spoofTotal)
  }

  /// Share of spoof that is not flagged at the highest threshold that flags no more than `rate` of bona fide; `nil` if a
  /// class is empty.
  public func missRate(atFalseAlarmRate rate: Double) -> Double? {
    guard hasBothClasses else { return nil }
    var (flagged, caught) = (0.0, 0.0)
    // Sums of weights are whole numbers, but their product with the rate is rounded.
    let most = rate * bonafideTotal * (1 + 1e-12)
    for index in scores.indices {
      flagged += bonafide[index]
      if flagged > most { break }
      caught += spoof[index]
    }
    return max(0, 1 - caught / spoofTotal)
  }
}

extension ScoreCounts {
  /// Share of spoof that is not flagged at the quantile `rate` of bona fide scores, interpolated linearly between them, as
  /// `score.py` of the corpus takes it; it may flag one bona fide trial more than `rate` allows. `nil` if a class is empty.
  ///
  /// Amounts must be numbers of trials.
  public func missRate(atBonafideQuantile rate: Double) -> Double? {
    guard hasBothClasses else { return nil }
    let position = rate * (bonafideTotal - 1)
    let (low, high) = (bonafideScore(position.rounded(.down)), bonafideScore(position.rounded(.up)))
    let threshold = low == high ? low : low + (high - low) * (position - position.rounded(.down))
    let missed = scores.indices.reduce(0) { $0 + (scores[$1] >= threshold ? spoof[$1] : 0) }
    return missed / spoofTotal
  }

  /// The score that so many bona fide trials come before, in order.
  private func bonafideScore(_ rank: Double) -> Double {
    var below = 0.0
    for index in scores.indices where bonafide[index] > 0 {
      below += bonafide[index]
      if below > rank { return scores[index] }
    }
    return scores.last ?? 0
  }
}

/// Whether `point` lies on or above the line from `start` to `end`.
private func isAbove(_ point: ErrorPoint, from start: ErrorPoint, to end: ErrorPoint) -> Bool {
  (point.falseAlarm - start.falseAlarm) * (end.miss - start.miss)
    - (point.miss - start.miss) * (end.falseAlarm - start.falseAlarm) <= 0
}
