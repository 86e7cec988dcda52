import CKernels
import Testing

@testable import BonafideNetwork

/// The whole network against PyTorch, and its stream's promises.
struct CRNNTests {
  private static let configuration = CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 24, bands: 64, inputs: 3)
  /// Values of a feature frame.
  private static let width = 64 * 3
  private static let tolerance: Float = 1e-4

  private let golden: Golden
  private let network: CRNN
  private let features: [Float]

  init() throws {
    golden = try Golden("crnn")
    network = try CRNN(golden.file, configuration: Self.configuration, arithmetic: .float)
    features = try golden.values("golden.input")
  }

  private func flat(_ outputs: [FrameOutput]) -> [Float] {
    outputs.flatMap { [$0.score, $0.attention, $0.speech] }
  }

  /// - Parameter pieces: values per call of `append`, over and over.
  private func outputs(frames: Int, blockFrames: Int = 1000, pieces: [Int] = [1 << 20]) -> [Float] {
    var stream = CRNNStream(network, blockFrames: blockFrames)
    var outputs: [FrameOutput] = []
    var rest = features[..<(frames * Self.width)]
    var index = 0
    while !rest.isEmpty {
      let piece = rest.prefix(pieces[index % pieces.count])
      stream.append(Array(piece), into: &outputs)
      rest = rest.dropFirst(piece.count)
      index += 1
    }
    stream.finish(into: &outputs)
    return flat(outputs)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 8, 11, 12, 13, 24, 25, 100, 333, 701])
  func agreesWithPyTorch(frames: Int) throws {
    let expected = try golden.values("golden.output.\(frames)")
    #expect(expected.count == 3 * ((frames + 3) / 4))
    #expect(distance(outputs(frames: frames), expected) < Self.tolerance, "\(Golden.command)")
  }

  /// What `Arithmetic.float` promises, by the kernels of other processors, as far as this one has them.
  @Test(arguments: [kernels_none, kernels_avx2, kernels_avx512].filter { $0.rawValue <= kernels_best().rawValue })
  func floatIsTheSameOnAllProcessors(kernels: kernels_set) throws {
    let expected = try golden.values("golden.output.701")
    var stream = CRNNStream(try CRNN(golden.file, configuration: Self.configuration, kernels: kernels))
    var outputs: [FrameOutput] = []
    stream.append(Array(features[..<(701 * Self.width)]), into: &outputs)
    stream.finish(into: &outputs)
    #expect(distance(flat(outputs), expected) < Self.tolerance, "\(Golden.command)")
  }

  /// Blocks of every size have the margins that they need.
  @Test(arguments: [4, 8, 12, 16, 20, 64, 300])
  func blocksLeaveNoTrace(blockFrames: Int) throws {
    for frames in [1, 13, 25, 100, 333, 701] {
      let expected = try golden.values("golden.output.\(frames)")
      let outputs = outputs(frames: frames, blockFrames: blockFrames)
      #expect(distance(outputs, expected) < Self.tolerance, "\(frames) frames. \(Golden.command)")
    }
  }

  /// Whatever the pieces, the outputs are the same to the last bit.
  @Test func piecesLeaveNoTrace() {
    var random = Xorshift(seed: 2)
    for blockFrames in [8, 100] {
      let whole = outputs(frames: 701, blockFrames: blockFrames)
      for longest in [3, 64, 700, 20_000] {
        let pieces = (0..<50).map { _ in 1 + Int(random.next() % UInt64(longest)) }
        #expect(outputs(frames: 701, blockFrames: blockFrames, pieces: pieces) == whole, "pieces up to \(longest)")
      }
    }
  }

  /// Nor does what is not waited for: by a flush behind each piece, or by blocks that are as long as what there is.
  @Test(arguments: [false, true]) func whatIsNotWaitedForLeavesNoTrace(isPrompt: Bool) {
    let whole = outputs(frames: 701)
    var random = Xorshift(seed: 3)
    for longest in [1, 5, 40, 400] {
      var stream = isPrompt ? CRNNStream(network, blockFrames: 32, isPrompt: true) : CRNNStream(network)
      var outputs: [FrameOutput] = []
      var rest = features[..<(701 * Self.width)]
      while !rest.isEmpty {
        let piece = rest.prefix(1 + Int(random.next() % UInt64(longest * Self.width)))
        stream.append(Array(piece), into: &outputs)
        rest = rest.dropFirst(piece.count)
        if !isPrompt { stream.flush(into: &outputs) }
        let frames = (701 * Self.width - rest.count) / Self.width
        #expect(outputs.count == max(0, frames / 8 * 2 - 2))
      }
      stream.finish(into: &outputs)
      #expect(distance(flat(outputs), whole) < Self.tolerance, "pieces up to \(longest) frames")
    }
  }

  /// Streams that take turns in one workspace do not hear each other.
  @Test func turnsLeaveNoTrace() {
    let parties = [Array(features.prefix(400 * Self.width)), Array(features.prefix(400 * Self.width).reversed())]
    func alone(_ party: [Float]) -> [Float] {
      var stream = CRNNStream(network, blockFrames: 16)
      var outputs: [FrameOutput] = []
      stream.append(party, into: &outputs)
      stream.finish(into: &outputs)
      return flat(outputs)
    }
    var first = CRNNStream(network, blockFrames: 16)
    var second = CRNNStream(network, blockFrames: 16)
    var (outputs, others): ([FrameOutput], [FrameOutput]) = ([], [])
    for start in stride(from: 0, to: parties[0].count, by: 7 * Self.width) {
      let end = min(parties[0].count, start + 7 * Self.width)
      first.append(Array(parties[0][start..<end]), into: &outputs)
      second.append(Array(parties[1][start..<end]), into: &others)
    }
    first.finish(into: &outputs)
    second.finish(into: &others)
    #expect(flat(outputs) == alone(parties[0]))
    #expect(flat(others) == alone(parties[1]))
  }

  @Test func finishedStreamIsAsNew() {
    var stream = CRNNStream(network, blockFrames: 40)
    var (first, second): ([FrameOutput], [FrameOutput]) = ([], [])
    stream.append(Array(features.prefix(301 * Self.width)), into: &first)
    stream.finish(into: &first)
    stream.append(Array(features.prefix(101 * Self.width)), into: &second)
    stream.finish(into: &second)
    #expect(flat(second) == outputs(frames: 101, blockFrames: 40))
  }

  @Test func nothingInNothingOut() {
    var stream = CRNNStream(network)
    var outputs: [FrameOutput] = []
    stream.finish(into: &outputs)
    stream.append([], into: &outputs)
    stream.append([1, 2, 3], into: &outputs)
    stream.finish(into: &outputs)
    #expect(outputs.isEmpty)
  }

  @Test func parallelStreamsDoNotDisturbEachOther() async {
    let expected = outputs(frames: 701, blockFrames: 60)
    await withTaskGroup(of: [Float].self) { group in
      for _ in 0..<8 { group.addTask { outputs(frames: 701, blockFrames: 60) } }
      for await outputs in group { #expect(outputs == expected) }
    }
  }

  @Test func nonsenseConfigurationsAreErrors() throws {
    var wrong: [CRNN.Configuration] = []
    for channels in [[], [8, 12, 16], [8, 12, 16, 24, 24], [0, 12, 16, 24], [8, 12, -16, 24], [8, 12, 16, .max]] {
      wrong.append(CRNN.Configuration(channels: channels, dense: 40, hidden: 24, bands: 64))
    }
    for size in [0, -1, .min, .max] {
      wrong.append(CRNN.Configuration(channels: [8, 12, 16, 24], dense: size, hidden: 24, bands: 64))
      wrong.append(CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: size, bands: 64))
      wrong.append(CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 24, bands: size))
    }
    wrong.append(CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 24, bands: 60))
    for inputs in [0, -1, 17, .max] {
      wrong.append(CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 24, bands: 64, inputs: inputs))
    }
    for configuration in wrong {
      let error = #expect(throws: NetworkError.self) { try CRNN(golden.file, configuration: configuration) }
      #expect(error?.code == .badConfiguration, "\(configuration)")
    }
  }

  @Test func weightsOfAnotherArchitectureAreErrors() throws {
    for configuration in [
      CRNN.Configuration(channels: [8, 12, 16, 25], dense: 40, hidden: 24, bands: 64, inputs: 3),
      CRNN.Configuration(channels: [8, 12, 16, 24], dense: 41, hidden: 24, bands: 64, inputs: 3),
      CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 23, bands: 64, inputs: 3),
      CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 24, bands: 80, inputs: 3),
      CRNN.Configuration(channels: [8, 12, 16, 24], dense: 40, hidden: 24, bands: 64, inputs: 2),
    ] {
      let error = #expect(throws: NetworkError.self) { try CRNN(golden.file, configuration: configuration) }
      #expect(error?.code == .wrongShape)
      #expect(error?.message.contains("its card wants") == true)
    }
    let none = try SafetensorsFile(SafetensorsBuilder().bytes)
    let error = #expect(throws: NetworkError.self) { try CRNN(none, configuration: Self.configuration) }
    #expect(error?.code == .missingTensor)
    #expect(error?.message.contains("conv.0.weight") == true)
  }

  @Test(arguments: [
    ("gru.bias_hh_l0", Float.nan), ("heads.weight", .infinity), ("norm.2.running_var", -1), ("norm.1.weight", 3e38),
  ])
  func valuesOutOfRangeAreErrors(name: String, value: Float) throws {
    var builder = SafetensorsBuilder()
    for other in golden.file.names {
      let tensor = try golden.tensor(other)
      // a small variance, for a scale at the end of the range
      let constant: Float? = other == name ? value : other == "norm.1.running_var" ? 1e-6 : nil
      builder.add(other, shape: tensor.shape, values: constant.map { .init(repeating: $0, count: tensor.values.count) } ?? tensor.values)
    }
    let file = try SafetensorsFile(builder.bytes)
    let error = #expect(throws: NetworkError.self) { try CRNN(file, configuration: Self.configuration) }
    #expect(error?.code == .badValues)
  }
}
