import BonafideAudio
import BonafideNetwork

/// Screens one party from its samples, a block at a time: resampler, features, network; scores and verdict at the end.
///
/// Memory grows only by 16 bytes per 40 ms of audio.
struct PartyScreener: ~Copyable {
  private let card: ModelCard
  private let sampleRate: Int
  private var samples = 0
  private var resampler: Resampler
  private var logMel: LogMel
  private var network: CRNNStream
  private var meter: BandwidthMeter

  private var resampled: [Float] = []
  private var features: [Float] = []
  private var frameEnergies: [Float] = []
  private var outputs: [FrameOutput] = []
  /// Mean energy per score frame.
  private var energies: [Float] = []
  /// Feature frames in the last, unfinished score frame, and their energy.
  private var partialFrames = 0
  private var partialEnergy: Float = 0

  /// - Parameter sampleRate: of the samples to come, in Hz.
  /// - Throws: when the rate cannot be resampled, or memory runs out.
  init(model: Model, sampleRate: Int) throws(ScreeningError) {
    let resampler = try ScreeningError.wrapping { () throws(AudioError) in
      try Resampler(from: sampleRate, to: model.card.features.sampleRate)
    }
    let logMel = try ScreeningError.wrapping { () throws(FeatureError) in try LogMel(model.card.features) }
    let meter = try ScreeningError.wrapping { () throws(FeatureError) in try BandwidthMeter(sampleRate: sampleRate) }
    card = model.card
    self.sampleRate = sampleRate
    self.resampler = resampler
    self.logMel = logMel
    self.meter = meter
    network = CRNNStream(model.network)
  }

  /// Takes the next samples, mono, at `sampleRate`.
  mutating func append(_ block: [Float]) {
    samples += block.count
    meter.append(block)
    resampled.removeAll(keepingCapacity: true)
    block.withUnsafeBufferPointer { resampler.process($0, appendingTo: &resampled) }
    screenResampled()
  }

  private mutating func screenResampled() {
    features.removeAll(keepingCapacity: true)
    frameEnergies.removeAll(keepingCapacity: true)
    logMel.append(resampled, into: &features, energies: &frameEnergies)
    keepEnergies()
    network.append(features, into: &outputs)
  }

  private mutating func keepEnergies() {
    for energy in frameEnergies {
      partialEnergy += energy
      partialFrames += 1
      if partialFrames == CRNN.framesPerScore { closeScoreFrame() }
    }
  }

  private mutating func closeScoreFrame() {
    energies.append(partialEnergy / Float(partialFrames))
    partialEnergy = 0
    partialFrames = 0
  }

  /// Highest frequency with energy so far, in Hz; `nil` where there was none.
  var bandwidth: Double? { meter.bandwidth }

  /// Screens what still waits and judges the party. Nothing may be appended afterwards.
  ///
  /// - Parameter channel: of the recording, from 1.
  mutating func finish(channel: Int, options: ScanOptions) -> PartyResult {
    resampled.removeAll(keepingCapacity: true)
    resampler.finish(appendingTo: &resampled)
    screenResampled()
    features.removeAll(keepingCapacity: true)
    frameEnergies.removeAll(keepingCapacity: true)
    logMel.finish(into: &features, energies: &frameEnergies)
    keepEnergies()
    if partialFrames > 0 { closeScoreFrame() }
    network.append(features, into: &outputs)
    network.finish(into: &outputs)

    let hop = Double(CRNN.framesPerScore * card.features.hop) / Double(card.features.sampleRate)
    let track = SpeechTrack(outputs: outputs, energies: energies, hop: hop)
    let judge = PartyJudge(
      calibration: card.calibration, thresholds: Thresholds(card.operatingPoints, options: options), prior: options.prior,
      duration: Double(samples) / Double(sampleRate))
    return judge.result(
      track, signalToNoise: signalToNoise(track, energies: energies), channel: channel, timeline: options.timeline)
  }
}
