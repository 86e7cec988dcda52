import BonafideAudio
import BonafideNetwork

/// A party's samples to what the network says of each score frame: resampler, silence gate, features, network. What is drawn of the sound is
/// made on the way, since it takes the same features.
///
/// Silences that the gate leaves out go round features and network; they come out as `dueSilence`.
struct PartyScorer: ~Copyable {
  private let settings: FeatureSettings
  private let sampleRate: Int
  private let blockFrames: Int
  private var resampler: Resampler
  private var gate: SilenceGate
  /// Score frames that scores lag behind, at least: what the gate leaves out is passed over that much earlier, amid silence, so that it
  /// need not wait for the frames before it.
  private let framesBehind: Int
  private var logMel: LogMel
  private var network: CRNNStream
  /// What drawings take; `nil` unless asked for.
  private var sound: SoundTrace?

  /// Samples and zeros for missing ones that went through the resampler.
  private var screened = 0
  private var resampled: [Float] = []
  /// Those of `resampled` that pass the gate.
  private var audible: [Float] = []
  /// Silences that the gate has left out: those that have not come out yet, and those that the drawing has not passed over.
  private var silences: [SilenceGate.Drop] = []
  private var undrawnSilences: [SilenceGate.Drop] = []
  /// Score frames that the drawing has of the features: what was left out is not among them.
  private var drawnFrames = 0
  private var features: [Float] = []
  private var frameEnergies: [Float?] = []

  /// What the network has said, and was not removed yet.
  private(set) var outputs: [FrameOutput] = []
  /// What else is known of score frames; the first is that of the first output.
  private(set) var frames: ScoreFrames

  /// - Parameters:
  ///   - sampleRate: of the samples to come, in Hz; one that `AudioFormat.sampleRates` has.
  ///   - blockFrames: most feature frames that are worked on at once.
  ///   - isPrompt: whether little is to be kept back, by the resampler or to fill a block.
  ///   - trace: what to draw; `nil` for nothing.
  /// - Throws: when the rate cannot be resampled, or memory runs out.
  init(model: Model, sampleRate: Int, blockFrames: Int, isPrompt: Bool, trace: (columns: Int, bands: Int)?) throws(ScreeningError) {
    let settings = model.card.features
    let resampler = try ScreeningError.wrapping { () throws(AudioError) in
      try Resampler(from: sampleRate, to: settings.sampleRate, isPrompt: isPrompt)
    }
    let logMel = try ScreeningError.wrapping { () throws(FeatureError) in try LogMel(model.features, isPrompt: isPrompt) }
    (self.settings, self.sampleRate, self.blockFrames) = (settings, sampleRate, blockFrames)
    self.resampler = resampler
    gate = SilenceGate(unit: CRNN.framesPerScore * settings.hop)
    framesBehind =
      2 * ((logMel.framesBehind + CRNNStream.leastBlock - 1) / CRNNStream.leastBlock) + CRNNStream.lookAhead / CRNN.framesPerScore
    self.logMel = logMel
    network = CRNNStream(model.network, blockFrames: blockFrames, isPrompt: isPrompt)
    frames = ScoreFrames(settings: settings)
    sound = trace.map {
      SoundTrace(columns: $0.columns, bands: $0.bands, settings: settings, sampleRate: sampleRate, hop: Self.hop(settings))
    }
  }

  /// Seconds of a score frame.
  static func hop(_ settings: FeatureSettings) -> Double { Double(CRNN.framesPerScore * settings.hop) / Double(settings.sampleRate) }

  /// Takes note of samples for the drawing; those of `append` are to be given here too.
  mutating func draw(_ block: Span<Float>) { sound?.append(block) }

  mutating func draw(missing count: Int) { sound?.skip(count) }

  /// Takes note of that the drawing has no more of so many score frames.
  mutating func passDrawing(_ scoreFrames: Int) { sound?.pass(scoreFrames) }

  func trace(of evidence: PartyEvidence, points: Thresholds) -> PartyTrace? { sound?.trace(of: evidence, points: points) }

