/// Judges a party by the evidence that there is.
struct PartyJudge: Sendable {
  struct Judgement: Sendable, Equatable {
    var verdict = Verdict.inconclusive
    /// Why `verdict` is `inconclusive`; `nil` otherwise.
    var reason: Reason?
    /// `nil` where there was no speech, as is the probability.
    var llr: Double?
    var syntheticProbability: Double?
    /// What each stage says by itself.
    var stages: StageScores?
    /// The part of the party that makes it synthetic, though the whole may not be.
    var run: SecondOpinion.Run?
  }

  /// Least seconds of speech that a verdict takes.
  static let leastSpeech = 1.0
  /// Least seconds of speech in a stretch that makes a party synthetic.
  static let decisiveSpeech = 2.0
  /// Least ratio of speech to noise that a verdict takes, in dB.
  static let leastSignalToNoise = 3.0
  /// Least ratio of speech to noise that `bonafide` takes, in dB. Noise hides what gives a machine away: 10 dB under the speech, the first stage
  /// alone has 30 % of dev's synthetic clips at or above the clear point, both stages together, which weigh noise themselves
  /// (`SecondStageCard.Fusion`), 8 %, and 16 % of the voices of 12 s.
  static let leastSignalToNoiseToClear = 12.0

  let thresholds: Thresholds
  /// Probability that a party is synthetic before any evidence.
  let prior: Double
  /// How the scores of both stages are brought together, and the points of what comes of it; `nil` where there is no second stage.
  let fusion: (rule: SecondStageCard.Fusion, thresholds: Thresholds)?

  init(thresholds: Thresholds, prior: Double, fusion: (rule: SecondStageCard.Fusion, thresholds: Thresholds)? = nil) {
    self.thresholds = thresholds
    self.prior = prior
    self.fusion = fusion
  }

  /// - Parameters:
  ///   - evidence: of all of the party, or of what was heard so far; then the open stretch counts as if it were closed.
  ///   - second: what the second stage says; `nil` where it has heard nothing.
  ///   - signalToNoise: in dB; `nil` where it is not known.
  ///   - isDistorted: whether speech is clipped more than the models stand. Clipping takes away what gives a machine away, and
  ///     adds nothing that would accuse a person.
  func judgement(
    _ evidence: PartyEvidence, second: SecondOpinion? = nil, signalToNoise: Double?, isDistorted: Bool = false
  ) -> Judgement {
    var judgement = Judgement()
    guard evidence.pooled.count > 0, !evidence.isMonotonous else {
      judgement.reason = .noSpeech
      return judgement
    }
    let (speech, tolerance) = (evidence.speech, evidence.hop / 2)
    let first = evidence.calibration.llr(raw: evidence.pooled.raw, speech: speech)
    var (llr, thresholds) = (first, thresholds)
    var lowest: SecondOpinion.Run?
    if let second, let fusion {
      llr = fusion.rule.llr(
        first: first, second: second.answer.score, speech: speech, signalToNoise: signalToNoise, coded: second.answer.coded)
      thresholds = fusion.thresholds
      lowest = second.lowest
      if let lowest, llr > thresholds.alarm, lowest.llr <= thresholds.alarm - lowest.margin { judgement.run = lowest }
    }
    judgement.stages = fusion == nil ? nil : StageScores(first: first, second: second?.answer.score, coded: second?.answer.coded)
    judgement.llr = llr
    judgement.syntheticProbability = syntheticProbability(llr: llr, prior: prior)
    let open = evidence.openStretch
    let longest = evidence.hop * Double(max(evidence.longestStretch, open?.pooled.count ?? 0))
    if speech < Self.leastSpeech - tolerance {
      judgement.reason = .tooLittleSpeech
    } else if let signalToNoise, signalToNoise < Self.leastSignalToNoise {
      // Where a voice is overdriven, so is what is behind it.
      judgement.reason = isDistorted ? .tooDistorted : .tooNoisy
    } else if llr <= thresholds.alarm || longest >= Self.decisiveSpeech - tolerance || judgement.run != nil {
      judgement.verdict = .synthetic
    } else if isDistorted {
      judgement.reason = .tooDistorted
    } else if llr >= thresholds.clear, evidence.stretches.isEmpty, open == nil, lowest?.llr ?? .infinity > thresholds.alarm,
      turns(of: evidence, atMost: thresholds.alarm, second: second, signalToNoise: signalToNoise).isEmpty
    {
      if let signalToNoise, signalToNoise < Self.leastSignalToNoiseToClear {
        judgement.reason = .tooNoisy
      } else {
        judgement.verdict = .bonafide
      }
    } else {
      judgement.reason = .ambiguous
    }
    return judgement
  }

