import Glibc

/// How strong evidence is, in the words of the ENFSI guideline for evaluative reporting in forensic science (version 3.0, 2015) for
/// likelihood ratios, one way or the other.
public enum StrengthOfEvidence: String, Codable, Sendable, CaseIterable {
  /// A likelihood ratio below 2.
  case none
  /// 2 up to 10.
  case weak
  /// 10 up to 100.
  case moderate
  /// 100 up to 1,000.
  case moderatelyStrong = "moderately_strong"
  /// 1,000 up to 10,000.
  case strong
  /// 10,000 up to 1,000,000.
  case veryStrong = "very_strong"
  /// 1,000,000 and above.
  case extremelyStrong = "extremely_strong"

  /// The least likelihood ratio that has this strength.
  public var leastRatio: Double {
    switch self {
    case .none: 0
    case .weak: 2
    case .moderate: 10
    case .moderatelyStrong: 100
    case .strong: 1000
    case .veryStrong: 10_000
    case .extremelyStrong: 1_000_000
    }
  }

  /// The strength of a log-likelihood ratio (natural log) for the side that is positive; against it there is none.
  public init(llr: Double) {
    // The logarithms of the borders, since an LLR may be too large for its exponential.
    self = Self.allCases.last { llr >= log($0.leastRatio) } ?? .none
  }
}

extension PartyResult {
  /// The log-likelihood ratio of what decided: of the party, but where it is `synthetic` of the stretch that is more so, if one
  /// is. `nil` where there was no speech.
  public var decidingLLR: Double? {
    guard verdict == .synthetic else { return llr }
    return ([llr].compactMap { $0 } + segments.map(\.llr)).min()
  }

  /// How strong the evidence of `decidingLLR` is for the verdict; of an inconclusive party, for the side that it is on. `nil`
  /// where there was no speech.
  public var strength: StrengthOfEvidence? {
    decidingLLR.map { llr in
      switch verdict {
      case .bonafide: StrengthOfEvidence(llr: llr)
      case .synthetic: StrengthOfEvidence(llr: -llr)
      case .inconclusive: StrengthOfEvidence(llr: abs(llr))
      }
    }
  }

  /// Seconds in flagged stretches.
  public var flagged: Double { segments.reduce(0) { $0 + $1.end - $1.start } }
}
