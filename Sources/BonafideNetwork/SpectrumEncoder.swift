import CKernels

/// The convolutions of a pre-trained encoder over a complex spectrogram, which hear phases: `SpectrumEncoder` in `Models/src`.
///
/// The network is that of Distill-MOS (B. Stahl and H. Gamper, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech
/// Quality Assessment", 2025) up to its transformer: windows of 3 × 3, leaky rectifiers, every second frequency from the second layer on, every
/// second frame in the last. What vocoders leave is heard better in the two layers before the last, over wide ranges of frequencies.
public struct SpectrumEncoder: Sendable {
  /// Values of a state.
  public let size: Int
  private let layers: [Layer]
  /// Frequencies that go into each layer, and that come out of the last.
  private let heights: [Int]
  /// Of the layers before the last whose states count, lowest first.
  private let ranged: [Ranges]

  /// Frequencies of a spectrum.
  public static let bins = 161
  /// Frames of the spectrogram per state.
  public static let framesPerState = 2

  private struct Layer: Sendable {
    let linear: Linear
    let inputs: Int
    /// Of frequencies, and of frames, from a window to the next.
    let steps: (frequency: Int, time: Int)
  }

  /// The frequencies of a layer as a few ranges of as many each; the lowest ones, which are left over, are left out.
  private struct Ranges: Sendable {
    let layer, channels, skipped, size: Int
    static let count = 3

    init(layer: Int, channels: Int, height: Int) {
      (self.layer, self.channels) = (layer, channels)
      (skipped, size) = (height % Self.count, height / Self.count)
    }

    /// Numbers of their statistics.
    var statisticsCount: Int { 2 * channels * Self.count }
  }

  private static let slope: Float = 0.1

  /// - Parameters:
  ///   - file: has `layers.0.weight` (channels, 9 · 2), of a window the frequencies one after the other, in each the frames, in each real and
  ///     imaginary part; `layers.1.weight` (channels, 9 · channels of the layer before), …; each with `.bias`. Weights may be of 8 bits.
  ///   - arithmetic: of the products with weights.
  public init(_ file: SafetensorsFile, arithmetic: Arithmetic = .fastest) throws(NetworkError) {
    let weights = WeightReader(file)
    let count = file.names.count { $0.hasSuffix(".bias") }
    var (layers, heights, channels) = ([Layer](), [Self.bins], 2)
    for layer in 0..<count {
      let steps = (frequency: layer == 0 ? 1 : 2, time: layer == count - 1 ? 2 : 1)
      let linear = try weights.linear("layers.\(layer)", outputs: nil, inputs: 9 * channels, .rows(arithmetic))
      layers.append(Layer(linear: linear, inputs: channels, steps: steps))
      heights.append((heights[layer] - 3) / steps.frequency + 1)
      channels = linear.outputs
    }
    guard count > 2, heights[count - 1] >= Ranges.count, let height = heights.last, height > 0 else {
      throw NetworkError(code: .badConfiguration, message: "weights of \(count) layers are of no encoder of spectra; give its file")
    }
    (self.layers, self.heights) = (layers, heights)
    ranged = (count - 3..<count - 1).map { Ranges(layer: $0, channels: layers[$0].linear.outputs, height: heights[$0 + 1]) }
    size = channels * height
  }

  /// Numbers of `statistics`.
  public var statisticsCount: Int { 2 * size + ranged.reduce(0) { $0 + $1.statisticsCount } }

  /// Mean and standard deviation over the states of a window, (2, size), and of the two layers before the last one the same over their frames,
  /// averaged over each range of frequencies, (2, channels, 3).
  ///
  /// - Parameters:
  ///   - spectrogram: (bins, 2 · states, 2), real and imaginary parts.
  ///   - mask: the states that count; where none does, all do.
  public func statistics(of spectrogram: [Float], mask: [Bool]) -> [Float] {
    let states = mask.count
    let line = 4 * states
    precondition(states > 0 && spectrogram.count == Self.bins * line, "\(spectrogram.count) values of a window of \(states) states")
    let state = FloatStorage(count: states * size)
    let counted = mask.contains(true) ? mask : [Bool](repeating: true, count: states)
    var pass = Pass(layers, frames: 2 * states, mask: counted, statistics: statisticsCount - 2 * size)
    spectrogram.withUnsafeBufferPointer { spectrogram in
      guard let start = spectrogram.baseAddress else { return }
      for bin in 0..<Self.bins {
        pass.lines[0].next.update(from: start + bin * line, count: line)
        advance(0, &pass, into: state.start)
      }
    }
    var moments = [Float](repeating: 0, count: 2 * size)
    moments.withUnsafeMutableBufferPointer { moments in
      guard let start = moments.baseAddress else { return }
      kernels_moments(state.start, states, size, counted, start, start + size)
    }
    return moments + pass.statistics
  }

