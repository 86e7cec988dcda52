import BonafideAudio
import BonafideNetwork

/// Screens one party from its samples, a block at a time: scores of frames, evidence, verdict. The one engine of recordings and streams,
/// which differ in the length of blocks.
///
/// Memory does not grow with time, but as `PartyEvidence` says.
struct PartyScreener: ~Copyable {
  /// Whether scores are to come cheaply, or soon.
  enum Pace: Sendable {
    case recording, live

    /// Most feature frames that are worked on at once: scores come every 4 s, or every 80 ms, and of what waits up to 320 ms at once.
    var blockFrames: Int { self == .live ? 32 : 400 }
    /// Samples that the second stage's windows may keep longer than they have to.
    var windowSlack: Int { self == .live ? 1 << 12 : 1 << 15 }
  }

  private let card: ModelCard
  private let sampleRate: Int
  private let judge: PartyJudge
  private let keepsTimeline: Bool
  private var scorer: PartyScorer
  private(set) var evidence: PartyEvidence
  private var clipping: ClippingMeter
  private var offset: OffsetRemover
  /// The block that is screened, without its offset.
  private var centred: [Float] = []
  /// What the second stage hears of the party; `nil` where there is none.
  private var windows: SpeechWindows?
  /// What it has said of them; `nil` where it has heard none.
  private var opinion: SecondOpinion?
  private let second: SecondStage?
  private let pace: Pace
  /// Whether `takeHeard()` will be called.
  var keepsHeard = false
  /// Whether frames wait until `hear(echo:)` has said of them whether they are echo.
  private var awaitsEcho: Bool
  /// Whether frames are echo, from `echoStart` on.
  private var echo: [Bool] = []
  private var echoStart = 0
  /// Middles of frames of speech since it was, in seconds.
  private var heard: [Double] = []

  /// Missing samples of a gap that are screened as zeros before the rest is passed over: four seconds, in which the turn
  /// ends and the network has heard silence, and a block, and what echo takes to be told, so that the frames before the gap are out.
  private let gapScreened: Int
  /// Missing samples that are passed over at once, whole seconds, and the score frames that they make.
  private let passUnit: Int
  private let passFrames: Int

  /// Samples so far, those missing included.
  private(set) var samples = 0
  /// Missing samples in the gap that the party is in, those passed over or waiting for it included.
  private var gap = 0
  /// Missing samples that are neither screened nor passed over yet.
  private var waiting = 0

  /// Score frames that the evidence has of the network: silences that were left out are not among them.
  private var scoredFrames = 0

  /// Numbers of samples that may be missing at once: up to a week, as long as the sum is one that a `Double` holds.
  var missingCounts: ClosedRange<Int> { 0...max(0, min(7 * 86_400 * sampleRate, 1 << 53 - samples)) }

  /// - Parameters:
  ///   - sampleRate: of the samples to come, in Hz.
  ///   - options: prior, operating points, whether to keep a timeline.
  ///   - awaitsEcho: whether `hear(echo:)` will say which frames are echo.
  /// - Throws: when the rate cannot be resampled, or memory runs out.
  init(
    model: Model, second: SecondStage?, sampleRate: Int, options: ScanOptions, pace: Pace, awaitsEcho: Bool = false
  ) throws(ScreeningError) {
    guard AudioFormat.sampleRates.contains(sampleRate) else { throw .unsupportedRate(sampleRate) }
    let settings = model.card.features
    scorer = try PartyScorer(
      model: model, sampleRate: sampleRate, blockFrames: pace.blockFrames, isPrompt: pace == .live, trace: options.trace)
    let thresholds = Thresholds(model.card.operatingPoints, options: options)
    card = model.card
    self.awaitsEcho = awaitsEcho
    self.sampleRate = sampleRate
    let fusion = second?.card.fusions[model.card.name]
    judge = PartyJudge(
      thresholds: thresholds, prior: options.prior,
      fusion: fusion.map { ($0, Thresholds($0.operatingPoints, options: options)) })
    let hop = PartyScorer.hop(settings)
    self.second = fusion == nil ? nil : second
    windows = fusion == nil ? nil : SpeechWindows(sampleRate: sampleRate, hop: hop, slack: pace.windowSlack)
    self.pace = pace
    keepsTimeline = options.timeline
    evidence = PartyEvidence(
      calibration: card.calibration, thresholds: thresholds,
      hop: hop, timeline: options.timeline, traceColumns: options.trace?.columns)
    clipping = ClippingMeter(sampleRate: sampleRate, hop: evidence.hop)
    offset = OffsetRemover(sampleRate: sampleRate)
    let echoSeconds = awaitsEcho ? EchoFinder.secondsBehind : 0
    gapScreened = sampleRate * (4 + echoSeconds + pace.blockFrames * settings.hop / settings.sampleRate)
    let scoreHop = CRNN.framesPerScore * settings.hop
    let seconds = scoreHop / Self.greatestCommonDivisor(scoreHop, settings.sampleRate)
    passUnit = seconds * sampleRate
    passFrames = seconds * settings.sampleRate / scoreHop
  }

  /// Seconds so far.
  var duration: Double { Double(samples) / Double(sampleRate) }

  /// Seconds up to which there are scores.
  var scoredDuration: Double { min(evidence.hop * Double(evidence.frameCount), duration) }

