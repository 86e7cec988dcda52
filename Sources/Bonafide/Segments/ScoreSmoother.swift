/// Smooths the scores of one turn at a time over about a second of speech.
///
/// The LLR of a frame is that of the frames up to half a second of speech before and behind it, within its turn, stated as
/// of two seconds of speech, the least that can make a party synthetic. It comes when those behind are there.
struct ScoreSmoother: Sendable {
  struct Frame: Sendable, Equatable {
    var speech: SpeechFrame
    /// Smoothed.
    var llr: Float
  }

  /// Seconds of speech that scores are smoothed over.
  static let span = 1.0
  /// Seconds of speech that a frame's LLR is stated for.
  static let evidence = 2.0

  private let calibration: Calibration
  /// Speech frames on either side.
  private let reach: Int
  /// Frames of the turn from `reach` before `next` on.
  private var window: [SpeechFrame] = []
  /// Place in `window` of the first frame that is not smoothed yet.
  private var next = 0

  /// - Parameter hop: seconds per score frame.
  init(calibration: Calibration, hop: Double) {
    self.calibration = calibration
    reach = max(0, Int((Self.span / hop / 2).rounded(.down)))
  }

  /// Takes the next speech frame of the turn.
  ///
  /// - Returns: the frame that is `reach` frames back, smoothed; `nil` where the turn is shorter than that so far.
  mutating func append(_ frame: SpeechFrame) -> Frame? {
    window.append(frame)
    return window.count > next + reach ? smoothNext() : nil
  }

  /// Next of the frames that were left when the turn ended; `nil` once there are none, and a new turn can begin.
  mutating func drain() -> Frame? {
    if next < window.count { return smoothNext() }
    window.removeAll(keepingCapacity: true)
    next = 0
    return nil
  }

  private mutating func smoothNext() -> Frame {
    var pooled = PooledScore()
    for frame in window[max(0, next - reach)..<min(window.count, next + reach + 1)] { pooled.add(frame) }
    let frame = Frame(speech: window[next], llr: Float(calibration.llr(raw: pooled.raw, speech: Self.evidence)))
    next += 1
    if next > reach {
      window.removeFirst(next - reach)
      next = reach
    }
    return frame
  }
}
