/// Screens one party with the model of its band.
///
/// Where the rate leaves the question open, both models listen until the band of half a minute of loud speech is known; from
/// then on the party's own does. A party that ends before is judged by the model of the band that it had.
struct BandScreener: ~Copyable {
  private var narrowband: PartyScreener?
  private var wideband: PartyScreener?
  private var meter: BandwidthMeter
  private var decidedWideband = false

  /// - Parameters:
  ///   - detector: has the models.
  ///   - sampleRate: of the samples to come, in Hz.
  ///   - options: prior, operating points, whether to keep a timeline.
  ///   - awaitsEcho: whether `hear(echo:)` will say which frames are echo.
  /// - Throws: when the rate cannot be resampled, or memory runs out.
  init(
    _ detector: Detector, sampleRate: Int, options: ScanOptions, pace: PartyScreener.Pace, awaitsEcho: Bool = false
  ) throws(ScreeningError) {
    let second = detector.second
    var narrow: PartyScreener? = nil
    narrow = try PartyScreener(
      model: detector.narrowband, second: second, sampleRate: sampleRate, options: options, pace: pace, awaitsEcho: awaitsEcho)
    var wide: PartyScreener? = nil
    if let model = detector.wideband, SpeechBand.canBeWideband(sampleRate: sampleRate) {
      wide = try PartyScreener(
        model: model, second: second, sampleRate: sampleRate, options: options, pace: pace, awaitsEcho: awaitsEcho)
      narrow?.keepsHeard = true
    }
    let isOpen = wide != nil
    let meter = try ScreeningError.wrapping { () throws(FeatureError) in
      try BandwidthMeter(sampleRate: sampleRate, asksSpeechBand: isOpen)
    }
    narrowband = consume narrow
    wideband = consume wide
    self.meter = consume meter
  }

  /// Whether the party is judged by the wideband model, as far as is known.
  var isWideband: Bool { meter.speechBand?.isWide ?? decidedWideband }

  private var isUndecided: Bool { meter.speechBand != nil }

  /// Highest frequency with energy so far, in Hz; `nil` where there was none.
  var bandwidth: Double? { meter.bandwidth }

  /// Seconds so far.
  var duration: Double { withCurrent { $0.duration } }

  /// Numbers of samples that may be missing at once.
  var missingCounts: ClosedRange<Int> { withCurrent { $0.missingCounts } }

  /// Takes the next samples, mono: finite, about ±1.
  mutating func append(_ block: Span<Float>) {
    meter.append(block)
    narrowband?.append(block)
    wideband?.append(block)
    hear(known: nil)
  }

  /// Tells the meter where the narrowband model has heard speech, which may settle the band.
  ///
  /// - Parameter known: seconds up to which that is known; `nil` for what has been scored.
  private mutating func hear(known: Double?) {
    guard isUndecided, let heard = narrowband?.takeHeard() else { return }
    meter.speechBand?.hear(heard.speech, known: known ?? heard.known)
    if meter.speechBand?.isSettled ?? false { decide() }
  }

  /// Takes note of samples that were lost, or never sent.
  ///
  /// - Parameter count: within `missingCounts`.
  mutating func append(missing count: Int) {
    meter.skip(count)
    narrowband?.append(missing: count)
    wideband?.append(missing: count)
    hear(known: nil)
  }

  /// Takes note of which further frames, of 40 ms, are another party's echo.
  mutating func hear(echo frames: [Bool]) {
    narrowband?.hear(echo: frames)
    wideband?.hear(echo: frames)
    hear(known: nil)
  }

  /// Takes note of that no other frames are another party's echo.
  mutating func endEcho() {
    narrowband?.endEcho()
    wideband?.endEcho()
    hear(known: nil)
  }

  private mutating func decide() {
    decidedWideband = isWideband
    meter.speechBand = nil
    narrowband?.keepsHeard = false
    if decidedWideband { narrowband = nil } else { wideband = nil }
  }

  /// Screens what still waits. Nothing may be appended afterwards.
  ///
  /// - Parameter threads: that the second stage listens on.
  mutating func finish(threads: Int = 1) {
    narrowband?.finish(threads: threads)
    hear(known: .infinity)
    if isUndecided { decide() }
    wideband?.finish(threads: threads)
  }

  /// The result, once the party is finished.
  ///
  /// - Parameter channel: of the recording, from 1.
  func result(channel: Int) -> PartyResult {
    withCurrent { $0.result(channel: channel) }
  }

  /// The value of `body` of the screener that judges the party, as far as is known.
  func withCurrent<Value>(_ body: (borrowing PartyScreener) -> Value) -> Value {
    if isWideband {
      switch wideband {
      case .some(let screener): return body(screener)
      case .none: break
      }
    }
    switch narrowband {
    case .some(let screener): return body(screener)
    case .none: preconditionFailure("a party is screened by one model at least")
    }
  }
}
