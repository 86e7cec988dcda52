import CKernels
import Synchronization

/// The lower part of a pre-trained speech encoder, two convolutions and some transformer blocks over a log-mel spectrogram: `Encoder` in
/// `bonafide_models/encoders/speech.py` of `Models/src`.
///
/// The network is the encoder of Whisper (A. Radford and others, "Robust Speech Recognition via Large-Scale Weak Supervision", 2022): GELU after the
/// convolutions, the second of which halves the time; positions added; pre-norm blocks with attention over the whole window.
public struct SpeechEncoder: Sendable {
  /// Values of a state.
  public let size: Int
  /// Most states of a window.
  public let longest: Int
  let blocks: [EncoderBlock]
  private let first, second: WindowConvolution
  /// (longest, size)
  private let positions: [Float]
  private let scratches = EncoderScratches()

  /// Bands of a feature frame.
  public static let bands = 80
  /// Feature frames per state.
  public static let framesPerState = 2

  /// - Parameters:
  ///   - file: has `conv_1.weight` (size, 3 · bands), `conv_2.weight` (size, 3 · size), a window's values in order of time, each with `.bias`;
  ///     `positions` (longest, size); and the tensors of `blocks.0`, `blocks.1`, … . Matrices may be of 8 bits.
  ///   - arithmetic: of the products with weights.
  public init(_ file: SafetensorsFile, arithmetic: Arithmetic = .fastest) throws(NetworkError) {
    let weights = WeightReader(file)
    let positions = try weights.tensor("positions", nil, nil)
    (longest, size) = (positions.shape[0], positions.shape[1])
    guard size.isMultiple(of: EncoderBlock.headSize), size.isMultiple(of: Int(kernels_lanes)), (64...4096).contains(size), longest > 0 else {
      throw NetworkError(code: .badConfiguration, message: "positions of shape \(positions.shape) are of no encoder; give its file")
    }
    self.positions = positions.values
    first = WindowConvolution(try weights.linear("conv_1", outputs: size, inputs: 3 * Self.bands, .rows(arithmetic)), channels: Self.bands, step: 1)
    second = WindowConvolution(try weights.linear("conv_2", outputs: size, inputs: 3 * size, .rows(arithmetic)), channels: size, step: 2)
    var blocks: [EncoderBlock] = []
    while file.names.contains("blocks.\(blocks.count).out.bias") {
      blocks.append(try EncoderBlock(weights, name: "blocks.\(blocks.count)", size: size, arithmetic: arithmetic))
    }
    guard !blocks.isEmpty else {
      throw NetworkError(code: .missingTensor, message: "the weights lack blocks.0; give the file of a speech encoder")
    }
    self.blocks = blocks
  }

  /// Numbers of `statistics`.
  public var statisticsCount: Int { (blocks.count + 1) * 2 * size }

  /// Mean and standard deviation over the states of a window, after the convolutions and after each block: (1 + blocks, 2, size).
  ///
  /// - Parameters:
  ///   - features: (2 · states, bands), at most 2 · `longest` frames.
  ///   - mask: the states that count; where none does, all do.
  public func statistics(of features: [Float], mask: [Bool]) -> [Float] {
    let states = features.count / Self.bands / Self.framesPerState
    precondition(states > 0 && states <= longest && mask.count == states, "a window of \(states) states with a mask of \(mask.count)")
    return scratches.withScratch(states: states, size: size) { statistics(of: features, states: states, mask: mask, scratch: $0) }
  }

  private func statistics(of features: [Float], states: Int, mask: [Bool], scratch: EncoderScratch) -> [Float] {
    first.apply(to: features, frames: 2 * states, scratch: scratch, output: scratch.wide.start)
    let hidden = [Float](UnsafeBufferPointer(start: scratch.wide.start, count: 2 * states * size))
    second.apply(to: hidden, frames: 2 * states, scratch: scratch, output: scratch.state.start)
    kernels_add_bias(scratch.state.start, 1, states * size, positions)
    let counted = mask.contains(true) ? mask : [Bool](repeating: true, count: states)
    var statistics = moments(scratch.state.start, states: states, mask: counted)
    for block in blocks {
      block.apply(states: states, scratch: scratch)
      statistics += moments(scratch.state.start, states: states, mask: counted)
    }
    return statistics
  }

  private func moments(_ values: UnsafePointer<Float>, states: Int, mask: [Bool]) -> [Float] {
    var moments = [Float](repeating: 0, count: 2 * size)
    moments.withUnsafeMutableBufferPointer { moments in
      guard let start = moments.baseAddress else { return }
      kernels_moments(values, states, size, mask, start, start + size)
    }
    return moments
  }
}

/// What the layers of a window work in.
final class EncoderScratch: Sendable {
  /// Most states that there is room for.
  let states: Int
  /// (states, size): the residual stream.
  let state: FloatStorage
  /// (states, size)
  let normalised: FloatStorage
  /// (states, 4 · size), of the convolutions too.
  let wide: FloatStorage
  /// (states, size)
  let narrow: FloatStorage
  /// What an attention head works in.
  let attention: FloatStorage
  /// A convolution's windows: (frames, 3 · channels).
  let windows: FloatStorage

  init(states: Int, size: Int) {
    self.states = states
    state = FloatStorage(count: states * size)
    normalised = FloatStorage(count: states * size)
    wide = FloatStorage(count: states * 4 * size)
    narrow = FloatStorage(count: states * size)
    attention = FloatStorage(count: kernels_attend_scratch_count(states))
    windows = FloatStorage(count: max(2 * states * 3 * SpeechEncoder.bands, states * 3 * size))
  }
}

/// Some of them that were used before, and stay: memory that is new costs a fault a page.
private final class EncoderScratches: Sendable {
  private let free = Mutex<[EncoderScratch]>([])
  /// Most that stay, 6 MB each: more windows are heard at once for moments only.
  private static let most = 4

  /// Calls `body` with one that nobody else computes in.
  func withScratch<Result>(states: Int, size: Int, _ body: (EncoderScratch) -> Result) -> Result {
    let last = free.withLock { $0.popLast() }
    let scratch = last.flatMap { $0.states >= states ? $0 : nil } ?? EncoderScratch(states: states, size: size)
    defer { free.withLock { if $0.count < Self.most { $0.append(scratch) } } }
    return body(scratch)
  }
}

/// A convolution over time with a window of three frames, then GELU.
private struct WindowConvolution: Sendable {
  let linear: Linear
  let channels, step: Int

  init(_ linear: Linear, channels: Int, step: Int) {
    self.linear = linear
    self.channels = channels
    self.step = step
  }

  func apply(to frames: [Float], frames count: Int, scratch: EncoderScratch, output: UnsafeMutablePointer<Float>) {
    let rows = count / step
    let windows = scratch.windows.start
    for row in 0..<rows {
      for tap in 0..<3 {
        let frame = row * step + tap - 1
        let target = windows + (row * 3 + tap) * channels
        if (0..<count).contains(frame) {
          // swift-format-ignore: NeverForceUnwrap
          frames.withUnsafeBufferPointer { target.update(from: $0.baseAddress! + frame * channels, count: channels) }
        } else {
          target.update(repeating: 0, count: channels)
        }
      }
    }
    linear.multiply(windows, rows: rows, into: output)
    linear.gelu(output, rows: rows)
  }
}
