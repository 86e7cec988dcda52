/// What the network says of one score frame (40 ms), as logits.
public struct FrameOutput: Sendable, Equatable {
  /// Higher = more likely bona fide.
  public var score: Float
  /// Natural logarithm of the frame's weight.
  public var attention: Float
  /// Higher = more likely speech.
  public var speech: Float

  public init(score: Float, attention: Float, speech: Float) {
    self.score = score
    self.attention = attention
    self.speech = speech
  }
}

/// A run of the network over one party, fed in pieces of any size.
///
/// The outputs are those of the network over the whole party: convolutions work on blocks with enough frames of the
/// neighbouring blocks on either side, the GRU carries its state from block to block. Blocks lie where they lie whatever the
/// pieces are, so outputs do not depend on them. All memory is allocated at the start.
public struct CRNNStream: ~Copyable, Sendable {
  private let network: CRNN
  /// Of the features and behind each convolution.
  private let features, first, second, third, fourth: Activations
  private let scratch, denseOutputs, states, state, heads: FloatStorage
  /// Feature frames that the block holds when it is full.
  private let capacity: Int
  /// Values in the block.
  private var filled = 0
  /// Frames at the start of the block whose scores are out already.
  private var done = 0

  /// Frames of the neighbouring block that a block has on either side: a score depends on 11 frames before its own first one
  /// and 8 after its last; a multiple of four.
  private static let halo = 12

  public init(_ network: CRNN) { self.init(network, blockFrames: 1000) }

  /// - Parameter blockFrames: a positive multiple of four.
  init(_ network: CRNN, blockFrames: Int) {
    self.network = network
    capacity = blockFrames + 2 * Self.halo
    let layers = network.convolutions
    var (rows, columns) = (capacity, network.configuration.bands)
    var scratchCount = 0
    func output(_ layer: Int) -> Activations {
      scratchCount = max(scratchCount, layers[layer].scratchCount(inputColumns: columns))
      (rows, columns) = (layers[layer].rows(for: rows), layers[layer].columns(for: columns))
      return Activations(rows: rows, columns: columns, channels: layers[layer].outputChannels)
    }
    features = Activations(rows: rows, columns: columns, channels: 1)
    first = output(0)
    second = output(1)
    third = output(2)
    fourth = output(3)
    scratch = FloatStorage(count: max(scratchCount, network.gru.scratchCount(steps: rows)))
    denseOutputs = FloatStorage(count: rows * network.dense.outputs)
    states = FloatStorage(count: rows * network.gru.hidden)
    state = FloatStorage(count: network.gru.hidden)
    heads = FloatStorage(count: rows * network.heads.outputs)
  }

  /// Takes the next features and appends the scores of the blocks that they complete.
  ///
  /// - Parameters:
  ///   - features: feature frames of `bands` values one after the other; a frame may go on in the next call.
  ///   - outputs: one per four feature frames, in order, about ten seconds at a time.
  public mutating func append(_ features: [Float], into outputs: inout [FrameOutput]) {
    let bands = network.configuration.bands
    features.withUnsafeBufferPointer { features in
      guard let start = features.baseAddress else { return }
      var taken = 0
      while taken < features.count {
        let (row, column) = filled.quotientAndRemainder(dividingBy: bands)
        let count = min(bands - column, features.count - taken)
        (self.features.row(row) + column).update(from: start + taken, count: count)
        taken += count
        filled += count
        if filled == capacity * bands { advance(into: &outputs) }
      }
    }
  }

  /// Appends the scores of what is left: as many in all as four go into the feature frames, rounded up. The stream is then
  /// as new.
  public mutating func finish(into outputs: inout [FrameOutput]) {
    let rows = filled / network.configuration.bands
    score(rows: rows, until: (rows + CRNN.framesPerScore - 1) / CRNN.framesPerScore, into: &outputs)
    filled = 0
    done = 0
    state.start.update(repeating: 0, count: state.count)
  }

  /// Scores a full block, and moves its last frames to the start of the next.
  private mutating func advance(into outputs: inout [FrameOutput]) {
    score(rows: capacity, until: (capacity - Self.halo) / CRNN.framesPerScore, into: &outputs)
    for row in 0..<2 * Self.halo {
      features.row(row).update(from: features.row(capacity - 2 * Self.halo + row), count: features.columns)
    }
    filled = 2 * Self.halo * features.columns
    done = Self.halo
  }

  /// Appends the scores of the block's first `rows` frames, from those that are out already up to `end`.
  private func score(rows: Int, until end: Int, into outputs: inout [FrameOutput]) {
    let begin = done / CRNN.framesPerScore
    guard begin < end else { return }
    features.clear(row: rows)
    let layers = network.convolutions
    var rows = rows
    func convolve(_ layer: Int, _ input: borrowing Activations, _ output: borrowing Activations) {
      layers[layer].apply(to: input, rows: rows, output: output, scratch: scratch.start)
      rows = layers[layer].rows(for: rows)
    }
    convolve(0, features, first)
    convolve(1, first, second)
    convolve(2, second, third)
    convolve(3, third, fourth)

    let count = end - begin
    network.dense.apply(
      to: Matrix(fourth.row(begin), rows: count, columns: network.dense.inputs, stride: fourth.stride), output: denseOutputs.start)
    network.gru.apply(
      to: Matrix(denseOutputs.start, rows: count, columns: network.dense.outputs), state: state.start, output: states.start,
      scratch: scratch.start)
    network.heads.apply(to: Matrix(states.start, rows: count, columns: network.gru.hidden), output: heads.start)
    for frame in 0..<count {
      let logits = heads.start + frame * network.heads.outputs
      outputs.append(FrameOutput(score: logits[0], attention: logits[1], speech: logits[2]))
    }
  }
}
