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
  private let tables: FeatureTables
  private let isPrompt: Bool
  private var contrast: EnvelopeContrast?
  /// Samples that the longest window reaches beyond the first on either side.
  private let beyond: Int
  /// Samples from the start of the longest window of the next frame on.
  private var pending: [Float]
  private var level: Float
  /// Samples before `pending`; those are less that the longest window reaches beyond the start.
  private var passed: Int
  /// Places of missing samples that frames may still end in.
  private var missing: [Range<Int>] = []
  /// Silences that are left out: the frames that come next behind them, and how many frames they would be.
  private var silences: [(frame: Int, count: Int)] = []
  /// Frames so far.
  private var frameCount = 0

  var settings: FeatureSettings { tables.settings }

  /// Frames of the shortest batches where `isPrompt`.
  private static let leastBatch = 8

  /// - Throws: when a setting is out of range, or memory runs out.
  package init(_ settings: FeatureSettings) throws(FeatureError) {
    try self.init(FeatureTables(settings))
  }

  /// - Parameter isPrompt: whether every eight frames are worked on when they are there, in place of a batch of more.
  /// - Throws: when memory runs out.
  package init(_ tables: FeatureTables, isPrompt: Bool = false) throws(FeatureError) {
    try tables.workspaces.prepare(tables)
    self.tables = tables
    self.isPrompt = isPrompt
    contrast = tables.contrast
    let settings = tables.settings
    let lengths = tables.resolutions.map(\.window.count) + [contrast?.length ?? 0]
    beyond = lengths.reduce(0) { max($0, ($1 - settings.window) / 2) }
    pending = [Float](repeating: 0, count: beyond)
    passed = -beyond
    level = settings.levelMinimum
  }

  /// Takes the next samples, at the settings' rate, and appends the frames that are complete, a batch at a time.
  ///
  /// - Parameters:
  ///   - features: gets `featuresPerFrame` numbers per frame, those of a band one after the other.
  ///   - energies: gets the mean band energy of each frame, not normalised; `nil` where its last sample is missing.
  package mutating func append(_ samples: Span<Float>, into features: inout [Float], energies: inout [Float?]) {
    samples.withUnsafeBufferPointer { pending.append(contentsOf: $0) }
    work(multiple: isPrompt ? Self.leastBatch : FeatureWorkspace.batch, into: &features, energies: &energies)
  }

  /// Takes the next samples, as the other `append` does.
  package mutating func append(_ samples: [Float], into features: inout [Float], energies: inout [Float?]) {
    append(samples.span, into: &features, energies: &energies)
  }

  /// Samples that a frame reads.
  private var reach: Int { settings.window + 2 * beyond }

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
    work(multiple: 1, into: &features, energies: &energies)
  }

  /// Appends frames that are complete, and forgets the samples that no other one reads. Batches end at multiples of the largest one, or
  /// of `multiple`, so that frames are paired alike however the samples were cut, but for a few behind a flush.
  ///
  /// - Parameter multiple: what the number of frames so far is a multiple of afterwards, unless there were none to append.
  private mutating func work(multiple: Int, into features: inout [Float], energies: inout [Float?]) {
    let (hop, batch) = (settings.hop, FeatureWorkspace.batch)
    var start = 0
    while true {
      let complete = max(0, pending.count - start - reach + hop) / hop
      let count = min((frameCount + complete) / multiple * multiple - frameCount, batch - frameCount % batch)
      guard count > 0 else { break }
      tables.workspaces.withWorkspace(tables) { work(count, from: start, in: $0, into: &features, energies: &energies) }
      start += count * hop
    }
    pending.removeFirst(start)
    passed += start
  }

  /// Appends the frames of a batch.
  ///
  /// - Parameter start: where in `pending` the samples that the first reads begin.
  private mutating func work(
    _ count: Int, from start: Int, in workspace: FeatureWorkspace, into features: inout [Float], energies: inout [Float?]
  ) {
    load(count, from: start, into: workspace)
    let (bands, width, lanes) = (settings.bands, settings.featuresPerBand, Int(kernels_lanes))
    let (rows, levels, means) = (workspace.rows, workspace.levels, workspace.means)
    var scaling = kernels_scaling(
      floor: settings.floor, low: settings.rangeLow, shift: settings.shift, scale: settings.scale)
    // One after the other, for their spectra share a buffer.
    for (index, spectrogram) in workspace.spectrograms.enumerated() {
      for first in stride(from: 0, to: count, by: lanes) {
        let frames = min(lanes, count - first)
        spectrogram.energies(ofFramesFrom: first, count: frames, to: workspace.bandEnergies, power: workspace.power)
        if index == 0 {
          kernels_mean(workspace.bandEnergies, bands, means)
          for frame in 0..<frames {
            let lastSample = passed + start + (first + frame) * settings.hop + beyond + settings.window - 1
            levels[first + frame] = nextLevel(mean: means[frame], isMissing: isMissing(lastSample), energies: &energies)
          }
        }
        kernels_scale(
          &scaling, workspace.bandEnergies, bands, levels + first, rows + first * bands * width + index, width, bands * width, frames)
      }
    }
    for frame in 0..<count {
      contrast?.read(level: levels[frame], to: rows + frame * bands * width + width - 1, stride: width)
    }
    features.append(contentsOf: UnsafeBufferPointer(start: rows, count: count * bands * width))
  }

  /// Puts the samples of a batch under the windows.
  private mutating func load(_ count: Int, from start: Int, into workspace: FeatureWorkspace) {
    let (reach, hop) = (reach, settings.hop)
    pending.withUnsafeBufferPointer { pending in
      guard let samples = pending.baseAddress.map({ $0 + start }) else { return }
      for frame in stride(from: 0, to: count, by: 2) {
        for spectrogram in workspace.spectrograms {
          let first = samples + frame * hop + (reach - spectrogram.length) / 2
          spectrogram.load(first, frame + 1 < count ? first + hop : nil, asFrame: frame)
        }
      }
      guard let length = contrast?.length else { return }
      for frame in 0..<count { contrast?.load(samples + frame * hop + (reach - length) / 2) }
    }
  }

  /// The level of the next frame.
  private mutating func nextLevel(mean: Float, isMissing: Bool, energies: inout [Float?]) -> Float {
    energies.append(isMissing ? nil : mean)
    while let silence = silences.first, silence.frame <= frameCount {
      level -= settings.levelDecay * Float(silence.count)
      silences.removeFirst()
    }
    frameCount += 1
    let logarithm = naturalLogarithm(max(mean, settings.floor))
    level = max(isMissing ? level : level - settings.levelDecay, logarithm, settings.levelMinimum)
    return level
  }
}
