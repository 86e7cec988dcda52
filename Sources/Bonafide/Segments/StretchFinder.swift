/// Finds the stretches of a party that sound synthetic, frame by frame.
///
/// In a turn, a stretch starts where the smoothed LLR falls to `enter` and ends where it rises above `leave`; stretches
/// with short gaps are joined, then those with little speech or with a pooled LLR above `enter` are dropped. All that is
/// kept is the last stretch, which may yet be joined to the next, and the sums of the speech behind it.
struct StretchFinder: Sendable {
  private let calibration: Calibration
  private let enter: Double
  private let leave: Double
  /// Seconds per score frame.
  private let hop: Double
  private var last: SpeechSpan?
  /// Speech behind `last`.
  private var behind = PooledScore()
  /// Whether the frame before is in `last`, and the LLR has not risen since.
  private var isLow = false

  /// Least seconds of speech in a stretch.
  static let minimum = 1.0
  /// Seconds between two stretches that are joined.
  static let bridge = 0.6

  /// - Parameters:
  ///   - leave: taken to `enter` where it is less.
  ///   - hop: seconds per score frame.
  init(calibration: Calibration, enter: Double, leave: Double, hop: Double) {
    self.calibration = calibration
    self.enter = enter
    self.leave = max(enter, leave)
    self.hop = hop
  }

  /// Takes the next frame of the turn.
  ///
  /// - Returns: a stretch that no later frame can change.
  mutating func append(_ frame: ScoreSmoother.Frame) -> SpeechSpan? {
    let (speech, llr) = (frame.speech, Double(frame.llr))
    let wasLow = isLow
    isLow = wasLow ? !(llr > leave) : llr <= enter
    var closed: SpeechSpan?
    // Low speech goes on over any pause of a turn; what is not low yet starts no earlier than this frame.
    if !(wasLow && isLow), let end = last?.end, hop * Double(speech.index) - hop * Double(end) >= Self.bridge {
      closed = close()
    }
    if !isLow {
      if last != nil { behind.add(speech) }
    } else if var span = last {
      span.add(SpeechSpan(speech), between: behind)
      last = span
      behind = PooledScore()
    } else {
      last = SpeechSpan(speech)
    }
    return closed
  }

  /// Ends the turn; the next frame starts another.
  ///
  /// - Returns: the stretch that it closes.
  mutating func endTurn() -> SpeechSpan? {
    isLow = false
    return close()
  }

  /// The last stretch, where it is one by now; it may yet grow, or rise and be dropped.
  var open: SpeechSpan? {
    guard let last, last.speech(hop: hop) >= Self.minimum - hop / 2 else { return nil }
    return calibration.llr(raw: last.pooled.raw, speech: last.speech(hop: hop)) <= enter ? last : nil
  }

  private mutating func close() -> SpeechSpan? {
    let closed = open
    last = nil
    behind = PooledScore()
    return closed
  }
}
