/// Features of a stream of samples: level-normalised log-mel spectrograms at one or several resolutions, and the contrast of
/// the envelope (`EnvelopeContrast`). It is what `LogMel` in `Models/training/network.py` computes.
///
/// Frame t covers samples t·hop ..< t·hop + window, under a periodic Hann window; further windows have the same centre, and
/// silence where they reach beyond the ends. The power spectra go through the triangles of `MelBank` to energies e_b,
/// b < bands. The level is a decaying peak of the mean energy of the frames of the first window,
///
///     L_t = max(L_{t-1} − decay, ln mean_b e_b, minimum)
///
/// and a feature is (max(ln max(e_b, floor) − L_t, rangeLow) + shift) / scale: a gain of the input changes nothing.
/// N samples give 1 + (N − window) / hop frames, none where N < window, however they are cut into blocks.
///
/// Where samples are missing, zeros stand for them; the level then stays as it is.
struct LogMel: ~Copyable {
  let settings: FeatureSettings
  /// Of the window, then of the further ones.
  private let spectrograms: [MelSpectrogram]
  private var contrast: EnvelopeContrast?
  /// Samples that the longest window reaches beyond the first on either side.
  private let beyond: Int
  /// Frames that wait for the batch to fill.
  private var filled = 0
  /// Samples from the start of the longest window of the next frame on.
  private var pending: [Float]
  private var level: Float
  /// Energies, then features of one frame, a row per window, and the contrast.
  private var bandEnergies: [Float]
  private var rows: [Float]
  /// Samples before `pending`; those are less that the longest window reaches beyond the start.
  private var passed: Int
  /// Places of missing samples that frames may still end in.
  private var missing: [Range<Int>] = []
  /// Whether each of the `filled` frames ends in a missing sample.
  private var endsMissing: [Bool]

  /// - Parameter batch: frames that are transformed at once.
  /// - Throws: when a setting is out of range, or memory runs out.
  init(_ settings: FeatureSettings, batch: Int = 128) throws(FeatureError) {
    try settings.validate()
    var spectrograms: [MelSpectrogram] = []
    for length in [settings.window] + (settings.furtherWindows ?? []) {
      spectrograms.append(try MelSpectrogram(settings, length: length, batch: batch))
    }
    let contrast = settings.envelope.map { EnvelopeContrast(settings, envelope: $0) }
    self.settings = settings
    self.spectrograms = spectrograms
    self.contrast = contrast
    let lengths = spectrograms.map(\.length) + [contrast?.length ?? 0]
    beyond = lengths.reduce(0) { max($0, ($1 - settings.window) / 2) }
    pending = [Float](repeating: 0, count: beyond)
    passed = -beyond
    level = settings.levelMinimum
    bandEnergies = [Float](repeating: 0, count: settings.featuresPerFrame)
    rows = [Float](repeating: 0, count: batch * settings.featuresPerFrame)
    endsMissing = [Bool](repeating: false, count: batch)
  }

  /// Takes the next samples, at the settings' rate, and appends the frames that are complete, a batch at a time.
  ///
  /// - Parameters:
  ///   - features: gets `featuresPerFrame` numbers per frame, those of a band one after the other.
  ///   - energies: gets the mean band energy of each frame, not normalised; `nil` where its last sample is missing.
  mutating func append(_ samples: [Float], into features: inout [Float], energies: inout [Float?]) {
    pending.append(contentsOf: samples)
    let reach = settings.window + 2 * beyond
    var start = 0
    while pending.count - start >= reach {
      pending.withUnsafeBufferPointer { pending in
        guard let pending = pending.baseAddress else { return }
        for spectrogram in spectrograms {
          spectrogram.load(pending + start + (reach - spectrogram.length) / 2, asFrame: filled)
        }
        if let length = contrast?.length { contrast?.load(pending + start + (reach - length) / 2) }
      }
      endsMissing[filled] = isMissing(passed + start + beyond + settings.window - 1)
      start += settings.hop
      filled += 1
      if filled == endsMissing.count { flush(into: &features, energies: &energies) }
    }
    pending.removeFirst(start)
    passed += start
  }

  /// Says that some of the samples to come are zeros for missing ones.
  ///
  /// - Parameter range: counted from the first sample of all; not before an earlier one.
  mutating func expectMissing(_ range: Range<Int>) {
    if let last = missing.last, range.lowerBound <= last.upperBound {
      missing[missing.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
    } else {
      missing.append(range)
    }
  }

  /// Whether a sample is missing; asked in order.
  private mutating func isMissing(_ sample: Int) -> Bool {
    while let first = missing.first, first.upperBound <= sample { missing.removeFirst() }
    return missing.first?.contains(sample) ?? false
  }

  /// Appends the frames that still wait; samples after the last whole frame are dropped.
  mutating func finish(into features: inout [Float], energies: inout [Float?]) {
    append([Float](repeating: 0, count: beyond), into: &features, energies: &energies)
    flush(into: &features, energies: &energies)
    pending.removeAll()
  }

  private mutating func flush(into features: inout [Float], energies: inout [Float?]) {
    guard filled > 0 else { return }
    for spectrogram in spectrograms { spectrogram.execute() }
    let (bands, windows, width) = (settings.bands, spectrograms.count, settings.featuresPerBand)
    var level = self.level
    bandEnergies.withUnsafeMutableBufferPointer { bandEnergies in
      rows.withUnsafeMutableBufferPointer { rows in
        guard let bandEnergies = bandEnergies.baseAddress, let rows = rows.baseAddress else { return }
        for frame in 0..<filled {
          for (index, spectrogram) in spectrograms.enumerated() {
            spectrogram.energies(ofFrame: frame, to: bandEnergies + index * bands)
          }
          var sum: Float = 0
          for band in 0..<bands { sum += bandEnergies[band] }
          let mean = sum / Float(bands)
          energies.append(endsMissing[frame] ? nil : mean)
          let decayed = endsMissing[frame] ? level : level - settings.levelDecay
          level = max(decayed, naturalLogarithm(max(mean, settings.floor)), settings.levelMinimum)
          let (floor, low, shift, scale) = (settings.floor, settings.rangeLow, settings.shift, 1 / settings.scale)
          for index in 0..<bands * windows {
            bandEnergies[index] = (max(naturalLogarithm(max(bandEnergies[index], floor)) - level, low) + shift) * scale
          }
          contrast?.read(level: level, to: bandEnergies + windows * bands)
          let row = rows + frame * bands * width
          for feature in 0..<width {
            for band in 0..<bands { row[band * width + feature] = bandEnergies[feature * bands + band] }
          }
        }
      }
    }
    self.level = level
    features.append(contentsOf: rows[..<(filled * bands * width)])
    filled = 0
  }
}