  /// Takes the next samples, mono, at the sample rate.
  ///
  /// - Parameter isMissing: whether they are zeros in the place of samples that `expectMissing` has spoken of.
  mutating func append(_ block: Span<Float>, isMissing: Bool = false) {
    screened += block.count
    resampled.removeAll(keepingCapacity: true)
    resampler.process(block, appendingTo: &resampled)
    takeResampled(isMissing: isMissing)
  }

  /// Takes note of that the next `count` samples are zeros in the place of missing ones.
  mutating func expectMissing(_ count: Int) {
    releaseGate()
    let rate = settings.sampleRate
    logMel.expectMissing(screened * rate / sampleRate - gate.dropped..<(screened + count) * rate / sampleRate - gate.dropped)
  }

  /// Takes what still waits through to the end. Nothing may be appended afterwards.
  mutating func finish() {
    resampled.removeAll(keepingCapacity: true)
    resampler.finish(appendingTo: &resampled)
    takeResampled(isMissing: false)
    releaseGate()
    startFeatures()
    logMel.finish(into: &features, energies: &frameEnergies)
    useFeatures()
    closeScoreFrame()
    network.finish(into: &outputs)
  }

  /// Outputs whose frames are complete.
  var readyCount: Int { min(outputs.count, frames.energies.count) }

  /// Forgets outputs and their frames.
  mutating func removeFirst(_ count: Int) {
    frames.removeFirst(count)
    outputs.removeFirst(count)
  }

  /// Score frames of the next silence that is due once `scoredFrames` outputs were used, which is taken away with it; `nil` where none is.
  mutating func dueSilence(after scoredFrames: Int) -> Int? {
    guard let silence = silences.first, silence.after - framesBehind <= scoredFrames else { return nil }
    silences.removeFirst()
    return silence.count
  }

  private mutating func takeResampled(isMissing: Bool) {
    audible.removeAll(keepingCapacity: true)
    if isMissing {
      audible += resampled
      gate.pass(missing: resampled.count)
    } else {
      var found: [SilenceGate.Drop] = []
      gate.append(resampled, to: &audible, drops: &found)
      for silence in found {
        logMel.expectSilence(of: silence.count * CRNN.framesPerScore, before: silence.after * CRNN.framesPerScore)
        silences.merge(silence)
        if sound != nil { undrawnSilences.merge(silence) }
      }
    }
    useAudible()
  }

  private mutating func releaseGate() {
    audible.removeAll(keepingCapacity: true)
    gate.release(to: &audible)
    useAudible()
  }

  private mutating func useAudible() {
    // A block at a time, so that what is made of the samples stays small where the gate lets many pass at once.
    let block = blockFrames * settings.hop
    var samples: [Float] = []
    swap(&samples, &audible)
    for start in stride(from: 0, to: samples.count, by: block) {
      startFeatures()
      logMel.append(samples.span.extracting(start..<min(samples.count, start + block)), into: &features, energies: &frameEnergies)
      useFeatures()
    }
    // The room of more is given back.
    if samples.count <= 2 * block { audible = samples }
    // A silence is passed over at once, so that nothing waits for sound to come, and nothing that waits grows with the silence.
    if !silences.isEmpty {
      startFeatures()
      logMel.flush(into: &features, energies: &frameEnergies)
      useFeatures()
      network.flush(into: &outputs)
    }
  }

  private mutating func startFeatures() {
    features.removeAll(keepingCapacity: true)
    frameEnergies.removeAll(keepingCapacity: true)
  }

  private mutating func useFeatures() {
    let perFrame = settings.featuresPerFrame
    for (frame, energy) in frameEnergies.enumerated() {
      sound?.add(featureFrame: features[frame * perFrame..<(frame + 1) * perFrame])
      if frames.add(frame: frame, of: features, energy: energy) { closeScoreFrame() }
    }
    network.append(features, into: &outputs)
  }

  private mutating func closeScoreFrame() {
    while let silence = undrawnSilences.first, silence.after - framesBehind <= drawnFrames {
      sound?.pass(silent: silence.count)
      undrawnSilences.removeFirst()
    }
    drawnFrames += 1
    if let frame = frames.close() { sound?.closeFrame(featureFrames: frame.featureFrames, energy: frame.energy) }
  }
}
