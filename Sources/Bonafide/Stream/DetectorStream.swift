import BonafideAudio

/// Screens one party of a call while it talks, from packets of any size.
///
/// ```swift
/// let stream = try detector.makeStream(sampleRate: 8000)
/// let update = try stream.append(muLaw: packet)
/// if update.verdict == .synthetic { … }
/// let result = try stream.finish()
/// ```
///
/// The engine is that of `Detector.scan`: however the samples are cut, `finish()` gives what a scan of a file with the same
/// samples gives, but for the last digits of sums. Scores come every 80 ms of audio; where more waits, append it at once: blocks
/// of up to 320 ms cost less than as many of 80. A score stands for 40 ms and
/// depends on up to 118 ms of audio after them; so `StreamUpdate.scoredTime` is 118 to 198 ms behind the samples (at
/// other rates than the model's, also by the delay of the resampler: see `docs/streaming.md`); inside a silence 0.8 s.
/// Stretches are told half a second of speech later, and are closed 0.6 s or, where a pause follows, two to three seconds after their end.
///
/// The cost of an update and the memory of a stream do not grow with time, but by the stretches found, and by the
/// timeline where `ScanOptions.timeline` asks for it.
///
/// A stream is an object, so that a dictionary of calls can hold it, which cannot hold what cannot be copied. It is not
/// `Sendable`: the compiler keeps it to one task or actor at a time, to which it can be handed over as a whole.
public final class DetectorStream {
  /// Samples per second, of all that is appended.
  public let sampleRate: Int
  /// What was said last.
  public private(set) var update = StreamUpdate()
  /// Samples that were not finite, and were taken as zeros.
  public private(set) var nonNumbers = 0
  /// Samples that were beyond ±4, and were cut to that. Full scale is ±1: samples at the scale of 16-bit integers are to be divided
  /// by 32768, or appended as `Int16`.
  public private(set) var outOfRange = 0

  private let detector: Detector
  private let options: ScanOptions
  private let pace: PartyScreener.Pace
  private var screener: BandScreener
  private var isFinished = false
  /// The samples that are being screened, and others behind them.
  private var block: [Float] = []
  /// Stretches that updates have told, and whether they were of the wideband model.
  private var told = 0
  private var toldWideband = false

  init(_ detector: Detector, sampleRate: Int, options: ScanOptions, pace: PartyScreener.Pace) throws(ScreeningError) {
    try options.validate(for: detector)
    screener = try BandScreener(detector, sampleRate: sampleRate, options: options, pace: pace)
    self.detector = detector
    self.sampleRate = sampleRate
    self.options = options
    self.pace = pace
  }

  /// Takes the next samples, full scale ±1. Numbers that are not finite are taken as 0, and what is beyond ±4 as that.
  ///
  /// - Throws: `ScreeningError.finished` after `finish()`.
  @discardableResult
  public func append(_ samples: Span<Float>) throws(ScreeningError) -> StreamUpdate {
    try append(count: samples.count) { samples[$0] }
  }

  /// Takes the next samples, full scale ±32768.
  ///
  /// - Throws: `ScreeningError.finished` after `finish()`.
  @discardableResult
  public func append(_ samples: Span<Int16>) throws(ScreeningError) -> StreamUpdate {
    try append(count: samples.count) { Float(samples[$0]) / 32_768 }
  }

  /// Takes the next samples, G.711 µ-law, a byte each.
  ///
  /// - Throws: `ScreeningError.finished` after `finish()`.
  @discardableResult
  public func append(muLaw bytes: Span<UInt8>) throws(ScreeningError) -> StreamUpdate {
    let table = G711.muLaw.table
    return try append(count: bytes.count) { table[Int(bytes[$0])] }
  }

  /// Takes the next samples, G.711 A-law, a byte each.
  ///
  /// - Throws: `ScreeningError.finished` after `finish()`.
  @discardableResult
  public func append(aLaw bytes: Span<UInt8>) throws(ScreeningError) -> StreamUpdate {
    let table = G711.aLaw.table
    return try append(count: bytes.count) { table[Int(bytes[$0])] }
  }

  /// Takes the next samples, as `append` of a span does.
  @discardableResult
  public func append(_ samples: [Float]) throws(ScreeningError) -> StreamUpdate { try append(samples.span) }

