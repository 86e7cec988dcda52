import Bonafide
import CBonafide
import Synchronization

/// A stream that a host holds, and the stretches that it told.
///
/// Unchecked: whoever has set `isBusy` works with the rest, and nobody else.
final class HeldStream: @unchecked Sendable {
  let log: Log?
  private let stream: DetectorStream
  private let isBusy = Atomic(false)
  private(set) var closed: [Segment] = []
  /// How often `closed` began anew.
  private var revision: Int32 = 0
  /// Whether the log was told of samples that are not numbers, and of samples out of range.
  private var toldNonNumbers = false
  private var toldOutOfRange = false

  init(_ detector: HeldDetector, sampleRate: Int32) throws(CallError) {
    stream = try CallError.wrapping { () throws(ScreeningError) in
      try detector.detector.makeStream(sampleRate: Int(sampleRate), options: detector.options)
    }
    log = detector.log
  }

  /// Runs `body` alone.
  ///
  /// - Throws: `BONAFIDE_BUSY` where another call works with the stream; waiting for one further up this thread would never end.
  func alone<Value>(_ body: (DetectorStream) throws(CallError) -> Value) throws(CallError) -> Value {
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      throw CallError(status: BONAFIDE_BUSY, message: "another call works with the stream: let one thread at a time use it")
    }
    defer { isBusy.store(false, ordering: .releasing) }
    return try body(stream)
  }

  /// Runs a call that takes samples, and keeps what it tells.
  func append(_ body: (DetectorStream) throws(ScreeningError) -> StreamUpdate) throws(CallError) {
    var oddity: [String] = []
    try alone { stream throws(CallError) in
      let update = try CallError.wrapping { () throws(ScreeningError) in try body(stream) }
      keep(update)
      if stream.nonNumbers > 0, !toldNonNumbers {
        toldNonNumbers = true
        oddity.append("a stream has samples that are not numbers, the first within \(update.time) s; they are taken as 0")
      }
      if stream.outOfRange > 0, !toldOutOfRange {
        toldOutOfRange = true
        oddity.append(
          "a stream has samples beyond ±4, the first within \(update.time) s, which are cut to that; full scale is ±1: divide those of "
            + "16 bits by 32768")
      }
    }
    for line in oddity { log?.write(BONAFIDE_LEVEL_WARNING, line) }
  }

  private func keep(_ update: StreamUpdate) {
    if update.isRevised {
      closed = []
      revision += 1
    }
    closed += update.closed
  }

  func finish() throws(CallError) -> HeldResult {
    try alone { stream throws(CallError) in
      let party = try CallError.wrapping { () throws(ScreeningError) in try stream.finish() }
      keep(stream.update)
      return HeldResult(party, sampleRate: stream.sampleRate, duration: stream.update.time)
    }
  }

  func reset() throws(CallError) {
    try alone { stream throws(CallError) in
      try CallError.wrapping { () throws(ScreeningError) in try stream.reset() }
      closed = []
      revision = 0
      toldNonNumbers = false
      toldOutOfRange = false
    }
  }

  func update() throws(CallError) -> bonafide_update {
    try alone { stream throws(CallError) in
      let update = stream.update
      return bonafide_update(
        time_s: update.time, scored_s: update.scoredTime, speech_s: update.speech, llr: update.llr ?? .nan,
        synthetic_probability: update.syntheticProbability ?? .nan, verdict: bonafide_verdict(update.verdict),
        reason: bonafide_reason(update.reason), segment_count: closed.count,
        open: update.open.map(bonafide_segment.init) ?? bonafide_segment(), non_numbers: UInt64(stream.nonNumbers),
        revision: revision, out_of_range: UInt64(stream.outOfRange))
    }
  }

  func segment(_ index: Int) throws(CallError) -> bonafide_segment {
    try alone { _ throws(CallError) in bonafide_segment(try element(index, of: closed, "segments")) }
  }
}
