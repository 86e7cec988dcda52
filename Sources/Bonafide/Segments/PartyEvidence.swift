import BonafideNetwork

/// All that is known of a party's speech, gathered frame by frame: sums, histograms, turns and stretches.
///
/// Memory does not grow with time, but by the stretches found, and by the timeline where it is asked for.
struct PartyEvidence: Sendable {
  /// Seconds per score frame.
  let hop: Double
  let calibration: Calibration
  /// Score frames so far, speech or not.
  private(set) var frameCount = 0
  /// Of all speech.
  private(set) var pooled = PooledScore()
  /// Score frames of speech that is another party's echo, and was left out.
  private(set) var echoFrames = 0
  /// Score frames of sounds that come again and again, and were left out.
  private(set) var monotonousFrames = 0
  private var monotony = MonotonyMeter()
  private(set) var noise: NoiseEstimate
  /// Runs of speech without long pauses, that have ended.
  private(set) var turns: TurnLog
  /// Stretches that sound synthetic and can't change any more, in order, disjoint.
  private(set) var stretches: [SpeechSpan] = []
  /// Most speech frames in one of `stretches`.
  private(set) var longestStretch = 0
  /// Smoothed LLR of the frames up to the last one of speech; `nil` in pauses. Empty unless asked for.
  private(set) var timeline: [Float?] = []

  private let keepsTimeline: Bool
  /// `nil` unless asked for.
  private(set) var trace: EvidenceTrace?
  private var turn: SpeechSpan?
  private var smoother: ScoreSmoother
  private var finder: StretchFinder

  /// Longest pause inside a turn, in seconds.
  static let pause = 2.0

  /// - Parameters:
  ///   - hop: seconds per score frame.
  ///   - timeline: whether to keep the smoothed LLRs.
  ///   - traceColumns: of a trace; `nil` for none.
  init(calibration: Calibration, thresholds: Thresholds, hop: Double, timeline: Bool, traceColumns: Int? = nil) {
    self.calibration = calibration
    self.hop = hop
    keepsTimeline = timeline
    trace = traceColumns.map { EvidenceTrace(columns: $0, alarm: thresholds.stretch) }
    noise = NoiseEstimate(hop: hop)
    turns = TurnLog(hop: hop)
    smoother = ScoreSmoother(calibration: calibration, hop: hop)
    finder = StretchFinder(calibration: calibration, enter: thresholds.stretch, leave: thresholds.release, hop: hop)
  }

  /// Takes the next score frame.
  ///
  /// - Parameters:
  ///   - energy: its mean band energy; `nil` where samples are missing.
  ///   - shape: of its spectrum; `nil` where it is not known.
  ///   - isEcho: whether what is heard in it is another party: neither speech of this one nor noise.
  /// - Returns: its speech; `nil` where the party does not speak in it.
  @discardableResult
  mutating func append(
    _ output: FrameOutput, energy: Float?, shape: MonotonyMeter.Shape? = nil, isEcho: Bool = false
  ) -> SpeechFrame? {
    if let energy, let frame = SpeechFrame(output, energy: energy, index: frameCount) {
      guard !isEcho else {
        echoFrames += 1
        trace?.addEcho(at: frameCount)
        noise.append(pause: nil)
        pass(1)
        return nil
      }
      if let shape, monotony.isMonotonous(shape, frame: frameCount) {
        monotonousFrames += 1
        noise.append(pause: nil)
        pass(1)
        return nil
      }
      noise.append(speech: energy, weight: Double(frame.weight))
      append(frame)
      return frame
    }
    noise.append(pause: isEcho ? nil : energy)
    if energy == nil { trace?.addMissing(frameCount..<frameCount + 1) }
    pass(1)
    return nil
  }

  /// Takes a frame of speech; frames that were left out before it are pauses.
  mutating func append(_ frame: SpeechFrame) {
    pass(frame.index - frameCount)
    trace?.addSpeech(at: frameCount)
    frameCount += 1
    pooled.add(frame)
    if turn == nil { turn = SpeechSpan(frame) } else { turn?.add(frame) }
    if let smoothed = smoother.append(frame) { take(smoothed) }
  }

  /// Passes over frames that the recording lacks.
  mutating func pass(missing frames: Int) {
    trace?.addMissing(frameCount..<frameCount + frames)
    pass(frames)
  }

  /// Passes over frames without speech.
  mutating func pass(_ frames: Int) {
    frameCount += frames
    if let turn, Double(frameCount - turn.end) * hop > Self.pause { endTurn() }
  }

  /// Ends the party: there are no frames to come.
  mutating func finish() {
    endTurn()
    if keepsTimeline { padTimeline(to: frameCount) }
  }

  /// The stretch that is not closed yet, where it is one by now; it may yet grow, or rise and be dropped.
  var openStretch: SpeechSpan? { finder.open }

  /// Seconds of speech that is another party's echo.
  var echo: Double { hop * Double(echoFrames) }

  /// Seconds of speech.
  var speech: Double { hop * Double(pooled.count) }

  /// Whether what was taken for speech are sounds that come again and again, or but their beginning.
  var isMonotonous: Bool { monotonousFrames > 2 * pooled.count || monotony.isAllAlike }

  private mutating func endTurn() {
    guard let ended = turn else { return }
    while let smoothed = smoother.drain() { take(smoothed) }
    if let stretch = finder.endTurn() { keep(stretch) }
    turns.append(ended)
    turn = nil
  }

  private mutating func take(_ frame: ScoreSmoother.Frame) {
    if keepsTimeline {
      padTimeline(to: frame.speech.index)
      timeline.append(frame.llr)
    }
    trace?.add(frame.llr, at: frame.speech.index)
    if let stretch = finder.append(frame) { keep(stretch) }
  }

  private mutating func keep(_ stretch: SpeechSpan) {
    stretches.append(stretch)
    longestStretch = max(longestStretch, stretch.pooled.count)
  }

  private mutating func padTimeline(to count: Int) {
    timeline.append(contentsOf: repeatElement(nil, count: count - timeline.count))
  }
}
