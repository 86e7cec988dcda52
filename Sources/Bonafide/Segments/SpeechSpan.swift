/// Speech frames of a party from one to another, with the pauses between.
struct SpeechSpan: Sendable, Equatable {
  /// Score frame that it starts at.
  private(set) var start: Int
  /// Score frame behind its last one.
  private(set) var end: Int
  private(set) var pooled = PooledScore()

  /// The span of one frame.
  init(_ frame: SpeechFrame) {
    start = frame.index
    end = frame.index + 1
    pooled.add(frame)
  }

  /// Extends the span to a later frame.
  mutating func add(_ frame: SpeechFrame) {
    end = frame.index + 1
    pooled.add(frame)
  }

  /// Extends the span by a later one, with the speech between them.
  mutating func add(_ later: SpeechSpan, between: PooledScore = PooledScore()) {
    end = later.end
    pooled.add(between)
    pooled.add(later.pooled)
  }

  /// Seconds of speech.
  ///
  /// - Parameter hop: seconds per score frame.
  func speech(hop: Double) -> Double { hop * Double(pooled.count) }
}
