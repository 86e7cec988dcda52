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
  /// Row, column and input channel of the window by output channel, normalisation folded in.
  private let weights: [Float]
  private let bias: [Float]

  /// - Parameter weight: (output channels, input channels, 3, 3), as in PyTorch.
  init(weight: Tensor, normalisation: Normalisation, stride: Stride) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let factors = zip(normalisation.scale, normalisation.variance).map { $0 / ($1 + Normalisation.epsilon).squareRoot() }
    var folded = [Float](repeating: 0, count: weight.values.count)
    for output in 0..<outputs {
      for input in 0..<inputs {
        for cell in 0..<9 {
          folded[(cell * inputs + input) * outputs + output] =
            weight.values[(output * inputs + input) * 9 + cell] * factors[output]
        }
      }
    }
    weights = folded
    bias = (0..<outputs).map { normalisation.shift[$0] - normalisation.mean[$0] * factors[$0] }
    inputChannels = inputs
    outputChannels = outputs
    self.stride = stride
  }

  /// Whether folding left numbers only.
  var isFinite: Bool { weights.allSatisfy(\.isFinite) && bias.allSatisfy(\.isFinite) }

  func rows(for rows: Int) -> Int { (rows + stride.rows - 1) / stride.rows }
  func columns(for columns: Int) -> Int { (columns + stride.columns - 1) / stride.columns }

  /// Output rows that are worked on at once: about as many as the second-level cache holds.
  private func tileRows(columns: Int) -> Int {
    max(1, Self.tileFloats / (columns * (9 * inputChannels + outputChannels)))
  }

  private static let tileFloats = 1 << 16

  /// Floats that `apply` needs to work in.
  ///
  /// - Parameter inputColumns: columns of the input.
  func scratchCount(inputColumns: Int) -> Int {
    let columns = columns(for: inputColumns)
    return tileRows(columns: columns) * columns * (9 * inputChannels + outputChannels)
  }

  /// - Parameters:
  ///   - input: `rows` rows of it are read, and the margin.
  ///   - output: `rows(for: rows)` rows and the margin behind them are written.
  ///   - scratch: `scratchCount` floats.
  func apply(
    to input: borrowing Activations, rows: Int, output: borrowing Activations, scratch: UnsafeMutablePointer<Float>
  ) {
    let outputRows = self.rows(for: rows)
    weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        guard let weights = weights.baseAddress, let bias = bias.baseAddress else { return }
        if inputChannels == 1, outputChannels.isMultiple(of: 8) {
          for row in 0..<outputRows { convolveDirectly(input, row: row, weights, bias, output) }
        } else {
          let step = tileRows(columns: output.columns)
          for first in Swift.stride(from: 0, to: outputRows, by: step) {
            convolveTile(input, first..<min(first + step, outputRows), weights, bias, output, scratch)
          }
        }
      }
    }
    output.clear(row: outputRows)
  }

  /// Windows to the rows of a matrix, a matrix product, bias and ReLU.
  private func convolveTile(
    _ input: borrowing Activations, _ rows: Range<Int>, _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ output: borrowing Activations, _ scratch: UnsafeMutablePointer<Float>
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
      rectify(product + index * columns * outputChannels, rows: columns, bias: bias, count: outputChannels, into: output.row(row))
    }
  }

  /// One input channel: too little for a matrix product. Eight output channels at a time.
  private func convolveDirectly(
    _ input: borrowing Activations, row: Int, _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>,
    _ output: borrowing Activations
  ) {
    let width = outputChannels
    let inputStride = input.stride
    let step = stride.columns
    let top = UnsafePointer(input.row(row * stride.rows - 1) - 1)
    let target = UnsafeMutableRawPointer(output.row(row))
    for first in Swift.stride(from: 0, to: width, by: 8) {
      let load = { (cell: Int) in UnsafeRawPointer(weights + cell * width + first).loadUnaligned(as: SIMD8<Float>.self) }
      let offset = UnsafeRawPointer(bias + first).loadUnaligned(as: SIMD8<Float>.self)
      let (w0, w1, w2) = (load(0), load(1), load(2))
      let (w3, w4, w5) = (load(3), load(4), load(5))
      let (w6, w7, w8) = (load(6), load(7), load(8))
      for column in 0..<output.columns {
        let a = top + column * step
        let b = a + inputStride
        let c = b + inputStride
        var sum = offset + w0 * a[0] + w1 * a[1] + w2 * a[2]
        sum += w3 * b[0] + w4 * b[1] + w5 * b[2]
        sum += w6 * c[0] + w7 * c[1] + w8 * c[2]
        sum.replace(with: 0, where: sum .< 0)
        target.storeBytes(of: sum, toByteOffset: (column * width + first) * 4, as: SIMD8<Float>.self)
      }
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
