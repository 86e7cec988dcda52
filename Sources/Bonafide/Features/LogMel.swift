import CKernels

/// Features of a stream of samples: level-normalised log-mel spectrograms at one or several resolutions, and the contrast of
/// the envelope (`EnvelopeContrast`). It is what `LogMel` in `bonafide_models/features.py` of `Models/src` computes.
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
/// Where samples are missing, zeros stand for them; the level then stays as it is. Where silence is left out, the level falls as it were there.
package struct LogMel: ~Copyable {
  let settings: FeatureSettings
  private let bandEnergyCount: Int
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
  /// Levels of the batch; of `kernels_lanes` frames mean energies, energies (a row per band), and power spectra.
  private var work: [Float]
  /// Features of the batch.
  private var rows: [Float]
  /// Samples before `pending`; those are less that the longest window reaches beyond the start.
  private var passed: Int
  /// Places of missing samples that frames may still end in.
  private var missing: [Range<Int>] = []
  /// Silences that are left out: the frames that come next behind them, and how many frames they would be.
  private var silences: [(frame: Int, count: Int)] = []
  /// Frames so far whose level is known.
  private var levelled = 0
  /// Whether each of the `filled` frames ends in a missing sample.
  private var endsMissing: [Bool]

  /// - Parameter batch: frames that are worked on at once, or a few more.
  /// - Throws: when a setting is out of range, or memory runs out.
  package init(_ settings: FeatureSettings, batch: Int = 128) throws(FeatureError) {
    try self.init(FeatureTables(settings), batch: batch)
  }

  /// - Parameter batch: frames that are worked on at once, or a few more.
  /// - Throws: when memory runs out.
  package init(_ tables: FeatureTables, batch: Int = 128) throws(FeatureError) {
    let settings = tables.settings
    let lanes = Int(kernels_lanes)
    let batch = batch < lanes ? batch + batch % 2 : (batch + lanes - 1) / lanes * lanes
    let spectra = try SpectrumBuffer(count: tables.resolutions.map { MelSpectrogram.room($0) }.max() ?? 0)
    var spectrograms: [MelSpectrogram] = []
    for resolution in tables.resolutions {
      spectrograms.append(try MelSpectrogram(resolution, batch: batch, spectra: spectra))
    }
    let contrast = tables.contrast
    self.settings = settings
    self.spectrograms = spectrograms
    self.contrast = contrast
    let lengths = spectrograms.map(\.length) + [contrast?.length ?? 0]
    beyond = lengths.reduce(0) { max($0, ($1 - settings.window) / 2) }
    pending = [Float](repeating: 0, count: beyond)
    passed = -beyond
    level = settings.levelMinimum
    bandEnergyCount = settings.bands * lanes
    let powerCount = tables.resolutions.map { MelSpectrogram.workCount($0) }.max() ?? 0
    work = [Float](repeating: 0, count: batch + lanes + bandEnergyCount + powerCount)
    rows = [Float](repeating: 0, count: batch * settings.featuresPerFrame)
    endsMissing = [Bool](repeating: false, count: batch)
  }

  /// Takes the next samples, at the settings' rate, and appends the frames that are complete, a batch at a time.
  ///
  /// - Parameters:
  ///   - features: gets `featuresPerFrame` numbers per frame, those of a band one after the other.
  ///   - energies: gets the mean band energy of each frame, not normalised; `nil` where its last sample is missing.
  package mutating func append(_ samples: Span<Float>, into features: inout [Float], energies: inout [Float?]) {
    samples.withUnsafeBufferPointer { pending.append(contentsOf: $0) }
    var start = 0
    while pending.count - start >= reach + settings.hop {
      load(frames: 2, from: start)
      start += 2 * settings.hop
      if filled == endsMissing.count { work(into: &features, energies: &energies) }
    }
    pending.removeFirst(start)
    passed += start
  }

  /// Takes the next samples, as the other `append` does.
  package mutating func append(_ samples: [Float], into features: inout [Float], energies: inout [Float?]) {
    append(samples.span, into: &features, energies: &energies)
  }

  /// Samples that a frame reads.
  private var reach: Int { settings.window + 2 * beyond }

  /// Puts the next one or two frames into the batch.
  ///
  /// - Parameter start: where in `pending` the samples that the first reads begin.
  private mutating func load(frames: Int, from start: Int) {
    let (reach, hop) = (reach, settings.hop)
    pending.withUnsafeBufferPointer { pending in
      guard let samples = pending.baseAddress.map({ $0 + start }) else { return }
      for spectrogram in spectrograms {
        let first = samples + (reach - spectrogram.length) / 2
        spectrogram.load(first, frames == 2 ? first + hop : nil, asFrame: filled)
      }
      guard let length = contrast?.length else { return }
      for frame in 0..<frames { contrast?.load(samples + frame * hop + (reach - length) / 2) }
    }
    for frame in 0..<frames {
      endsMissing[filled + frame] = isMissing(passed + start + frame * hop + beyond + settings.window - 1)
    }
    filled += frames
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

  /// Frames that are not complete where as many samples are known as there are hops in them.
  var framesBehind: Int { (settings.window + beyond - 1) / settings.hop }

  /// Says that silence is left out.
  ///
  /// - Parameters:
  ///   - count: frames that it would be.
  ///   - frame: the frame that begins where it does; not an earlier one than before.
  mutating func expectSilence(of count: Int, before frame: Int) {
    if let last = silences.last, last.frame == frame {
      silences[silences.count - 1].count += count
    } else {
      silences.append((frame, count))
    }
  }

  /// Whether a sample is missing; asked in order.
  private mutating func isMissing(_ sample: Int) -> Bool {
    while let first = missing.first, first.upperBound <= sample { missing.removeFirst() }
    return missing.first?.contains(sample) ?? false
  }

  /// Appends the frames that still wait; samples after the last whole frame are dropped.
  package mutating func finish(into features: inout [Float], energies: inout [Float?]) {
    append([Float](repeating: 0, count: beyond), into: &features, energies: &energies)
    flush(into: &features, energies: &energies)
    pending.removeAll()
  }

  /// Appends the frames that wait for another one, or for their batch to fill; later ones are the same.
  mutating func flush(into features: inout [Float], energies: inout [Float?]) {
    if pending.count >= reach {
      load(frames: 1, from: 0)
      pending.removeFirst(settings.hop)
      passed += settings.hop
    }
    work(into: &features, energies: &energies)
  }

  /// Appends the frames of the batch.
  private mutating func work(into features: inout [Float], energies: inout [Float?]) {
    guard filled > 0 else { return }
    let (bands, width, lanes) = (settings.bands, settings.featuresPerBand, Int(kernels_lanes))
    var scaling = kernels_scaling(
      floor: settings.floor, low: settings.rangeLow, shift: settings.shift, scale: settings.scale)
    var level = self.level
    rows.withUnsafeMutableBufferPointer { rows in
      work.withUnsafeMutableBufferPointer { work in
        guard let rows = rows.baseAddress, let levels = work.baseAddress else { return }
        let means = levels + endsMissing.count
        let bandEnergies = means + lanes
        let power = bandEnergies + bandEnergyCount
        // One after the other, for their spectra share a buffer.
        for (index, spectrogram) in spectrograms.enumerated() {
          for first in stride(from: 0, to: filled, by: lanes) {
            let count = min(lanes, filled - first)
            spectrogram.energies(ofFramesFrom: first, to: bandEnergies, power: power)
            if index == 0 {
              kernels_mean(bandEnergies, bands, means)
              for frame in 0..<count {
                let isMissing = endsMissing[first + frame]
                energies.append(isMissing ? nil : means[frame])
                while let silence = silences.first, silence.frame <= levelled {
                  level -= settings.levelDecay * Float(silence.count)
                  silences.removeFirst()
                }
                levelled += 1
                let logarithm = naturalLogarithm(max(means[frame], settings.floor))
                level = max(isMissing ? level : level - settings.levelDecay, logarithm, settings.levelMinimum)
                levels[first + frame] = level
              }
            }
            kernels_scale(
              &scaling, bandEnergies, bands, levels + first, rows + first * bands * width + index, width, bands * width, count)
          }
        }
        for frame in 0..<filled {
          contrast?.read(level: levels[frame], to: rows + frame * bands * width + width - 1, stride: width)
        }
      }
    }
    self.level = level
    features.append(contentsOf: rows[..<(filled * bands * width)])
    filled = 0
  }
}
