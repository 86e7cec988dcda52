extension ScoreCounts {
  /// Share of wrong decisions among the surest trials, where the others are left undecided: a point of the risk-coverage
  /// curve (El-Yaniv & Wiener 2010, JMLR 11).
  ///
  /// The scores are taken as log-likelihood ratios and both classes as equally frequent: a trial is called bona fide above
  /// 0 and spoof below, 0 itself is wrong half of the time, and the further from 0 the surer. Of trials that are equally
  /// sure, those below 0 come first; of those with one score that do not all fit into the coverage, the same share of each
  /// class is taken.
  ///
  /// - Parameter coverage: share of the trials that is decided, over 0, up to 1, each class counting half.
  /// - Returns: 0…1; `nil` if a class is empty.
  public func selectiveError(coverage: Double) -> Double? {
    guard hasBothClasses, coverage > 0 else { return nil }
    var (decided, wrong) = (0.0, 0.0)
    var (low, high) = (0, scores.count - 1)
    while low <= high, decided < coverage {
      let isLowSurer = -scores[low] >= scores[high]
      let index = isLowSurer ? low : high
      if isLowSurer { low += 1 } else { high -= 1 }
      let (genuine, synthetic) = (bonafide[index] / bonafideTotal / 2, spoof[index] / spoofTotal / 2)
      let mistaken = scores[index] > 0 ? synthetic : scores[index] < 0 ? genuine : (genuine + synthetic) / 2
      let share = min(1, (coverage - decided) / max(genuine + synthetic, .leastNormalMagnitude))
      decided += share * (genuine + synthetic)
      wrong += share * mistaken
    }
    return decided > 0 ? wrong / decided : nil
  }
}
