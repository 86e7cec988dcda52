import CKernels

/// Takes layers out of a file of weights, and says what is wrong with it.
struct WeightReader {
  private let file: SafetensorsFile

  init(_ file: SafetensorsFile) { self.file = file }

  /// - Parameter shape: sizes that the tensor must have; `nil` for any.
  func tensor(_ name: String, _ shape: Int?...) throws(NetworkError) -> Tensor {
    guard let tensor = file.tensor(named: name) else {
      throw NetworkError(code: .missingTensor, message: "the weights lack tensor \"\(name)\"; give the file of this architecture")
    }
    try check(name, tensor.shape, shape)
    try check(name, tensor.values)
    return tensor
  }

  private func check(_ name: String, _ shape: [Int], _ wanted: [Int?]) throws(NetworkError) {
    guard shape.count == wanted.count, zip(shape, wanted).allSatisfy({ $1 == nil || $0 == $1 }) else {
      throw NetworkError(
        code: .wrongShape,
        message:
          "tensor \"\(name)\" has shape \(shape.prefix(8)), wanted is \(wanted.map { $0.map(String.init) ?? "any" }); give the file of this architecture")
    }
  }

  private func check(_ name: String, _ values: [Float]) throws(NetworkError) {
    guard kernels_all_finite(values, values.count) else {
      throw NetworkError(code: .badValues, message: "tensor \"\(name)\" has values that are not numbers; make the file again")
    }
  }

  func norm(_ name: String, size: Int) throws(NetworkError) -> LayerNorm {
    LayerNorm(scale: try tensor("\(name).weight", size).values, shift: try tensor("\(name).bias", size).values)
  }

  /// - Parameter use: what the weights are to be multiplied with.
  func linear(_ name: String, outputs: Int?, inputs: Int?, _ use: Weights.Use) throws(NetworkError) -> Linear {
    let weights: Weights
    if let matrix = file.byteMatrix(named: "\(name).weight") {
      try check("\(name).weight", [matrix.rows, matrix.columns], [outputs, inputs])
      try check("\(name).weight.scale", matrix.scales)
      weights = Weights(matrix, use)
    } else {
      weights = Weights(try tensor("\(name).weight", outputs, inputs), use)
    }
    return Linear(weights, bias: try tensor("\(name).bias", weights.outputs).values)
  }
}
