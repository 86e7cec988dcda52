import CKernels
import Foundation
import Testing

@testable import BonafideNetwork

/// Each layer against PyTorch.
struct LayerTests {
  private static let tolerance: Float = 1e-5
  /// OpenBLAS everywhere, own kernels where the processor runs them.
  private static let ways = [kernels_none, kernels_avx2, kernels_avx512, kernels_bfloat16].filter { $0.rawValue <= kernels_best().rawValue }

  @Test(arguments: ["direct", "direct_plain", "single", "both", "frequency", "wide", "plain", "row", "few", "panels", "four"], Self.ways)
  func convolution(name: String, kernels: kernels_set) throws {
    let golden = try Golden("layers")
    let prefix = "convolution.\(name)."
    let stride = try golden.values(prefix + "stride").map { Int($0) }
    let layer = Convolution2D(
      weight: try golden.tensor(prefix + "weight"),
      normalisation: Convolution2D.Normalisation(
        scale: try golden.values(prefix + "scale"), shift: try golden.values(prefix + "shift"),
        mean: try golden.values(prefix + "mean"), variance: try golden.values(prefix + "variance")),
      stride: Convolution2D.Stride(rows: stride[0], columns: stride[1]), kernels: kernels)
    let (input, expected) = (try golden.tensor(prefix + "input"), try golden.tensor(prefix + "output"))

    let (rows, columns, channels) = (input.shape[0], input.shape[1], input.shape[2])
    let source = Activations(rows: rows, columns: columns, channels: channels)
    for row in 0..<rows {
      for index in 0..<columns * channels { source.row(row)[index] = input.values[row * columns * channels + index] }
    }
    let outputRows = layer.rows(for: rows)
    let outputColumns = layer.columns(for: columns)
    #expect([outputRows, outputColumns, layer.outputChannels] == expected.shape)
    let target = Activations(rows: outputRows, columns: outputColumns, channels: layer.outputChannels)
    let scratch = FloatStorage(count: layer.scratchCount(inputColumns: columns, outputRows: outputRows))
    layer.apply(to: source, rows: 0..<outputRows, output: target, at: 0, scratch: scratch.start)
    let output = (0..<outputRows).flatMap { row in
      (0..<outputColumns * layer.outputChannels).map { target.row(row)[$0] }
    }
    // bfloat16 has eight bits: an error of 2⁻⁹ a factor, of which some hundreds are summed; outputs go up to 5.
    let tolerance = layer.usesHalves ? 0.04 : Self.tolerance
    #expect(distance(output, expected.values) < tolerance, "\(Golden.command)")
  }

  /// The same of weights of 8 bits.
  @Test(arguments: [1, 2, 6, 9]) func windowsOf8Bits(rows: Int) throws {
    let (channels, outputs) = (64, 80)
    let values = (0..<outputs * 9 * channels).map { Int8(truncatingIfNeeded: 37 * $0 + 11) }
    let scales = (0..<outputs).map { 1e-4 * (1 + Float($0)) }
    var builder = SafetensorsBuilder()
    builder.add("layer.weight", rows: outputs, columns: 9 * channels, bytes: values, scales: scales)
    builder.add("layer.bias", shape: [outputs], values: [Float](repeating: 0, count: outputs))
    let reader = WeightReader(try SafetensorsFile(builder.bytes))
    for (step, order) in [(1, [0, 1, 2]), (2, [2, 0, 1])] {
      let length = (step * (rows - 1) + 3) * channels
      let lines = (0..<3 * length).map { sin(Float($0) * 0.7) }
      let results = try [Arithmetic.float, .fastest].map { arithmetic in
        let layer = try reader.linear("layer", outputs: outputs, inputs: 9 * channels, .rows(arithmetic))
        var output = [Float](repeating: .nan, count: rows * outputs)
        layer.multiply(
          windowsOf: lines, length: length, order: order, run: 3 * channels, step: step * channels, rows: rows, into: &output)
        return output
      }
      // The places of 576 products are off by half a step at most, 1/255, and add up as their square root.
      for (index, (float, fastest)) in zip(results[0], results[1]).enumerated() {
        #expect(abs(float - fastest) < scales[index % outputs] * 30, "row \(index / outputs), column \(index % outputs)")
      }
    }
  }

