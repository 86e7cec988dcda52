import CKernels

/// A pre-norm transformer block: attention over all states of a window, then two layers with GELU between them.
struct EncoderBlock: Sendable {
  private let attentionNorm, feedNorm: LayerNorm
  private let queryKeyValue, out, up, down: Linear
  private let size: Int

  /// Values of an attention head.
  static let headSize = 64

  /// - Parameter name: that the tensors begin with.
  init(_ weights: WeightReader, name: String, size: Int, arithmetic: Arithmetic) throws(NetworkError) {
    self.size = size
    attentionNorm = try weights.norm("\(name).norm_1", size: size)
    feedNorm = try weights.norm("\(name).norm_2", size: size)
    queryKeyValue = try weights.linear("\(name).query_key_value", outputs: 3 * size, inputs: size, arithmetic)
    out = try weights.linear("\(name).out", outputs: size, inputs: size, arithmetic)
    up = try weights.linear("\(name).up", outputs: 4 * size, inputs: size, arithmetic)
    down = try weights.linear("\(name).down", outputs: size, inputs: 4 * size, arithmetic)
  }

  /// Takes the states of `scratch.state` through the block.
  func apply(states: Int, scratch: borrowing EncoderScratch) {
    let (state, normalised, wide, narrow) = (scratch.state.start, scratch.normalised.start, scratch.wide.start, scratch.narrow.start)
    attentionNorm.apply(to: state, rows: states, output: normalised)
    queryKeyValue.multiply(normalised, rows: states, into: wide)
    queryKeyValue.addBias(wide, rows: states)
    let head = Self.headSize
    for first in stride(from: 0, to: size, by: head) {
      let part = { (k: Int) in Matrix(wide + k * size + first, rows: states, columns: head, stride: 3 * size) }
      part(0).multiply(part(1), transposed: true, factor: 1 / Float(head).squareRoot(), into: scratch.attention.start)
      kernels_softmax(scratch.attention.start, states, states)
      Matrix(scratch.attention.start, rows: states, columns: states)
        .multiply(part(2), into: normalised + first, productStride: size)
    }
    out.multiply(normalised, rows: states, into: narrow)
    out.add(narrow, to: state, rows: states)

    feedNorm.apply(to: state, rows: states, output: normalised)
    up.multiply(normalised, rows: states, into: wide)
    up.gelu(wide, rows: states)
    down.multiply(wide, rows: states, into: narrow)
    down.add(narrow, to: state, rows: states)
  }
}

/// Rows to mean 0 and variance 1, scaled and shifted.
struct LayerNorm: Sendable {
  let scale, shift: [Float]

  func apply(to rows: UnsafePointer<Float>, rows count: Int, output: UnsafeMutablePointer<Float>) {
    kernels_layer_norm(rows, count, scale.count, scale, shift, output)
  }
}

/// A matrix of weights and a bias, which is added by what follows.
struct Linear: Sendable {
  let inputs, outputs: Int
  private let weights: Weights
  let bias: [Float]

  private enum Weights: Sendable {
    /// (outputs, inputs)
    case float([Float])
    /// As `kernels_product_pack` packs them.
    case halves([UInt16])
  }

  init(weight: Tensor, bias: [Float], _ arithmetic: Arithmetic) {
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    self.bias = bias
    if arithmetic.kernels == kernels_bfloat16, kernels_product_fits(inputs, outputs) {
      var packed = [UInt16](repeating: 0, count: inputs * outputs)
      kernels_product_pack(weight.values, inputs, outputs, &packed)
      weights = .halves(packed)
    } else {
      weights = .float(weight.values)
    }
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

/// Takes layers out of a file of weights, and says what is wrong with it.
struct WeightReader {
  private let file: SafetensorsFile

  init(_ file: SafetensorsFile) { self.file = file }

  /// - Parameter shape: sizes that the tensor must have; `nil` for any.
  func tensor(_ name: String, _ shape: Int?...) throws(NetworkError) -> Tensor {
    guard let tensor = file.tensor(named: name) else {
      throw NetworkError(code: .missingTensor, message: "the weights lack tensor \"\(name)\"; give the file of this architecture")
    }
    guard tensor.shape.count == shape.count, zip(tensor.shape, shape).allSatisfy({ $1 == nil || $0 == $1 }) else {
      throw NetworkError(
        code: .wrongShape,
        message:
          "tensor \"\(name)\" has shape \(tensor.shape.prefix(8)), wanted is \(shape.map { $0.map(String.init) ?? "any" }); give the file of this architecture")
    }
    guard kernels_all_finite(tensor.values, tensor.values.count) else {
      throw NetworkError(code: .badValues, message: "tensor \"\(name)\" has values that are not numbers; make the file again")
    }
    return tensor
  }

  func norm(_ name: String, size: Int) throws(NetworkError) -> LayerNorm {
    LayerNorm(scale: try tensor("\(name).weight", size).values, shift: try tensor("\(name).bias", size).values)
  }

  func linear(_ name: String, outputs: Int?, inputs: Int, _ arithmetic: Arithmetic) throws(NetworkError) -> Linear {
    let weight = try tensor("\(name).weight", outputs, inputs)
    return Linear(weight: weight, bias: try tensor("\(name).bias", weight.shape[0]).values, arithmetic)
  }
}