  /// Takes the next samples, as `append` of a span does.
  @discardableResult
  public func append(_ samples: [Int16]) throws(ScreeningError) -> StreamUpdate { try append(samples.span) }

  /// Takes the next samples, as `append(muLaw:)` of a span does.
  @discardableResult
  public func append(muLaw bytes: [UInt8]) throws(ScreeningError) -> StreamUpdate { try append(muLaw: bytes.span) }

  /// Takes the next samples, as `append(aLaw:)` of a span does.
  @discardableResult
  public func append(aLaw bytes: [UInt8]) throws(ScreeningError) -> StreamUpdate { try append(aLaw: bytes.span) }

  /// Takes note of samples that were lost on the way, or not sent while the party was silent.
  ///
  /// Time goes on. The gap is heard as a pause: it is neither speech nor noise that speech has to stand out of, and the level
  /// stays as it is. However long it is, the cost is that of four seconds at most.
  ///
  /// - Parameter count: samples at `sampleRate`, from none to a week of them.
  /// - Throws: `ScreeningError.badCount`; `ScreeningError.finished` after `finish()`.
  @discardableResult
  public func append(missing count: Int) throws(ScreeningError) -> StreamUpdate {
    guard !isFinished else { throw .finished }
    guard screener.missingCounts.contains(count) else { throw .badCount(count) }
    screener.append(missing: count)
    return tell()
  }

  /// Ends the party, and judges it. Stretches that were open are closed.
  ///
  /// - Returns: what is said of the party; its channel is 1.
  /// - Throws: `ScreeningError.finished` where it has ended already.
  public func finish() throws(ScreeningError) -> PartyResult {
    guard !isFinished else { throw .finished }
    isFinished = true
    screener.finish()
    tell()
    var result = screener.result(channel: 1)
    result.nonNumbers = nonNumbers
    result.outOfRange = outOfRange
    return result
  }

  /// Forgets the party, finished or not, and starts another with the same model and options.
  ///
  /// - Throws: when memory runs out; the stream is then as it was.
  public func reset() throws(ScreeningError) {
    screener = try BandScreener(detector, sampleRate: sampleRate, options: options, pace: pace)
    isFinished = false
    told = 0
    toldWideband = false
    nonNumbers = 0
    outOfRange = 0
    update = StreamUpdate()
  }

  /// Screens samples in blocks of a third of a second, so that buffers stay small however many come at once.
  private func append(count: Int, sample: (Int) -> Float) throws(ScreeningError) -> StreamUpdate {
    guard !isFinished else { throw .finished }
    for start in stride(from: 0, to: count, by: sampleRate / 3) {
      let size = min(count - start, sampleRate / 3)
      if block.count < size { block += repeatElement(0, count: size - block.count) }
      let changed = block.withUnsafeMutableBufferPointer { block in
        for index in 0..<size { block[index] = sample(start + index) }
        return makeFinite(UnsafeMutableBufferPointer(rebasing: block[..<size]))
      }
      nonNumbers += changed.nonNumbers
      outOfRange += changed.cut
      screener.append(block.span.extracting(first: size))
    }
    return tell()
  }

  /// Brings `update` up to date.
  @discardableResult
  private func tell() -> StreamUpdate {
    update.time = screener.duration
    update.closed = []
    let isWideband = screener.isWideband
    update.isRevised = isWideband != toldWideband
    if update.isRevised {
      toldWideband = isWideband
      told = 0
      update.scoredTime = 0
    }
    screener.withCurrent { screener in
      let scoredTime = screener.scoredDuration
      guard scoredTime > update.scoredTime || isFinished else { return }
      let judgement = screener.judgement
      update.scoredTime = scoredTime
      update.speech = screener.evidence.speech
      update.llr = judgement.llr
      update.syntheticProbability = judgement.syntheticProbability
      update.verdict = judgement.verdict
      update.reason = judgement.reason
      update.closed = screener.evidence.stretches[told...].map { screener.segment($0) }
      update.open = screener.evidence.openStretch.map { screener.segment($0) }
      told = screener.evidence.stretches.count
    }
    return update
  }
}
