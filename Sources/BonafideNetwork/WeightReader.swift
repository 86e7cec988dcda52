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