  /// Takes note of a new line of a layer, and takes it as far through the layers as it goes: three lines of each are all that is kept.
  private func advance(_ index: Int, _ pass: inout Pass, into state: UnsafeMutablePointer<Float>) {
    let (layer, line) = (layers[index], pass.lines[index])
    line.count += 1
    guard line.count >= 3, (line.count - 3).isMultiple(of: layer.steps.frequency) else { return }
    let (rows, outputs, sums) = (pass.frames / layer.steps.time, layer.linear.outputs, pass.sums.start)
    layer.linear.multiply(
      windowsOf: line.storage.start, length: line.length, order: (0..<3).map { (line.count + $0) % 3 }, run: 3 * layer.inputs,
      step: layer.inputs * layer.steps.time, rows: rows, into: sums)
    layer.linear.leaky(sums, rows: rows, slope: Self.slope)
    guard index < layers.count - 1 else {
      let (place, height) = ((line.count - 3) / layer.steps.frequency, size / outputs)
      for row in 0..<rows {
        for channel in 0..<outputs { state[row * size + channel * height + place] = sums[row * outputs + channel] }
      }
      return
    }
    addMoments(of: index, frequency: (line.count - 3) / layer.steps.frequency, &pass)
    pass.lines[index + 1].next.update(from: sums, count: rows * outputs)
    advance(index + 1, &pass, into: state)
  }

  /// Adds a line that comes out of a layer to the statistics of its range.
  private func addMoments(of layer: Int, frequency: Int, _ pass: inout Pass) {
    var first = 0
    for ranges in ranged {
      if ranges.layer == layer, frequency >= ranges.skipped {
        let (range, part) = ((frequency - ranges.skipped) / ranges.size, 1 / Float(ranges.size))
        kernels_moments(pass.sums.start, pass.frames, ranges.channels, pass.mask, &pass.mean, &pass.deviation)
        for channel in 0..<ranges.channels {
          let place = first + channel * Ranges.count + range
          pass.statistics[place] += part * pass.mean[channel]
          pass.statistics[place + ranges.channels * Ranges.count] += part * pass.deviation[channel]
        }
      }
      first += ranges.statisticsCount
    }
  }

  /// The last three lines of the input of a layer, each of all frames of one frequency, with a frame of zeros before and behind.
  private final class Lines {
    let storage: FloatStorage
    let length: Int
    private let margin: Int
    /// Lines so far.
    var count = 0

    init(_ layer: Layer, frames: Int) {
      length = (frames + 2) * layer.inputs
      margin = layer.inputs
      storage = FloatStorage(count: 3 * length)
    }

    /// Where the next line goes.
    var next: UnsafeMutablePointer<Float> { storage.start + count % 3 * length + margin }
  }

  /// What the layers of a window work in.
  private struct Pass: ~Copyable {
    let lines: [Lines]
    let sums: FloatStorage
    let frames: Int
    /// The frames that count.
    let mask: [Bool]
    /// Of the ranges.
    var statistics: [Float]
    /// Of a line.
    var mean, deviation: [Float]

    init(_ layers: [Layer], frames: Int, mask: [Bool], statistics: Int) {
      let widest = layers.map(\.linear.outputs).max() ?? 0
      lines = layers.map { Lines($0, frames: frames) }
      sums = FloatStorage(count: frames * widest)
      self.frames = frames
      self.mask = (0..<frames).map { mask[$0 / framesPerState] }
      self.statistics = [Float](repeating: 0, count: statistics)
      (mean, deviation) = ([Float](repeating: 0, count: widest), [Float](repeating: 0, count: widest))
    }
  }
}
