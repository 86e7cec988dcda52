import CKernels

/// A matrix of weights (outputs, inputs) that rows of inputs are multiplied by.
struct Weights: Sendable {
  enum Storage: Sendable {
    /// (outputs, inputs)
    case float([Float])
    /// As `kernels_product_pack` packs them.
    case halves(PackedStorage<UInt16>)
    /// As `kernels_byte_product_pack` packs them, and their rows' scales.
    case packedBytes(PackedStorage<UInt8>, scales: [Float])
    /// As they lie in their file.
    case bytes(ByteMatrix)
  }

  /// What weights are multiplied with.
  enum Use {
    /// Many rows at once.
    case rows(Arithmetic)
    /// A row now and then: not worth a copy.
    case one
  }

  let inputs, outputs: Int
  let storage: Storage

  /// - Parameter weight: (outputs, inputs), as in PyTorch.
  init(_ weight: Tensor, _ kernels: kernels_set) {
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    if Self.packs(inputs: inputs, outputs: outputs, kernels) {
      storage = .halves(Self.packed(inputs: inputs, outputs: outputs) { kernels_product_pack(weight.values, $0, $1, $2) })
    } else {
      storage = .float(weight.values)
    }
  }

  /// Weights rounded to 8 bits, each output with a scale; none where the kernels of bytes do not take such sizes.
  init?(roundedToBytes weight: Tensor) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    guard kernels_byte_product_fits(inputs, outputs) else { return nil }
    (self.outputs, self.inputs) = (outputs, inputs)
    let scales = (0..<outputs).map { row in
      weight.values[row * inputs..<(row + 1) * inputs].reduce(0) { max($0, abs($1)) } / 127
    }
    let bytes = weight.values.indices.map { index in
      let scale = scales[index / inputs]
      // Of the smallest numbers that there are a scale is rounded, too, and the quotient beyond 127.
      return UInt8(bitPattern: scale > 0 ? Int8(min(max((weight.values[index] / scale).rounded(), -127), 127)) : 0)
    }
    let packed = PackedStorage<UInt8>(count: kernels_byte_product_packed_count(inputs, outputs)) {
      kernels_byte_product_pack(bytes, inputs, outputs, $0)
    }
    storage = .packedBytes(packed, scales: scales)
  }

  init(_ weight: Tensor, _ use: Use) {
    switch use {
    case .rows(let arithmetic): self.init(weight, arithmetic.kernels)
    case .one: self.init(weight, kernels_none)
    }
  }

  init(_ matrix: ByteMatrix, _ use: Use) {
    let (outputs, inputs) = (matrix.rows, matrix.columns)
    (self.outputs, self.inputs) = (outputs, inputs)
    guard case .rows(let arithmetic) = use else {
      storage = .bytes(matrix)
      return
    }
    if arithmetic.takesBytes, kernels_byte_product_fits(inputs, outputs) {
      let packed = PackedStorage<UInt8>(count: kernels_byte_product_packed_count(inputs, outputs)) { packed in
        _ = matrix.withUnsafeBytes { kernels_byte_product_pack($0, inputs, outputs, packed) }
      }
      storage = .packedBytes(packed, scales: matrix.scales)
    } else if Self.packs(inputs: inputs, outputs: outputs, arithmetic.kernels) {
      storage = .halves(
        Self.packed(inputs: inputs, outputs: outputs) { inputs, outputs, packed in
          _ = matrix.withUnsafeBytes { kernels_product_pack_bytes($0, matrix.scales, inputs, outputs, packed) }
        })
    } else {
      storage = .float(matrix.values)
    }
    // There is a copy now.
    matrix.giveBack()
  }

  private static func packs(inputs: Int, outputs: Int, _ kernels: kernels_set) -> Bool {
    kernels == kernels_bfloat16 && kernels_product_fits(inputs, outputs)
  }

  private static func packed(
    inputs: Int, outputs: Int, _ pack: (_ inputs: Int, _ outputs: Int, _ packed: UnsafeMutablePointer<UInt16>) -> Void
  ) -> PackedStorage<UInt16> {
    PackedStorage(count: kernels_product_packed_count(inputs, outputs)) { pack(inputs, outputs, $0) }
  }
}

/// A matrix of weights and a bias, which is added by what follows.
struct Linear: Sendable {
  private let weights: Weights
  let bias: [Float]

  init(_ weights: Weights, bias: [Float]) {
    (self.weights, self.bias) = (weights, bias)
  }

  var inputs: Int { weights.inputs }
  var outputs: Int { weights.outputs }

  /// Rows of `inputs` values to rows of `outputs` values, without the bias.
  func multiply(_ input: UnsafePointer<Float>, rows: Int, into output: UnsafeMutablePointer<Float>) {
    switch weights.storage {
    case .bytes(let matrix):
      _ = matrix.withUnsafeBytes { bytes in
        for row in 0..<rows {
          kernels_multiply_bytes(bytes, matrix.scales, outputs, inputs, input + row * inputs, output + row * outputs)
        }
      }
    case .float(let weights):
      weights.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress else { return }
        Matrix(input, rows: rows, columns: inputs)
          .multiply(Matrix(weights, rows: outputs, columns: inputs), transposed: true, into: output)
      }
    case .halves(let weights):
      withHalves(of: input, count: rows * inputs) { kernels_product($0, rows, inputs, weights.start, outputs, output) }
    case .packedBytes(let weights, let scales):
      withCodes(of: input, count: rows * inputs) { kernels_byte_product($0, $1, rows, inputs, weights.start, scales, outputs, output) }
    }
  }

  /// Windows of a convolution with three taps each way, to rows of `outputs` values, without the bias.
  ///
  /// - Parameters:
  ///   - lines: three of `length` values, one after the other in memory.
  ///   - order: that the taps take them in.
  ///   - run: values of each line in a window; `inputs` are three times as many.
  ///   - distance: values from a window to the next.
  ///   - rows: windows.
  func multiply(
    windowsOf lines: UnsafePointer<Float>, length: Int, order: [Int], run: Int, step distance: Int, rows: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    switch weights.storage {
    case .float, .bytes:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * inputs) { windows in
        guard let start = windows.baseAddress else { return }
        for row in 0..<rows {
          for (tap, line) in order.enumerated() {
            (start + row * inputs + tap * run).update(from: lines + line * length + row * distance, count: run)
          }
        }
        multiply(start, rows: rows, into: output)
      }
    case .halves(let weights):
      withHalves(of: lines, count: 3 * length) { start in
        let line = { (tap: Int) in start + order[tap] * length }
        var windows = kernels_windows(lines: (line(0), line(1), line(2)), count: 3, run: run, step: distance)
        kernels_product_windows(&windows, rows, weights.start, outputs, output)
      }
    case .packedBytes(let weights, let scales):
      precondition([run, distance, length].allSatisfy { $0.isMultiple(of: Int(kernels_byte_run)) }, "lines of \(length), windows of \(run)")
      withCodes(of: lines, count: 3 * length) { codes, steps in
        let code = { (tap: Int) in codes + order[tap] * length }
        let step = { (tap: Int) in steps + order[tap] * length / kernels_byte_run }
        var windows = kernels_byte_windows(
          codes: (code(0), code(1), code(2)), steps: (step(0), step(1), step(2)), count: 3, run: run, step: distance)
        kernels_byte_product_windows(&windows, rows, weights.start, scales, outputs, output)
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