  /// Windows of three lines in any order, every one and every other; counts of rows that fill blocks of six, and rest.
  @Test(arguments: [1, 2, 6, 9], [(channels: 2, outputs: 64), (channels: 8, outputs: 128), (channels: 3, outputs: 5)])
  func windows(rows: Int, size: (channels: Int, outputs: Int)) throws {
    let (channels, outputs) = size
    let wave = { (k: Int) in sin(Float(k) * 0.7) }
    let weight = try #require(Tensor(shape: [outputs, 9 * channels], values: (0..<outputs * 9 * channels).map(wave)))
    let bias = (0..<outputs).map { wave(5 * $0) }
    for (step, order) in [(1, [0, 1, 2]), (2, [2, 0, 1])] {
      let length = (step * (rows - 1) + 3) * channels
      let lines = (0..<3 * length).map { wave(3 * $0 + 1) }
      for arithmetic in [Arithmetic.float, .fastest] {
        let layer = Linear(Weights(weight, .rows(arithmetic)), bias: bias)
        var output = [Float](repeating: .nan, count: rows * outputs)
        layer.multiply(
          windowsOf: lines, length: length, order: order, run: 3 * channels, step: step * channels, rows: rows, into: &output)
        layer.leaky(&output, rows: rows, slope: 0.1)
        for row in 0..<rows {
          for column in 0..<outputs {
            var sum = bias[column]
            for tap in 0..<3 {
              for k in 0..<3 * channels {
                sum += lines[order[tap] * length + row * step * channels + k] * weight.values[(column * 3 + tap) * 3 * channels + k]
              }
            }
            let expected = sum < 0 ? 0.1 * sum : sum
            #expect(abs(output[row * outputs + column] - expected) < (arithmetic == .float ? 1e-4 : 0.15), "row \(row), column \(column)")
          }
        }
      }
    }
  }

  /// 8 bits where they lie in the file, widened or packed: the same as the floats that they stand for.
  @Test(arguments: [(64, 128), (192, 80), (63, 65)]) func matricesOf8Bits(size: (inputs: Int, outputs: Int)) throws {
    let (inputs, outputs) = size
    let values = (0..<inputs * outputs).map { Int8(truncatingIfNeeded: 37 * $0 + 11) }
    let scales = (0..<outputs).map { 0.001 + 0.0001 * Float($0) }
    var builder = SafetensorsBuilder()
    builder.add("layer.weight", rows: outputs, columns: inputs, bytes: values, scales: scales)
    builder.add("layer.bias", shape: [outputs], values: [Float](repeating: 0, count: outputs))
    let reader = WeightReader(try SafetensorsFile(builder.bytes))
    let input = (0..<3 * inputs).map { sin(Float($0)) }
    for (use, tolerance) in [(Weights.Use.one, Float(1e-4)), (.rows(.float), 1e-4), (.rows(.fastest), 0.05)] {
      let layer = try reader.linear("layer", outputs: outputs, inputs: inputs, use)
      var output = [Float](repeating: .nan, count: 3 * outputs)
      layer.multiply(input, rows: 3, into: &output)
      for row in 0..<3 {
        for column in 0..<outputs {
          let expected = (0..<inputs).reduce(0) { $0 + input[row * inputs + $1] * Float(values[column * inputs + $1]) } * scales[column]
          #expect(abs(output[row * outputs + column] - expected) < tolerance, "row \(row), column \(column)")
        }
      }
    }
    #expect(throws: NetworkError.self) { try reader.linear("layer", outputs: outputs + 1, inputs: inputs, .one) }
  }

  /// Scales that are no numbers are found.
  @Test(arguments: [Float.nan, .infinity]) func scalesThatAreNoNumbers(scale: Float) throws {
    var builder = SafetensorsBuilder()
    builder.add("layer.weight", rows: 1, columns: 2, bytes: [1, 2], scales: [scale])
    builder.add("layer.bias", shape: [1], values: [0])
    let reader = WeightReader(try SafetensorsFile(builder.bytes))
    #expect(throws: NetworkError.self) { try reader.linear("layer", outputs: 1, inputs: 2, .one) }
  }

  /// A file of another architecture is named, not read past its end.
  @Test func spectraOfTheWrongShape() throws {
    var file = SafetensorsBuilder()
    file.add("layers.0.weight", shape: [64, 18], values: [Float](repeating: 0, count: 64 * 18))
    file.add("layers.0.bias", shape: [64], values: [Float](repeating: 0, count: 64))
    #expect(throws: NetworkError.self) { try SpectrumEncoder(SafetensorsFile(file.bytes)) }
    file.add("layers.1.weight", shape: [64, 64], values: [Float](repeating: 0, count: 64 * 64))
    file.add("layers.1.bias", shape: [64], values: [Float](repeating: 0, count: 64))
    #expect(throws: NetworkError.self) { try SpectrumEncoder(SafetensorsFile(file.bytes)) }
  }

