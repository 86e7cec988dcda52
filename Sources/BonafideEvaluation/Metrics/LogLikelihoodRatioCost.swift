import Glibc

extension ScoreCounts {
  /// Cost of the log-likelihood ratios, in bits: 0 is perfect, 1 says nothing, infinite is certain and wrong; `nil` if a
  /// class is empty.
  ///
  /// ½ (mean over bona fide of log2(1 + e^−s) + mean over spoof of log2(1 + e^s)); Brümmer & du Preez,
  /// Application-independent evaluation of speaker detection, Computer Speech & Language 20 (2006).
  public var logLikelihoodRatioCost: Double? {
    guard hasBothClasses else { return nil }
    var (ofBonafide, ofSpoof) = (0.0, 0.0)
    for index in scores.indices {
      // Amounts of 0 would make NaN of an infinite cost.
      if bonafide[index] > 0 { ofBonafide += bonafide[index] * softplus(-scores[index]) }
      if spoof[index] > 0 { ofSpoof += spoof[index] * softplus(scores[index]) }
    }
    return (ofBonafide / bonafideTotal + ofSpoof / spoofTotal) / (2 * M_LN2)
  }

  /// `logLikelihoodRatioCost` after the best monotonic recalibration, which the classes themselves give by pooling
  /// adjacent violators: what order alone can reach, in bits. `nil` if a class is empty.
  public var minimumLogLikelihoodRatioCost: Double? {
    guard hasBothClasses else { return nil }
    var (ofBonafide, ofSpoof) = (0.0, 0.0)
    let offset = log(bonafideTotal / spoofTotal)
    for block in monotonicBlocks where block.bonafide > 0 && block.spoof > 0 {
      let llr = log(block.bonafide / block.spoof) - offset
      ofBonafide += block.bonafide * softplus(-llr)
      ofSpoof += block.spoof * softplus(llr)
    }
    return (ofBonafide / bonafideTotal + ofSpoof / spoofTotal) / (2 * M_LN2)
  }

  /// Runs of scores, ascending, in which the share of bona fide rises from each to the next.
  private var monotonicBlocks: [(bonafide: Double, spoof: Double)] {
    var blocks: [(bonafide: Double, spoof: Double)] = []
    for index in scores.indices {
      var block = (bonafide: bonafide[index], spoof: spoof[index])
      if block.bonafide + block.spoof == 0 { continue }
      // b₀/(b₀+s₀) ≥ b₁/(b₁+s₁) without the division.
      while let last = blocks.last, last.bonafide * block.spoof >= block.bonafide * last.spoof {
        block.bonafide += last.bonafide
        block.spoof += last.spoof
        blocks.removeLast()
      }
      blocks.append(block)
    }
    return blocks
  }
}

/// ln(1 + e^x), without overflow for large `x` or loss for small.
private func softplus(_ x: Double) -> Double {
  x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
}
