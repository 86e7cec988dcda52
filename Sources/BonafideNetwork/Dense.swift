/// A linear layer, with ReLU or without: rows of inputs to rows of outputs.
struct Dense: Sendable {
  let inputs, outputs: Int
  let rectified: Bool
  /// (outputs, inputs)
  private let weights: [Float]
  private let bias: [Float]

  /// - Parameters:
  ///   - weight: (outputs, inputs), as in PyTorch.
  ///   - bias: (outputs).
  init(weight: Tensor, bias: [Float], rectified: Bool) {
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    weights = weight.values
    self.bias = bias
    self.rectified = rectified
  }

  /// - Parameters:
  ///   - input: rows of `inputs` values.
  ///   - output: as many rows of `outputs` values.
  func apply(to input: Matrix, output: UnsafeMutablePointer<Float>) {
    weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        guard let weights = weights.baseAddress, let bias = bias.baseAddress else { return }
        input.multiply(Matrix(weights, rows: outputs, columns: inputs), transposed: true, into: output)
        if rectified {
          rectify(output, rows: input.rows, bias: bias, count: outputs, into: output)
        } else {
          for row in 0..<input.rows {
            for index in 0..<outputs { output[row * outputs + index] += bias[index] }
          }
        }
      }
    }
  }
}