  /// Rows that fill blocks of six, and rest; inputs and outputs that fit bfloat16, and that do not.
  @Test(arguments: [1, 2, 5, 6, 13], [(64, 128), (62, 64), (63, 64), (64, 65)])
  func linear(rows: Int, size: (inputs: Int, outputs: Int)) throws {
    let (inputs, outputs) = size
    let wave = { (k: Int) in sin(Float(k) * 0.7) }
    let weight = try #require(Tensor(shape: [outputs, inputs], values: (0..<inputs * outputs).map(wave)))
    let input = (0..<rows * inputs).map { wave(3 * $0 + 1) }
    for arithmetic in [Arithmetic.float, .fastest] {
      let layer = Linear(Weights(weight, .rows(arithmetic)), bias: [Float](repeating: 0, count: outputs))
      var output = [Float](repeating: .nan, count: rows * outputs)
      layer.multiply(input, rows: rows, into: &output)
      for row in 0..<rows {
        for column in 0..<outputs {
          let expected = (0..<inputs).reduce(Float(0)) { $0 + input[row * inputs + $1] * weight.values[column * inputs + $1] }
          #expect(abs(output[row * outputs + column] - expected) < (arithmetic == .float ? 1e-4 : 0.15), "row \(row), column \(column)")
        }
      }
    }
  }

  /// Layers of 8 bits, which take what a ReLU leaves, against those of floats; rows of a block are those of the whole.
  @Test func layersOf8Bits() throws {
    func values(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
      (0..<count).map { index in
        let place = sin(12.9898 * Double(index) + Double(count)) * 43758.5453
        return range.lowerBound + Float(place - place.rounded(.down)) * (range.upperBound - range.lowerBound)
      }
    }
    let (inputs, outputs, rows, columns) = (40, 96, 11, 16)
    let weight = try #require(Tensor(shape: [outputs, inputs, 3, 3], values: values(outputs * inputs * 9, -0.2...0.2)))
    let normalisation = Convolution2D.Normalisation(
      scale: values(outputs, 0.5...2), shift: values(outputs, -1...1), mean: values(outputs, -1...1), variance: values(outputs, 0.5...2))
    let source = Activations(rows: rows, columns: columns, channels: inputs)
    for row in 0..<rows {
      for (index, value) in values(columns * inputs, -2...2).enumerated() { source.row(row)[index] = max(0, value) }
    }
    func convolved(takesBytes: Bool, blocks: [Range<Int>]) -> [Float] {
      let layer = Convolution2D(weight: weight, normalisation: normalisation, stride: .init(rows: 1, columns: 2), takesBytes: takesBytes)
      let target = Activations(rows: rows, columns: layer.columns(for: columns), channels: layer.outputChannels)
      let scratch = FloatStorage(count: layer.scratchCount(inputColumns: columns, outputRows: rows))
      for block in blocks { layer.apply(to: source, rows: block, output: target, at: block.lowerBound, scratch: scratch.start) }
      return (0..<rows).flatMap { row in (0..<target.columns * target.channels).map { target.row(row)[$0] } }
    }
    let float = convolved(takesBytes: false, blocks: [0..<rows])
    let bytes = convolved(takesBytes: true, blocks: [0..<rows])
    #expect(distance(bytes, float) < 0.2 && distance(bytes, float) > 0 && (float.max() ?? 0) > 5)
    #expect(bytes == convolved(takesBytes: true, blocks: [0..<2, 2..<7, 7..<rows]))

    let (width, heights, count) = (128, 5, 48)
    let dense = try #require(Tensor(shape: [count, width], values: values(count * width, -0.2...0.2)))
    // Rows that lie apart.
    let input = values(heights * (width + 16), 0...2)
    let results = [false, true].map { takesBytes in
      let layer = Dense(weight: dense, bias: [Float](repeating: 0.1, count: count), rectified: true, takesBytes: takesBytes)
      var output = [Float](repeating: .nan, count: heights * count)
      input.withUnsafeBufferPointer { input in
        guard let start = input.baseAddress else { return }
        layer.apply(to: Matrix(start, rows: heights, columns: width, stride: width + 16), output: &output)
      }
      return output
    }
    #expect(distance(results[0], results[1]) < 0.05 && results[0] != results[1])
  }

  @Test(arguments: Self.ways)
  func convolutionLeavesItsMarginEmpty(kernels: kernels_set) throws {
    let layer = Convolution2D(
      weight: try #require(Tensor(shape: [8, 1, 3, 3], values: [Float](repeating: 1, count: 72))),
      normalisation: Convolution2D.Normalisation(
        scale: .init(repeating: 1, count: 8), shift: .init(repeating: 1, count: 8), mean: .init(repeating: 0, count: 8),
        variance: .init(repeating: 1, count: 8)),
      stride: Convolution2D.Stride(rows: 2, columns: 2), kernels: kernels)
    let source = Activations(rows: 8, columns: 6, channels: 1)
    let scratch = FloatStorage(count: layer.scratchCount(inputColumns: 6, outputRows: 4))
    for (rows, start) in [(0..<4, 0), (1..<3, 0), (0..<3, 1), (2..<2, 3)] {
      let target = Activations(rows: 4, columns: 3, channels: 8)
      layer.apply(to: source, rows: rows, output: target, at: start, scratch: scratch.start)
      let written = start..<start + rows.count
      for row in -1...4 {
        let inside = (0..<24).map { target.row(row)[$0] }
        #expect(inside == .init(repeating: written.contains(row) ? 1 : 0, count: 24))
        #expect((1...8).allSatisfy { target.row(row)[-$0] == 0 && target.row(row)[23 + $0] == 0 })
      }
    }
  }

