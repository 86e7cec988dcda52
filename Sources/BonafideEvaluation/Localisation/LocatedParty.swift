/// One side of a recording, with what is true of it in time.
struct LocatedParty: Sendable {
  /// What is resampled with it.
  var cluster: Int
  /// Seconds of audio.
  var duration: Double
  /// Synthetic stretches, in order, not overlapping.
  var spoof: [Span]
  var party: ScreenedRecording.Party

  /// Seconds of synthetic audio inside a stretch.
  func spoofSeconds(in span: Span) -> Double {
    spoof.reduce(0) { $0 + $1.overlap(with: span) }
  }

  /// Lowest frame score inside a stretch; +∞ where nobody speaks, since no threshold flags that.
  func lowestScore(in span: Span) -> Double {
    let (hop, frames) = (party.hop, party.frames)
    guard hop > 0, !frames.isEmpty else { return .infinity }
    let first = min(max(0, Int((span.start / hop + tolerance).rounded(.down))), frames.count)
    let end = min(max(first, Int((span.end / hop - tolerance).rounded(.up))), frames.count)
    return frames[first..<end].compactMap { $0 }.min().map(Double.init) ?? .infinity
  }
}

/// Share of a frame, and seconds, that are rounding and no audio.
private let tolerance = 1e-6
