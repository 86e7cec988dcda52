import CKernels

/// What is wrong with a network's configuration or weights.
public struct NetworkError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    /// A size in the configuration is out of range.
    case badConfiguration
    /// The file has no tensor of a name that the network needs.
    case missingTensor
    /// A tensor's shape is not the configuration's.
    case wrongShape
    /// Weights are not finite numbers, or a variance is negative.
    case badValues
  }

  public let code: Code
  /// What is wrong and what to do, in one line.
  public let message: String

  public var description: String { message }
}

/// The network: feature frames (10 ms) to scores (40 ms), `CRNN` in `bonafide_models/networks.py` of `Models/src`.
///
/// Four 3x3 convolutions with batch-norm and ReLU, strides (time, frequency) (2, 2) (2, 2) (1, 2) (1, 2); a dense layer with
/// ReLU over frequency × channels; a GRU; a linear layer for the three outputs.
public struct CRNN: Sendable {
  /// Sizes of the layers.
  public struct Configuration: Codable, Sendable, Equatable {
    /// Output channels of the four convolutions, 1 to 1024 each.
    public var channels: [Int]
    /// Outputs of the dense layer, 1 to 4096.
    public var dense: Int
    /// Size of the GRU's state, 1 to 4096.
    public var hidden: Int
    /// Mel bands of a feature frame: a multiple of 16, 16 to 1024.
    public var bands: Int
    /// Features per band, 1 to 16.
    public var inputs: Int

    public init(channels: [Int], dense: Int, hidden: Int, bands: Int, inputs: Int = 1) {
      self.channels = channels
      self.dense = dense
      self.hidden = hidden
      self.bands = bands
      self.inputs = inputs
    }

    /// Values of a feature frame: those of a band one after the other.
    var valuesPerFrame: Int { bands * inputs }

    /// Floating-point operations that a score takes by the layers' shapes: two for each weight at each place.
    package var operationsPerScore: Int {
      var (weights, columns, rows, before) = (0, bands, CRNN.framesPerScore, inputs)
      for (outputs, stride) in zip(channels, CRNN.strides) {
        rows /= stride.rows
        columns /= stride.columns
        weights += 9 * before * outputs * rows * columns
        before = outputs
      }
      return 2 * (weights + before * columns * dense + 3 * hidden * (dense + hidden) + 3 * hidden)
    }

    fileprivate func validate() throws(NetworkError) {
      func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(NetworkError) {
        if !holds { throw NetworkError(code: .badConfiguration, message: message() + "; mend the model's card") }
      }
      try check(
        channels.count == CRNN.strides.count && channels.allSatisfy((1...1024).contains),
        "channels must be four sizes from 1 to 1024, not \(channels.prefix(8))")
      try check((1...4096).contains(dense), "dense must be 1 to 4096, not \(dense)")
      try check((1...4096).contains(hidden), "hidden must be 1 to 4096, not \(hidden)")
      try check(
        (16...1024).contains(bands) && bands.isMultiple(of: 16), "bands must be a multiple of 16 up to 1024, not \(bands)")
      try check((1...16).contains(inputs), "inputs must be 1 to 16, not \(inputs)")
    }
  }

  public let configuration: Configuration
  let convolutions: [Convolution2D]
  let dense: Dense
  let gru: GRU
  let heads: Dense
  /// What its streams compute in.
  let workspaces = CRNNWorkspaces()

  /// Feature frames per score frame.
  public static let framesPerScore = 4
  static let strides = [(2, 2), (2, 2), (1, 2), (1, 2)].map(Convolution2D.Stride.init)

  /// - Parameter file: has the tensors of PyTorch's `state_dict`, under its names. Others are ignored.
  public init(
    _ file: SafetensorsFile, configuration: Configuration, arithmetic: Arithmetic = .fastest
  ) throws(NetworkError) {
    try self.init(file, configuration: configuration, kernels: arithmetic.kernels, takesBytes: arithmetic.takesBytes)
  }

  /// - Parameters:
  ///   - kernels: which the processor must have; `kernels_none` for OpenBLAS.
  ///   - takesBytes: whether the two largest convolutions and the dense layer are of 8 bits.
  init(
    _ file: SafetensorsFile, configuration: Configuration, kernels: kernels_set, takesBytes: Bool = false
  ) throws(NetworkError) {
    try configuration.validate()
    self.configuration = configuration

    func tensor(_ name: String, _ shape: Int...) throws(NetworkError) -> Tensor {
      guard let tensor = file.tensor(named: name) else {
        throw NetworkError(code: .missingTensor, message: "the weights lack tensor \"\(name)\"; give the file of this architecture")
      }
      guard tensor.shape == shape else {
        throw NetworkError(
          code: .wrongShape,
          message:
            "tensor \"\(name)\" has shape \(tensor.shape.prefix(8)), its card wants \(shape); give the file of this architecture")
      }
      guard tensor.isFinite else {
        throw NetworkError(code: .badValues, message: "tensor \"\(name)\" has values that are not numbers; train it again")
      }
      return tensor
    }

    var convolutions: [Convolution2D] = []
    var inputs = configuration.inputs
    for (index, outputs) in configuration.channels.enumerated() {
      let convolution = Convolution2D(
        weight: try tensor("conv.\(index).weight", outputs, inputs, 3, 3),
        normalisation: Convolution2D.Normalisation(
          scale: try tensor("norm.\(index).weight", outputs).values, shift: try tensor("norm.\(index).bias", outputs).values,
          mean: try tensor("norm.\(index).running_mean", outputs).values,
          variance: try tensor("norm.\(index).running_var", outputs).values),
        stride: Self.strides[index], kernels: kernels, takesBytes: takesBytes)
      guard convolution.isFinite else {
        throw NetworkError(
          code: .badValues, message: "norm.\(index) has a negative variance or values out of range; train it again")
      }
      convolutions.append(convolution)
      inputs = outputs
    }
    self.convolutions = convolutions

    let hidden = configuration.hidden
    dense = Dense(
      weight: try tensor("dense.weight", configuration.dense, inputs * configuration.bands / 16),
      bias: try tensor("dense.bias", configuration.dense).values, rectified: true, kernels: kernels,
      takesBytes: takesBytes)
    gru = GRU(
      inputWeight: try tensor("gru.weight_ih_l0", 3 * hidden, configuration.dense),
      recurrentWeight: try tensor("gru.weight_hh_l0", 3 * hidden, hidden),
      inputBias: try tensor("gru.bias_ih_l0", 3 * hidden).values,
      recurrentBias: try tensor("gru.bias_hh_l0", 3 * hidden).values, kernels: kernels)
    heads = Dense(
      weight: try tensor("heads.weight", 3, hidden), bias: try tensor("heads.bias", 3).values, rectified: false,
      kernels: kernels_none)
  }
}