  /// By bfloat16, an error of 2⁻⁹ a factor.
  private static func tolerance(_ kernels: kernels_set) -> Float { kernels == kernels_bfloat16 ? 0.02 : tolerance }

  @Test(arguments: ["even", "odd"].flatMap { name in [false, true].map { (name, $0) } }, Self.ways)
  func dense(layer: (name: String, rectified: Bool), kernels: kernels_set) throws {
    let (name, rectified) = layer
    let golden = try Golden("layers")
    let layer = Dense(
      weight: try golden.tensor("dense.\(name).weight"), bias: try golden.values("dense.\(name).bias"), rectified: rectified,
      kernels: kernels)
    let input = try golden.tensor("dense.\(name).input")
    let expected = try golden.values("dense.\(name).\(rectified ? "rectified" : "output")")
    var output = [Float](repeating: .nan, count: input.shape[0] * layer.outputs)
    input.values.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        guard let input = input.baseAddress, let output = output.baseAddress else { return }
        layer.apply(to: Matrix(input, rows: 9, columns: layer.inputs), output: output)
      }
    }
    #expect(distance(output, expected) < Self.tolerance(kernels), "\(Golden.command)")
  }

  @Test func denseReadsRowsThatLieApart() throws {
    let layer = Dense(weight: try #require(Tensor(shape: [1, 2], values: [1, 10])), bias: [0.5], rectified: false)
    let input: [Float] = [1, 2, 99, 99, 3, 4]
    var output: [Float] = [0, 0]
    input.withUnsafeBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        guard let input = input.baseAddress, let output = output.baseAddress else { return }
        layer.apply(to: Matrix(input, rows: 2, columns: 2, stride: 4), output: output)
      }
    }
    #expect(output == [21.5, 43.5])
  }

  /// The steps at once, and cut anywhere with the state carried over.
  @Test(arguments: ["even", "odd", "saturated", "wide"], Self.ways)
  func gru(name: String, kernels: kernels_set) throws {
    let golden = try Golden("layers")
    let layer = GRU(
      inputWeight: try golden.tensor("gru.\(name).weight_ih_l0"), recurrentWeight: try golden.tensor("gru.\(name).weight_hh_l0"),
      inputBias: try golden.values("gru.\(name).bias_ih_l0"), recurrentBias: try golden.values("gru.\(name).bias_hh_l0"),
      kernels: kernels)
    let input = try golden.tensor("gru.\(name).input")
    let expected = try golden.values("gru.\(name).output")
    let (steps, width) = (input.shape[0], input.shape[1])
    for cut in [0, 1, 17, steps] {
      var output = [Float](repeating: .nan, count: expected.count)
      let state = FloatStorage(count: layer.hidden)
      let scratch = FloatStorage(count: layer.scratchCount(steps: steps))
      input.values.withUnsafeBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          guard let input = input.baseAddress, let output = output.baseAddress else { return }
          for part in [0..<cut, cut..<steps] where !part.isEmpty {
            layer.apply(
              to: Matrix(input + part.lowerBound * width, rows: part.count, columns: width), state: state.start,
              output: output + part.lowerBound * layer.hidden, scratch: scratch.start)
          }
        }
      }
      #expect(distance(output, expected) < Self.tolerance(kernels), "cut at \(cut). \(Golden.command)")
    }
  }

  @Test func sigmoidAndTangentAreAccurateEverywhere() {
    for tenth in -1200...1200 {
      let x = Float(tenth) / 10 + 0.003
      #expect(abs(Double(sigmoid(SIMD8(repeating: x))[3]) - 1 / (1 + exp(-Double(x)))) < 2e-7, "sigmoid(\(x))")
      #expect(abs(Double(hyperbolicTangent(SIMD8(repeating: x))[5]) - tanh(Double(x))) < 3e-7, "tanh(\(x))")
    }
    for x: Float in [-.infinity, -1e30, 1e30, .infinity] {
      #expect(sigmoid(SIMD8(repeating: x))[0] == (x < 0 ? sigmoid(SIMD8(repeating: -87))[0] : 1))
      #expect(hyperbolicTangent(SIMD8(repeating: x))[0] == (x < 0 ? -1 : 1))
    }
    #expect(hyperbolicTangent(SIMD8(repeating: 0))[0] == 0)
  }
}
