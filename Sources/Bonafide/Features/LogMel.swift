/// Level-normalised log-mel spectrogram of a stream of samples: what `LogMel` in `Models/training/network.py` computes.
///
/// Frame t covers samples t·hop ..< t·hop + window, under a periodic Hann window. The power spectrum goes through the
/// triangles of `MelBank` to energies e_b, b < bands. The level is a decaying peak of the frames' mean energy,
///
///     L_t = max(L_{t-1} − decay, ln mean_b e_b, minimum)
///
/// and a feature is (max(ln max(e_b, floor) − L_t, rangeLow) + shift) / scale: a gain of the input changes nothing.
/// N samples give 1 + (N − window) / hop frames, none where N < window, however they are cut into blocks.
///
/// Where samples are missing, zeros stand for them; the level then stays as it is.
struct LogMel: ~Copyable {
  let settings: FeatureSettings
  private let bank: MelBank
  private let window: [Float]
  private let transform: RealTransform
  /// Frames in `transform.input` that wait for the batch to fill.
  private var filled = 0
  /// Samples from the start of the next frame on.
  private var pending: [Float] = []
  private var level: Float
  private var power: [Float]
  private var rows: [Float]
  /// Samples before `pending`.
  private var passed = 0
  /// Places of missing samples that frames may still end in.
  private var missing: [Range<Int>] = []
  /// Whether each of the `filled` frames ends in a missing sample.
  private var endsMissing: [Bool]

  /// - Parameter batch: frames that are transformed at once.
  /// - Throws: when a setting is out of range, or memory runs out.
  init(_ settings: FeatureSettings, batch: Int = 128) throws(FeatureError) {
    try settings.validate()
    let transform = try RealTransform(size: settings.fft, batch: batch)
    self.settings = settings
    bank = MelBank(settings)
    window = periodicHann(settings.window)
    self.transform = transform
    level = settings.levelMinimum
    power = [Float](repeating: 0, count: bank.paddedBins)
    rows = [Float](repeating: 0, count: batch * settings.bands)
    endsMissing = [Bool](repeating: false, count: batch)
  }

  /// Takes the next samples, at the settings' rate, and appends the frames that are complete, a batch at a time.
  ///
  /// - Parameters:
  ///   - features: gets `bands` numbers per frame.
  ///   - energies: gets the mean band energy of each frame, not normalised; `nil` where its last sample is missing.
  mutating func append(_ samples: [Float], into features: inout [Float], energies: inout [Float?]) {
    pending.append(contentsOf: samples)
    var start = 0
    while pending.count - start >= settings.window {
      let frame = transform.input + filled * settings.fft
      pending.withUnsafeBufferPointer { pending in
        window.withUnsafeBufferPointer { window in
          for i in window.indices { frame[i] = pending[start + i] * window[i] }
        }
      }
      endsMissing[filled] = isMissing(passed + start + settings.window - 1)
      start += settings.hop
      filled += 1
      if filled == transform.batch { flush(into: &features, energies: &energies) }
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
    flush(into: &features, energies: &energies)
    pending.removeAll()
  }

  private mutating func flush(into features: inout [Float], energies: inout [Float?]) {
    guard filled > 0 else { return }
    transform.execute()
    let bands = settings.bands
    var level = self.level
    power.withUnsafeMutableBufferPointer { power in
      rows.withUnsafeMutableBufferPointer { rows in
        guard let power = power.baseAddress, let rows = rows.baseAddress else { return }
        for frame in 0..<filled {
          let row = rows + frame * bands
          transform.power(ofFrame: frame, to: power)
          bank.apply(power, to: row)
          var sum: Float = 0
          for band in 0..<bands { sum += row[band] }
          let mean = sum / Float(bands)
          energies.append(endsMissing[frame] ? nil : mean)
          let decayed = endsMissing[frame] ? level : level - settings.levelDecay
          level = max(decayed, naturalLogarithm(max(mean, settings.floor)), settings.levelMinimum)
          let (floor, low, shift, scale) = (settings.floor, settings.rangeLow, settings.shift, 1 / settings.scale)
          for band in 0..<bands {
            row[band] = (max(naturalLogarithm(max(row[band], floor)) - level, low) + shift) * scale
          }
        }
      }
    }
    self.level = level
    features.append(contentsOf: rows[..<(filled * bands)])
    filled = 0
  }
}
