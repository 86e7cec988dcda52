import Glibc

/// What the second stage has said of a party: its answers to windows, with what the first stage says of the same speech.
struct SecondOpinion: Sendable {
  struct Window: Sendable {
    let answer: SecondStage.Answer
    let span: SpeechSpan
  }

  /// The mean answer to the windows, weighted by speech.
  let answer: SecondStage.Answer
  /// The run of windows that sounds most synthetic; `nil` where the windows are too few.
  let lowest: Run?
  private let windows: [Window]

  /// - Parameters:
  ///   - windows: in order.
  ///   - rule: how the scores of both stages are brought together.
  ///   - calibration: of the first stage.
  ///   - hop: seconds per score frame.
  ///   - signalToNoise: of the party, in dB; `nil` where it is not known.
  /// - Returns: `nil` without windows.
  init?(_ windows: [Window], rule: SecondStageCard.Fusion, calibration: Calibration, hop: Double, signalToNoise: Double? = nil) {
    guard !windows.isEmpty else { return nil }
    self.windows = windows
    answer = Self.mean(windows[...])
    lowest = Self.lowestRun(of: windows, calibration: calibration, hop: hop) { first, second, speech in
      rule.llr(first: first, second: second.score, speech: speech, signalToNoise: signalToNoise, coded: second.coded)
    }
  }

  /// The mean answer to the windows that reach into a span, weighted by how far they do; `nil` where none does.
  func answer(during span: SpeechSpan) -> SecondStage.Answer? {
    Self.mean(windows.lazy.map { ($0.answer, Double(min($0.span.end, span.end) - max($0.span.start, span.start))) }.filter { $0.1 > 0 })
  }

  /// The run of windows in a turn whose evidence adds up to most; `nil` where that is the whole turn.
  ///
  /// - Parameter evidence: that a window is synthetic, positive for that it is.
  func part(of turn: SpeechSpan, evidence: (Window) -> Double) -> Window? {
    let inside = windows.filter { $0.span.start < turn.end && turn.start < $0.span.end }
    var (best, sum, first) = (-Double.infinity, 0.0, 0)
    var run = inside.indices
    for (last, window) in inside.enumerated() {
      if sum <= 0 { (sum, first) = (0, last) }
      sum += evidence(window)
      if sum > best { (best, run) = (sum, first..<last + 1) }
    }
    guard run.count < inside.count, var span = inside[run].first?.span else { return nil }
    for window in inside[run].dropFirst() { span.add(window.span) }
    return Window(answer: Self.mean(inside[run]), span: span)
  }

  /// Of some windows at least, weighted by speech.
  private static func mean(_ windows: ArraySlice<Window>) -> SecondStage.Answer {
    mean(windows.lazy.map { ($0.answer, Double($0.span.pooled.count)) }) ?? SecondStage.Answer(score: 0, coded: 0)
  }

  /// `nil` without weight.
  private static func mean(_ answers: some Sequence<(SecondStage.Answer, Double)>) -> SecondStage.Answer? {
    var (sum, weight) = (SecondStage.Answer(score: 0, coded: 0), 0.0)
    for (answer, its) in answers {
      sum.score += its * answer.score
      sum.coded += its * answer.coded
      weight += its
    }
    return weight > 0 ? SecondStage.Answer(score: sum.score / weight, coded: sum.coded / weight) : nil
  }

  /// Some windows in a row, but not all.
  struct Run: Sendable, Equatable {
    let span: SpeechSpan
    /// Log-likelihood ratio by both stages.
    let llr: Double
    /// How much lower than a party's alarm point the LLR of a run must be. A genuine voice has an LLR of −x and less at most once in eˣ times, and
    /// there are as many places for a run as windows: that were the logarithm of their number, but windows of one voice are alike. With half of it
    /// no more of the 193 genuine parties of dev's simulated calls are flagged than without runs.
    let margin: Double
  }

  /// Fewest windows of a run.
  static let leastRun = 2

  /// - Parameter llr: by the first stage's LLR, the second stage's answer and the seconds of speech.
  private static func lowestRun(
    of windows: [Window], calibration: Calibration, hop: Double, llr: (Double, SecondStage.Answer, Double) -> Double
  ) -> Run? {
    let margin = log(Double(windows.count)) / 2
    var lowest: Run?
    for first in windows.indices {
      var span = windows[first].span
      for last in windows.indices where last > first {
        span.add(windows[last].span)
        guard last - first + 1 >= leastRun, last - first + 1 < windows.count else { continue }
        let speech = span.speech(hop: hop)
        let llr = llr(calibration.llr(raw: span.pooled.raw, speech: speech), mean(windows[first...last]), speech)
        if llr < lowest?.llr ?? .infinity { lowest = Run(span: span, llr: llr, margin: margin) }
      }
    }
    return lowest
  }
}
