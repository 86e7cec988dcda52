import CKernels

/// Several perceptrons of three layers with GELU, each of which gives a number; their mean counts. Beside them a linear mark.
public struct PerceptronHeads: Sendable {
  private let heads: [[Linear]]
  private let markWeight: [Float]
  private let markBias: Float
  /// What the numbers that go in are brought to mean 0 and variance 1 by.
  private let mean, scale: [Float]
  /// Numbers that go in.
  public var inputs: Int { mean.count }

  /// - Parameters:
  ///   - file: has, each after `name` and a dot, `inputs.mean` and `inputs.scale` (inputs), `heads.0.0.weight` (units, inputs),
  ///     `heads.0.0.bias` (units), `heads.0.1`, `heads.0.2`; `heads.1`, … . Weights may be of 8 bits. For the mark, `coding.weight` (inputs) and
  ///     `coding.bias` (1).
  ///   - inputs: numbers that go in.
  public init(_ file: SafetensorsFile, name: String, inputs: Int) throws(NetworkError) {
    let weights = WeightReader(file)
    mean = try weights.tensor("\(name).inputs.mean", inputs).values
    scale = try weights.tensor("\(name).inputs.scale", inputs).values
    var heads: [[Linear]] = []
    while file.names.contains("\(name).heads.\(heads.count).0.bias") {
      var layers: [Linear] = []
      for layer in 0..<3 {
        let width = layers.last?.outputs ?? inputs
        layers.append(try weights.linear("\(name).heads.\(heads.count).\(layer)", outputs: layer == 2 ? 1 : nil, inputs: width, .one))
      }
      heads.append(layers)
    }
    guard !heads.isEmpty else {
      throw NetworkError(code: .missingTensor, message: "the weights lack \(name).heads.0; give the file of this architecture")
    }
    self.heads = heads
    markWeight = try weights.tensor("\(name).coding.weight", inputs).values
    markBias = try weights.tensor("\(name).coding.bias", 1).values[0]
  }

  /// The mean of the heads' numbers, and the mark.
  ///
  /// - Parameter values: `inputs` of them.
  public func score(_ values: [Float]) -> (mean: Float, mark: Float) {
    precondition(values.count == inputs, "\(values.count) values for heads of \(inputs)")
    var sum: Float = 0
    let normalised = values.indices.map { (values[$0] - mean[$0]) * scale[$0] }
    for layers in heads {
      var x = normalised
      for (index, layer) in layers.enumerated() {
        var y = [Float](repeating: 0, count: layer.outputs)
        x.withUnsafeBufferPointer { x in
          y.withUnsafeMutableBufferPointer { y in
            guard let x = x.baseAddress, let y = y.baseAddress else { return }
            layer.multiply(x, rows: 1, into: y)
            if index < layers.count - 1 { layer.gelu(y, rows: 1) } else { layer.addBias(y, rows: 1) }
          }
        }
        x = y
      }
      sum += x[0]
    }
    return (sum / Float(heads.count), zip(normalised, markWeight).reduce(markBias) { $0 + $1.0 * $1.1 })
  }
}