  /// The result of a party that has ended.
  ///
  /// - Parameters:
  ///   - evidence: finished.
  ///   - second: what the second stage says; `nil` where it has heard nothing.
  ///   - signalToNoise: in dB; `nil` where it is not known.
  ///   - clipping: of its speech; `nil` where it is not known.
  ///   - channel: of the recording, from 1.
  ///   - duration: seconds of the recording; no segment ends later.
  ///   - timeline: whether the evidence has one.
  func result(
    _ evidence: PartyEvidence, second: SecondOpinion? = nil, signalToNoise: Double?, clipping: ClippingMeter.Shares? = nil, channel: Int,
    duration: Double, timeline: Bool
  ) -> PartyResult {
    let judgement = judgement(evidence, second: second, signalToNoise: signalToNoise, isDistorted: clipping?.isTooMuch ?? false)
    var result = PartyResult(
      channel: channel, verdict: judgement.verdict, reason: judgement.reason,
      speech: judgement.reason == .noSpeech ? 0 : evidence.speech, echo: evidence.echo, llr: judgement.llr,
      syntheticProbability: judgement.syntheticProbability, clipped: clipping?.clipped,
      signalToNoise: judgement.reason == .noSpeech ? nil : signalToNoise.map { min($0, 60) }, stages: judgement.stages)
    if judgement.verdict != .inconclusive || judgement.reason == .ambiguous || judgement.reason == .tooDistorted {
      let points = fusion?.thresholds ?? thresholds
      let low = turns(
        of: evidence, atMost: judgement.verdict == .synthetic ? points.middle : points.alarm, second: second, signalToNoise: signalToNoise)
      result.segments = low.map { segment($0.frames, llr: $0.llr, of: evidence, duration: duration) }
      for stretch in evidence.stretches where !low.contains(where: { $0.frames.overlaps(stretch.start..<stretch.end) }) {
        result.segments.append(segment(stretch, of: evidence, duration: duration))
      }
      if judgement.verdict == .synthetic, let run = judgement.run {
        let whole = segment(run.span.start..<run.span.end, llr: run.llr, of: evidence, duration: duration)
        if !result.segments.contains(where: { $0.start < whole.end && whole.start < $0.end }) { result.segments.append(whole) }
      }
      result.segments.sort { $0.start < $1.start }
      if judgement.verdict == .synthetic, result.segments.isEmpty {
        result.segments = syntheticTurns(of: evidence, duration: duration)
      }
    }
    if timeline { result.timeline = Timeline(hop: evidence.hop, llr: evidence.timeline) }
    return result
  }

  /// The turns that both stages together hold to be synthetic, or the parts of long ones, as where a bot's prompt runs on into a person's words; none
  /// where the second stage is not there or has not heard them.
  ///
  /// - Parameter point: log-likelihood ratio of both stages; a turn of as much speech as a stretch takes, and with no more, is one.
  private func turns(
    of evidence: PartyEvidence, atMost point: Double, second: SecondOpinion?, signalToNoise: Double?
  ) -> [(frames: Range<Int>, llr: Double)] {
    guard let second, let fusion else { return [] }
    func llr(_ span: SpeechSpan, _ answer: SecondStage.Answer) -> Double {
      let speech = span.speech(hop: evidence.hop)
      return fusion.rule.llr(
        first: evidence.calibration.llr(raw: span.pooled.raw, speech: speech), second: answer.score, speech: speech, signalToNoise: signalToNoise,
        coded: answer.coded)
    }
    return evidence.turns.turns.compactMap { turn in
      guard turn.speech(hop: evidence.hop) >= StretchFinder.minimum - evidence.hop / 2, let answer = second.answer(during: turn) else { return nil }
      let part = second.part(of: turn) { fusion.thresholds.middle - llr($0.span, $0.answer) }
      let (span, llr) = part.map { ($0.span, llr($0.span, $0.answer)) } ?? (turn, llr(turn, answer))
      return llr <= point ? (max(span.start, turn.start)..<min(span.end, turn.end), llr) : nil
    }
  }

  /// What to flag in a party that is synthetic by its whole score, without a second that is low enough by itself: the turns
  /// at or below the point at which stretches end, or else the lowest one.
  private func syntheticTurns(of evidence: PartyEvidence, duration: Double) -> [Segment] {
    let turns = evidence.turns.turns.map { segment($0, of: evidence, duration: duration) }
    let low = turns.filter { $0.llr <= thresholds.release }
    return low.isEmpty ? turns.min { $0.llr < $1.llr }.map { [$0] } ?? [] : low
  }

  /// - Parameter duration: seconds of the recording; the segment ends no later.
  func segment(_ span: SpeechSpan, of evidence: PartyEvidence, duration: Double) -> Segment {
    segment(
      span.start..<span.end, llr: evidence.calibration.llr(raw: span.pooled.raw, speech: span.speech(hop: evidence.hop)), of: evidence,
      duration: duration)
  }

  private func segment(_ frames: Range<Int>, llr: Double, of evidence: PartyEvidence, duration: Double) -> Segment {
    Segment(
      start: evidence.hop * Double(frames.lowerBound), end: min(evidence.hop * Double(frames.upperBound), duration), llr: llr,
      syntheticProbability: syntheticProbability(llr: llr, prior: prior))
  }
}
