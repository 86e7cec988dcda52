import CKernels

/// A 3x3 convolution with a margin of one zero, its batch normalisation and ReLU: (rows, columns, channels) in time,
/// frequency and channel, the channel changing fastest.
struct Convolution2D: Sendable {
  /// Batch normalisation in use: (x - mean) / √(variance + 1e-5) · scale + shift per channel.
  struct Normalisation {
    let scale, shift, mean, variance: [Float]
    static let epsilon: Float = 1e-5
  }

  struct Stride: Sendable {
    let rows, columns: Int
  }

  let inputChannels, outputChannels: Int
  let stride: Stride
  /// Row, column and input channel of the window by output channel, normalisation folded in; packed where `kernels` run.
  private let weights: [Float]
  /// Of `kernels_tiles_pack`, empty where the kernels have no use for them.
  private let tiles: [Float]
  /// Of `kernels_halves_pack`, empty where the kernels have no use for them.
  private let halves: [UInt16]
  /// Of `kernels_byte_convolution_pack`, in place of all others.
  private let bytes: (packed: PackedStorage<UInt8>, scales: [Float])?
  private let bias: [Float]
  private let kernels: kernels_set
  /// Whether folding left numbers only.
  let isFinite: Bool

  /// - Parameters:
  ///   - weight: (output channels, input channels, 3, 3), as in PyTorch.
  ///   - kernels: of `CKernels` to run on, which the processor must have; `kernels_none` for OpenBLAS. In bfloat16 are only
  ///     layers of stride one and many inputs, where that is faster: the others take little time, and cost as much precision.
  ///   - takesBytes: whether the same layers are of 8 bits; their inputs are those of a ReLU.
  init(
    weight: Tensor, normalisation: Normalisation, stride: Stride, kernels best: kernels_set = kernels_best(), takesBytes: Bool = false
  ) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let isLarge = stride.rows == 1 && inputs >= 32
    let hasBytes = takesBytes && isLarge && kernels_byte_convolution_fits(inputs)
    let hasHalves = best == kernels_bfloat16 && !hasBytes && kernels_has_fast_halves() && isLarge && inputs.isMultiple(of: 2)
    let kernels = best == kernels_bfloat16 && !hasHalves ? kernels_avx512 : best
    let factors = zip(normalisation.scale, normalisation.variance).map { $0 / ($1 + Normalisation.epsilon).squareRoot() }
    let folded = weight.values.withUnsafeBufferPointer { values in
      [Float](unsafeUninitializedCapacity: values.count) { folded, count in
        for (place, base) in Swift.stride(from: 0, to: 9 * inputs * outputs, by: outputs).enumerated() {
          let (cell, input) = place.quotientAndRemainder(dividingBy: inputs)
          for output in 0..<outputs { folded[base + output] = values[(output * inputs + input) * 9 + cell] * factors[output] }
        }
        count = values.count
      }
    }
    func packed<Value>(_ count: Int, _ pack: (UnsafeMutablePointer<Value>?) -> Void) -> [Value] {
      [Value](unsafeUninitializedCapacity: count) { packed, initialized in
        pack(packed.baseAddress)
        initialized = count
      }
    }
    bias = (0..<outputs).map { normalisation.shift[$0] - normalisation.mean[$0] * factors[$0] }
    isFinite = folded.areFinite && bias.areFinite
    inputChannels = inputs
    outputChannels = outputs
    self.stride = stride
    self.kernels = kernels
    guard !hasBytes else {
      var scales = [Float](repeating: 0, count: kernels_byte_convolution_padded(outputs))
      let packed = PackedStorage<UInt8>(count: kernels_byte_convolution_packed_count(inputs, outputs)) {
        kernels_byte_convolution_pack(folded, inputs, outputs, $0, &scales)
      }
      bytes = (packed, scales)
      (weights, tiles, halves) = ([], [], [])
      return
    }
    bytes = nil
    let hasKernels = kernels != kernels_none
    weights =
      hasKernels
      ? packed(kernels_convolution_packed_count(inputs, outputs)) { kernels_convolution_pack(folded, inputs, outputs, $0) } : folded
    tiles =
      hasKernels && !hasHalves && stride.rows == 1
      ? packed(kernels_tiles_packed_count(inputs, outputs)) { kernels_tiles_pack(folded, inputs, outputs, $0) } : []
    halves =
      hasHalves
      ? packed(kernels_halves_packed_count(inputs, outputs)) { kernels_halves_pack(folded, inputs, outputs, $0) } : []
  }

  var usesHalves: Bool { kernels == kernels_bfloat16 }

  func rows(for rows: Int) -> Int { (rows + stride.rows - 1) / stride.rows }
  func columns(for columns: Int) -> Int { (columns + stride.columns - 1) / stride.columns }

  /// Output rows that a matrix product takes at once: about as many as the second-level cache holds.
  private func tileRows(columns: Int) -> Int {
    max(1, Self.tileFloats / (columns * (9 * inputChannels + outputChannels)))
  }

  private static let tileFloats = 1 << 16

  /// Floats that `apply` needs to work in.
  ///
  /// - Parameters:
  ///   - inputColumns: columns of the input.
  ///   - outputRows: most rows that are computed at once.
  func scratchCount(inputColumns: Int, outputRows: Int) -> Int {
    let columns = columns(for: inputColumns)
    if let count = withBytes({ kernels_byte_convolve_scratch_count($0, outputRows, columns) }) { return count }
    guard kernels == kernels_none else { return withLayer { kernels_convolve_scratch_count($0, outputRows, columns) } }
    return min(tileRows(columns: columns), outputRows) * columns * (9 * inputChannels + outputChannels)
  }

  /// Computes some rows. Row r needs rows r·stride − 1 ... r·stride + 1 of the input.
  ///
  /// - Parameters:
  ///   - rows: which, by their places in the input's time.
  ///   - output: gets them, the first at row `start`. Its margins are not written.
  ///   - scratch: `scratchCount` floats.
  func apply(
    to input: borrowing Activations, rows: Range<Int>, output: borrowing Activations, at start: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let shift = start - rows.lowerBound
    let isDone: Void? = withBytes { layer in
      kernels_byte_convolve(
        layer, input.row(-1) - inputChannels, input.stride, output.row(shift), output.stride, rows.lowerBound, rows.upperBound,
        output.columns, scratch)
    }
    if isDone != nil { return }
    guard kernels == kernels_none else {
      return withLayer { layer in
        kernels_convolve(
          layer, input.row(-1) - inputChannels, input.stride, output.row(shift), output.stride, rows.lowerBound,
          rows.upperBound, output.columns, scratch)
      }
    }
    weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        guard let weights = weights.baseAddress, let bias = bias.baseAddress else { return }
        let step = tileRows(columns: output.columns)
        for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
          convolveTile(input, first..<min(first + step, rows.upperBound), weights, bias, output, shift, scratch)
        }
      }
    }
  }

  /// The layer as the kernels of bytes take it, where it is of 8 bits.
  private func withBytes<Result>(_ body: (UnsafePointer<kernels_byte_convolution>) -> Result) -> Result? {
    guard let bytes else { return nil }
    return bytes.scales.withUnsafeBufferPointer { scales in
      bias.withUnsafeBufferPointer { bias in
        let layer = kernels_byte_convolution(
          inputs: inputChannels, outputs: outputChannels, column_step: stride.columns, packed: bytes.packed.start,
          scales: scales.baseAddress, bias: bias.baseAddress)
        return withUnsafePointer(to: layer, body)
      }
    }
  }

  /// The layer as the kernels take it.
  private func withLayer<Result>(_ body: (UnsafePointer<kernels_convolution>) -> Result) -> Result {
    weights.withUnsafeBufferPointer { weights in
      tiles.withUnsafeBufferPointer { tiles in
        halves.withUnsafeBufferPointer { halves in
          bias.withUnsafeBufferPointer { bias in
            let layer = kernels_convolution(
              set: kernels, inputs: inputChannels, outputs: outputChannels, row_step: stride.rows, column_step: stride.columns,
              packed: weights.baseAddress, tiles: tiles.isEmpty ? nil : tiles.baseAddress, halves: halves.baseAddress,
              bias: bias.baseAddress)
            return withUnsafePointer(to: layer, body)
          }
        }
      }
    }
  }

  /// Windows to the rows of a matrix, a matrix product, bias and ReLU.
  private func convolveTile(
    _ input: borrowing Activations, _ rows: Range<Int>, _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ output: borrowing Activations, _ shift: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let columns = output.columns
    let line = 3 * inputChannels
    let product = scratch + rows.count * columns * 3 * line
    var window = scratch
    for row in rows {
      var corner = UnsafePointer(input.row(row * stride.rows - 1) - inputChannels)
      for _ in 0..<columns {
        for offset in 0..<3 {
          window.update(from: corner + offset * input.stride, count: line)
          window += line
        }
        corner += stride.columns * inputChannels
      }
    }
    Matrix(scratch, rows: rows.count * columns, columns: 3 * line)
      .multiply(Matrix(weights, rows: 3 * line, columns: outputChannels), into: product)
    for (index, row) in rows.enumerated() {
      rectify(
        product + index * columns * outputChannels, rows: columns, bias: bias, count: outputChannels,
        into: output.row(row + shift))
    }
  }
}

/// max(0, source + bias) for `rows` rows of `count` values. `source` and `target` may be the same.
func rectify(
  _ source: UnsafePointer<Float>, rows: Int, bias: UnsafePointer<Float>, count: Int, into target: UnsafeMutablePointer<Float>
) {
  for row in 0..<rows {
    let (from, to) = (source + row * count, target + row * count)
    for index in 0..<count {
      let value = from[index] + bias[index]
      to[index] = value > 0 ? value : 0
    }
  }
}
