import CKernels

/// A linear layer, with ReLU or without: rows of inputs to rows of outputs.
struct Dense: Sendable {
  let inputs, outputs: Int
  let rectified: Bool
  private let weights: Weights
  private let bias: [Float]

  /// - Parameters:
  ///   - weight: (outputs, inputs), as in PyTorch.
  ///   - bias: (outputs).
  ///   - kernels: of `CKernels` to run on, which the processor must have, where they take such sizes.
  ///   - takesBytes: whether weights and inputs are of 8 bits, where these kernels take such sizes.
  init(weight: Tensor, bias: [Float], rectified: Bool, kernels: kernels_set = kernels_best(), takesBytes: Bool = false) {
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    weights = (takesBytes ? Weights(roundedToBytes: weight) : nil) ?? Weights(weight, kernels)
    self.bias = bias
    self.rectified = rectified
  }

  /// - Parameters:
  ///   - input: rows of `inputs` values.
  ///   - output: as many rows of `outputs` values.
  func apply(to input: Matrix, output: UnsafeMutablePointer<Float>) {
    multiply(input, into: output)
    bias.withUnsafeBufferPointer { bias in
      guard let bias = bias.baseAddress else { return }
      if rectified {
        rectify(output, rows: input.rows, bias: bias, count: outputs, into: output)
      } else {
        for row in 0..<input.rows {
          for index in 0..<outputs { output[row * outputs + index] += bias[index] }
        }
      }
    }
  }

  private func multiply(_ input: Matrix, into output: UnsafeMutablePointer<Float>) {
    switch weights.storage {
    case .bytes(let matrix):
      _ = matrix.withUnsafeBytes { bytes in
        for row in 0..<input.rows {
          kernels_multiply_bytes(bytes, matrix.scales, outputs, inputs, input.start + row * input.stride, output + row * outputs)
        }
      }
    case .packedBytes(let weights, let scales):
      withCodes(of: input) { kernels_byte_product($0, $1, input.rows, inputs, weights.start, scales, outputs, output) }
    case .float(let weights):
      weights.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        input.multiply(Matrix(weights, rows: outputs, columns: inputs), transposed: true, into: output)
      }
    case .halves(let weights):
      guard input.rows > 0 else { return }
      let count = (input.rows - 1) * input.stride + inputs
      withHalves(of: input.start, count: count) { start in
        var windows = kernels_windows(lines: (start, nil, nil), count: 1, run: inputs, step: input.stride)
        kernels_product_windows(&windows, input.rows, weights.start, outputs, output)
      }
    }
  }
}
