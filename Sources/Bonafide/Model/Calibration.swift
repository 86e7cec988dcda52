import Glibc

/// Turns raw network scores to log-likelihood ratios.
///
/// With d seconds of speech and e = d / (d + `halfSpeech`), llr = e (slope · raw + offset): where a card has a `halfSpeech`
/// of seconds, little speech brings the LLR nearer to zero, which says nothing. That of the built-in models is next to none:
/// on development data, their raw scores of short speech were near zero by themselves.
public struct Calibration: Codable, Sendable, Equatable {
  /// LLR per unit of the raw score.
  public var slope: Double
  /// LLR of a raw score of zero, before the evidence is weighed.
  public var offset: Double
  /// Seconds of speech that give half of the evidence.
  public var halfSpeech: Double
  /// Median of slope · raw + offset over the genuine parties of the development data; `nil` where the card does not say.
  public var genuineMedian: Double?

  enum CodingKeys: String, CodingKey {
    case slope, offset
    case halfSpeech = "half_speech_s"
    case genuineMedian = "genuine_median"
  }

  /// A calibration with its coefficients as they are.
  public init(slope: Double, offset: Double, halfSpeech: Double, genuineMedian: Double? = nil) {
    self.slope = slope
    self.offset = offset
    self.halfSpeech = halfSpeech
    self.genuineMedian = genuineMedian
  }

  /// The share of the evidence that so many seconds of speech give, in 0...1.
  func evidence(speech: Double) -> Double { speech > 0 ? speech / (speech + halfSpeech) : 0 }

  /// Log-likelihood ratio, natural log, positive for bona fide, of a span with a pooled score and so many seconds of
  /// speech.
  public func llr(raw: Double, speech: Double) -> Double {
    evidence(speech: speech) * (slope * raw + offset)
  }
}

/// Probability that a voice is synthetic: 1 / (1 + exp(llr + ln((1 − prior) / prior))).
///
/// - Parameters:
///   - llr: natural log, positive for bona fide.
///   - prior: probability before any evidence; taken to the nearest of 0...1.
public func syntheticProbability(llr: Double, prior: Double) -> Double {
  let prior = min(max(prior, 0), 1)
  return 1 / (1 + exp(llr + log((1 - prior) / prior)))
}
