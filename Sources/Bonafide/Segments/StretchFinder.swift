/// Finds the stretches of a party that sound synthetic.
///
/// The track is cut into turns at long pauses. In a turn, scores are smoothed over about one second of speech and made
/// LLRs as of two seconds, the least that can make a party synthetic. A stretch starts where this falls to `enter` and
/// ends where it rises above `leave`; stretches with short gaps are joined, then those with little speech or with a
/// pooled LLR above `enter` are dropped.
struct StretchFinder: Sendable {
  struct Stretch: Sendable, Equatable {
    /// Speech frames of the track.
    var range: Range<Int>
    /// Seconds of speech.
    var speech: Double
    /// Of the speech inside, pooled.
    var llr: Double
  }

  let calibration: Calibration
  let enter: Double
  /// At least `enter`.
  let leave: Double

  /// Seconds of speech that scores are smoothed over.
  static let smoothing = 1.0
  /// Seconds of speech that a frame's LLR is stated for.
  static let evidence = 2.0
  /// Least seconds of speech in a stretch.
  static let minimum = 1.0
  /// Seconds between two stretches that are joined.
  static let bridge = 0.6
  /// Longest pause inside a turn, in seconds.
  static let pause = 2.0

  init(calibration: Calibration, enter: Double, leave: Double) {
    self.calibration = calibration
    self.enter = enter
    self.leave = max(enter, leave)
  }

  /// Smoothed LLR of each speech frame of the track.
  func smoothed(_ track: SpeechTrack) -> [Float] {
    let reach = max(0, Int((Self.smoothing / track.hop / 2).rounded(.down)))
    var result: [Float] = []
    result.reserveCapacity(track.frames.count)
    for turn in track.turns(pause: Self.pause) {
      for i in turn {
        let near = max(turn.lowerBound, i - reach)..<min(turn.upperBound, i + reach + 1)
        result.append(Float(calibration.llr(raw: track.raw(in: near), speech: Self.evidence)))
      }
    }
    return result
  }

  /// - Parameter smoothed: the result of `smoothed(track)`.
  /// - Returns: stretches in order, disjoint.
  func stretches(of track: SpeechTrack, smoothed: [Float]) -> [Stretch] {
    var found: [Stretch] = []
    for turn in track.turns(pause: Self.pause) {
      for range in joined(lows(of: smoothed, in: turn), track: track) {
        let stretch = stretch(range, of: track)
        if stretch.speech >= Self.minimum - track.hop / 2, stretch.llr <= enter { found.append(stretch) }
      }
    }
    return found
  }

  /// All speech of a track that is synthetic as a whole: its turns, without those with little speech if others are left.
  func everything(of track: SpeechTrack) -> [Stretch] {
    let turns = track.turns(pause: Self.pause).map { stretch($0, of: track) }
    let long = turns.filter { $0.speech >= Self.minimum - track.hop / 2 }
    return long.isEmpty ? turns : long
  }

  private func stretch(_ range: Range<Int>, of track: SpeechTrack) -> Stretch {
    let speech = track.speech(in: range)
    return Stretch(range: range, speech: speech, llr: calibration.llr(raw: track.raw(in: range), speech: speech))
  }

  /// Hysteresis between `enter` and `leave`.
  private func lows(of smoothed: [Float], in turn: Range<Int>) -> [Range<Int>] {
    var lows: [Range<Int>] = []
    var start: Int?
    for i in turn {
      let llr = Double(smoothed[i])
      if let begun = start, llr > leave {
        lows.append(begun..<i)
        start = nil
      } else if start == nil, llr <= enter {
        start = i
      }
    }
    if let start { lows.append(start..<turn.upperBound) }
    return lows
  }

  private func joined(_ ranges: [Range<Int>], track: SpeechTrack) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges {
      if let last = result.last, track.time(of: range).start - track.time(of: last).end < Self.bridge {
        result[result.count - 1] = last.lowerBound..<range.upperBound
      } else {
        result.append(range)
      }
    }
    return result
  }
}