  /// Takes the next samples, mono, at `sampleRate`: finite, about ±1.
  mutating func append(_ block: Span<Float>) {
    guard !block.isEmpty else { return }
    if waiting > 0 {
      screenMissing(waiting)
      waiting = 0
    }
    gap = 0
    samples += block.count
    clipping.append(block)
    scorer.draw(block)
    var samples: [Float] = []
    swap(&samples, &centred)
    if offset.process(block, into: &samples) { screen(samples.span) } else { screen(block) }
    centred = samples
  }

  /// Takes note of samples that were lost, or never sent.
  ///
  /// Up to `gapScreened` of a gap are screened as zeros that are neither speech nor noise and leave the level as it is. The
  /// rest is passed over, so that a long gap costs no more than a short one.
  ///
  /// - Parameter count: within `missingCounts`.
  mutating func append(missing count: Int) {
    releaseFirst()
    samples += count
    clipping.skip(count)
    scorer.draw(missing: count)
    let head = min(count, max(0, gapScreened - gap))
    gap += count
    screenMissing(head)
    waiting += count - head
    evidence.pass(missing: waiting / passUnit * passFrames)
    scorer.passDrawing(waiting / passUnit * passFrames)
    waiting %= passUnit
  }

  /// Screens what waits for ten milliseconds to be whole, at the start of a party.
  private mutating func releaseFirst() {
    let samples = offset.release()
    if !samples.isEmpty { screen(samples.span) }
  }

  private mutating func screenMissing(_ count: Int) {
    guard count > 0 else { return }
    scorer.expectMissing(count)
    let zeros = [Float](repeating: 0, count: min(count, Self.missingBlock))
    var rest = count
    while rest > 0 {
      let block = min(rest, zeros.count)
      screen(zeros.span.extracting(first: block), isMissing: true)
      rest -= block
    }
  }

  private static let missingBlock = 1000

  private mutating func screen(_ block: Span<Float>, isMissing: Bool = false) {
    windows?.append(block)
    scorer.append(block, isMissing: isMissing)
    gather()
  }

  /// Adds what the network has said to the evidence.
  private mutating func gather() {
    let ready = scorer.readyCount
    var i = 0
    while true {
      passSilences()
      guard i < ready, !awaitsEcho || evidence.frameCount < echoStart + echo.count else { break }
      let place = evidence.frameCount - echoStart
      let speech = evidence.append(
        scorer.outputs[i], energy: scorer.frames.energies[i], shape: scorer.frames.shapes[i],
        isEcho: echo.indices.contains(place) && echo[place])
      clipping.hear(frame: evidence.frameCount - 1, isSpeech: speech != nil)
      windows?.append(speech)
      if keepsHeard, speech != nil { heard.append(evidence.hop * (Double(evidence.frameCount) - 0.5)) }
      scoredFrames += 1
      i += 1
    }
    scorer.removeFirst(i)
    let known = min(echo.count, max(0, evidence.frameCount - echoStart))
    echo.removeFirst(known)
    echoStart += known
    // At once in a live call, so that verdicts are early, work is spread over time and no samples wait.
    if pace == .live, windows?.waits == true { hear() }
  }

  /// Passes over the silences that are due before the next frame.
  private mutating func passSilences() {
    while let count = scorer.dueSilence(after: scoredFrames) {
      evidence.pass(count)
      clipping.hear(frame: evidence.frameCount - 1, isSpeech: false)
      for _ in 0..<count { windows?.append(nil) }
    }
  }

  private mutating func hear(threads: Int = 1) {
    guard let second, let rule = judge.fusion?.rule else { return }
    windows?.hear(with: second, isWideband: card.features.sampleRate >= CompressedSpectrogram.sampleRate, threads: threads)
    opinion = windows?.opinion(
      rule, calibration: card.calibration, hop: evidence.hop, signalToNoise: evidence.noise.signalToNoise)
  }

  /// Takes note of which further frames are another party's echo.
  mutating func hear(echo frames: [Bool]) {
    echo += frames
    gather()
  }

  /// Takes note of that no other frames are another party's echo.
  mutating func endEcho() {
    awaitsEcho = false
    gather()
  }

  /// Where there was speech since the last call: middles of frames, in seconds; and the seconds up to which that is known.
  mutating func takeHeard() -> (speech: [Double], known: Double) {
    defer { heard = [] }
    return (heard, evidence.hop * Double(evidence.frameCount))
  }

  /// Screens what still waits. Nothing may be appended afterwards.
  ///
  /// - Parameter threads: that the second stage listens on.
  mutating func finish(threads: Int) {
    releaseFirst()
    screenMissing(waiting)
    waiting = 0
    scorer.finish()
    gather()
    clipping.finish()
    evidence.finish()
    windows?.finish()
    hear(threads: threads)
  }

  /// What the evidence says so far.
  var judgement: PartyJudge.Judgement {
    judge.judgement(
      evidence, second: opinion, signalToNoise: evidence.noise.signalToNoise, isDistorted: clipping.shares?.isTooMuch ?? false)
  }

  /// The result, once the party is finished.
  ///
  /// - Parameter channel: of the recording, from 1.
  func result(channel: Int) -> PartyResult {
    var result = judge.result(
      evidence, second: opinion, signalToNoise: evidence.noise.signalToNoise, clipping: clipping.shares, channel: channel,
      duration: duration, timeline: keepsTimeline)
    result.model = card.name
    result.trace = scorer.trace(of: evidence, points: judge.thresholds)
    return result
  }

  /// What is said of a stretch.
  func segment(_ span: SpeechSpan) -> Segment {
    judge.segment(span, of: evidence, duration: duration)
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
