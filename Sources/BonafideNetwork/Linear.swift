import CKernels

/// Weights that rows of inputs are multiplied by.
enum Weights: Sendable {
  /// (outputs, inputs)
  case float([Float])
  /// As `kernels_product_pack` packs them.
  case halves([UInt16])

  /// - Parameter weight: (outputs, inputs), as in PyTorch.
  init(_ weight: Tensor, _ kernels: kernels_set) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    if kernels == kernels_bfloat16, kernels_product_fits(inputs, outputs) {
      var packed = [UInt16](repeating: 0, count: kernels_product_packed_count(inputs, outputs))
      kernels_product_pack(weight.values, inputs, outputs, &packed)
      self = .halves(packed)
    } else {
      self = .float(weight.values)
    }
  }
}

/// A matrix of weights and a bias, which is added by what follows.
struct Linear: Sendable {
  let inputs, outputs: Int
  private let weights: Weights
  let bias: [Float]

  init(weight: Tensor, bias: [Float], _ arithmetic: Arithmetic) {
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    self.bias = bias
    weights = Weights(weight, arithmetic.kernels)
  }

  /// Rows of `inputs` values to rows of `outputs` values, without the bias.
  func multiply(_ input: UnsafePointer<Float>, rows: Int, into output: UnsafeMutablePointer<Float>) {
    switch weights {
    case .float(let weights):
      weights.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        Matrix(input, rows: rows, columns: inputs)
          .multiply(Matrix(weights, rows: outputs, columns: inputs), transposed: true, into: output)
      }
    case .halves(let weights):
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: rows * inputs) { halves in
        guard let start = halves.baseAddress else { return }
        kernels_halves(input, rows * inputs, start)
        kernels_product(start, rows, inputs, weights, outputs, output)
      }
    }
  }

  /// Windows of a convolution with three taps each way, to rows of `outputs` values, without the bias.
  ///
  /// - Parameters:
  ///   - lines: three of `length` values, one after the other in memory.
  ///   - order: that the taps take them in.
  ///   - run: values of each line in a window; `inputs` are three times as many.
  ///   - step: values from a window to the next.
  ///   - rows: windows.
  func multiply(
    windowsOf lines: UnsafePointer<Float>, length: Int, order: [Int], run: Int, step: Int, rows: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    switch weights {
    case .float(let weights):
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * inputs) { windows in
        guard let start = windows.baseAddress else { return }
        for row in 0..<rows {
          for (tap, line) in order.enumerated() {
            (start + row * inputs + tap * run).update(from: lines + line * length + row * step, count: run)
          }
        }
        weights.withUnsafeBufferPointer { weights in
          guard let weights = weights.baseAddress else { return }
          Matrix(start, rows: rows, columns: inputs)
            .multiply(Matrix(weights, rows: outputs, columns: inputs), transposed: true, into: output)
        }
      }
    case .halves(let weights):
      withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 3 * length) { halves in
        guard let start = halves.baseAddress else { return }
        kernels_halves(lines, 3 * length, start)
        let line = { (tap: Int) in UnsafePointer(start + order[tap] * length) }
        var windows = kernels_windows(lines: (line(0), line(1), line(2)), count: 3, run: run, step: step)
        kernels_product_windows(&windows, rows, weights, outputs, output)
      }
    }
  }

  /// values = max(x, slope · x) for x = values + bias
  func leaky(_ values: UnsafeMutablePointer<Float>, rows: Int, slope: Float) {
    kernels_leaky(values, rows, outputs, bias, slope)
  }

  /// values = GELU(values + bias)
  func gelu(_ values: UnsafeMutablePointer<Float>, rows: Int) { kernels_gelu(values, rows, outputs, bias) }

  /// sum += values + bias
  func add(_ values: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>, rows: Int) {
    kernels_add_rows(sum, values, rows, outputs, bias)
  }

  /// values += bias
  func addBias(_ values: UnsafeMutablePointer<Float>, rows: Int) {
    kernels_add_bias(values, rows, outputs, bias)
  }
}
