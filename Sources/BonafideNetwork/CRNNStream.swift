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
/// The outputs are those of the network over the whole party, block by block: convolutions keep the rows that reach into
/// the next block, the GRU keeps its state. Nothing is computed twice, so that short blocks cost little more than long
/// ones. Blocks lie where they lie whatever the pieces are, so outputs do not depend on them. All memory is allocated at
/// the start.
///
/// A score depends on the feature frames up to `lookAhead` after its own last one, and comes with the block that has them.
public struct CRNNStream: ~Copyable, Sendable {
  private let network: CRNN
  /// Of the features and behind each convolution. The rows of a block start at row 0 of `features` and `first`; those of
  /// `second` and `third` at row 1, behind the two that the next layer has still to look back to.
  private let features, first, second, third, fourth: Activations
  private let scratch, denseOutputs, states, state, heads: FloatStorage
  /// Feature frames in a block.
  private let blockFrames: Int
  /// Values in the block.
  private var filled = 0
  /// Score frames in the blocks before.
  private var passed = 0

  /// Feature frames after the four of a score that it depends on.
  public static let lookAhead = 8

  /// Feature frames of the shortest block.
  public static let leastBlock = 8

  /// - Parameter blockFrames: feature frames that are worked on at once, taken to a multiple of eight from 8 to 4000. Short
  ///   blocks give their scores sooner, long ones are a little faster. Of eight, for kernels compute rows in pairs, and the pairs are
  ///   the same in blocks of any size.
  public init(_ network: CRNN, blockFrames: Int = 1000) {
    self.network = network
    let scoreFrames = min(max(blockFrames / (2 * CRNN.framesPerScore), 1), 500) * 2
    self.blockFrames = scoreFrames * CRNN.framesPerScore
    let layers = network.convolutions
    // The last layers have two rows more at the end, when nothing has to be waited for.
    let rows = [2 * scoreFrames, scoreFrames + 1, scoreFrames + 2, scoreFrames + 2]
    var columns = network.configuration.bands
    var scratchCount = network.gru.scratchCount(steps: scoreFrames + 2)
    func output(_ layer: Int) -> Activations {
      scratchCount = max(scratchCount, layers[layer].scratchCount(inputColumns: columns, outputRows: rows[layer]))
      columns = layers[layer].columns(for: columns)
      return Activations(rows: rows[layer], columns: columns, channels: layers[layer].outputChannels)
    }
    features = Activations(rows: self.blockFrames, columns: columns, channels: network.configuration.inputs)
    first = output(0)
    second = output(1)
    third = output(2)
    fourth = output(3)
    scratch = FloatStorage(count: scratchCount)
    denseOutputs = FloatStorage(count: (scoreFrames + 2) * network.dense.outputs)
    states = FloatStorage(count: (scoreFrames + 2) * network.gru.hidden)
    state = FloatStorage(count: network.gru.hidden)
    heads = FloatStorage(count: (scoreFrames + 2) * network.heads.outputs)
  }

  /// Takes the next features and appends the scores of the blocks that they complete.
  ///
  /// - Parameters:
  ///   - features: feature frames of `bands` × `inputs` values one after the other; a frame may go on in the next call.
  ///   - outputs: one per four feature frames, in order, a block at a time and two score frames late.
  public mutating func append(_ features: [Float], into outputs: inout [FrameOutput]) {
    let width = network.configuration.valuesPerFrame
    features.withUnsafeBufferPointer { features in
      guard let start = features.baseAddress else { return }
      var taken = 0
      while taken < features.count {
        let (row, column) = filled.quotientAndRemainder(dividingBy: width)
        let count = min(width - column, features.count - taken)
        (self.features.row(row) + column).update(from: start + taken, count: count)
        taken += count
        filled += count
        if filled == blockFrames * width {
          score(rows: blockFrames, isLast: false, into: &outputs)
          keepLastRows(of: blockFrames)
        }
      }
    }
  }

  /// Appends the scores that have waited for their block to fill, as the shortest blocks had given them; later ones are the same.
  public mutating func flush(into outputs: inout [FrameOutput]) {
    let width = network.configuration.valuesPerFrame
    let rows = filled / width / Self.leastBlock * Self.leastBlock
    guard rows > 0 else { return }
    let rest = filled - rows * width
    score(rows: rows, isLast: false, into: &outputs)
    keepLastRows(of: rows)
    // A row at a time, for rows lie apart.
    for row in 0..<(rest + width - 1) / width { features.copy(row: rows + row, to: row) }
    filled = rest
  }

  /// Appends the scores of what is left: as many in all as four go into the feature frames, rounded up. The stream is then
  /// as new.
  public mutating func finish(into outputs: inout [FrameOutput]) {
    score(rows: filled / network.configuration.valuesPerFrame, isLast: true, into: &outputs)
    filled = 0
    passed = 0
    state.start.update(repeating: 0, count: state.count)
    features.clear(row: -1)
    first.clear(row: -1)
    for row in -1...1 {
      second.clear(row: row)
      third.clear(row: row)
    }
  }

  /// Moves the rows that the next block has to look back to before it.
  private mutating func keepLastRows(of rows: Int) {
    let scoreFrames = rows / CRNN.framesPerScore
    features.copy(row: rows - 1, to: -1)
    first.copy(row: 2 * scoreFrames - 1, to: -1)
    for row in -1...0 {
      second.copy(row: row + scoreFrames, to: row)
      third.copy(row: row + scoreFrames, to: row)
    }
    filled = 0
    passed += scoreFrames
  }

  /// Appends the scores that the block's first `rows` frames complete.
  ///
  /// Convolutions 0 and 1 have stride two and need the row before only; convolutions 2 and 3 need a row on either side, so
  /// that each lags a row behind the one before it: row i of `second` stands for score frame `passed` − 1 + i, row i of
  /// `third` and `fourth` for `passed` − 2 + i.
  ///
  /// - Parameter isLast: whether the party ends here: there is a margin of zeros behind the last row of each layer.
  private func score(rows: Int, isLast: Bool, into outputs: inout [FrameOutput]) {
    let layers = network.convolutions
    let scratch = scratch.start
    let firstRows = layers[0].rows(for: rows)
    if isLast { features.clear(row: rows) }
    layers[0].apply(to: features, rows: 0..<firstRows, output: first, at: 0, scratch: scratch)
    let secondRows = layers[1].rows(for: firstRows)
    if isLast { first.clear(row: firstRows) }
    layers[1].apply(to: first, rows: 0..<secondRows, output: second, at: 1, scratch: scratch)
    if isLast { second.clear(row: secondRows + 1) }
    // No row stands for a time before the first score frame.
    let thirdStart = max(0, 1 - passed)
    let thirdEnd = secondRows + (isLast ? 1 : 0)
    if thirdStart < thirdEnd {
      layers[2].apply(to: second, rows: thirdStart..<thirdEnd, output: third, at: thirdStart + 1, scratch: scratch)
    }
    if isLast { third.clear(row: thirdEnd + 1) }
    let start = max(0, 2 - passed)
    let end = secondRows + (isLast ? 2 : 0)
    guard start < end else { return }
    layers[3].apply(to: third, rows: start..<end, output: fourth, at: start, scratch: scratch)

    let count = end - start
    network.dense.apply(
      to: Matrix(fourth.row(start), rows: count, columns: network.dense.inputs, stride: fourth.stride), output: denseOutputs.start)
    network.gru.apply(
      to: Matrix(denseOutputs.start, rows: count, columns: network.dense.outputs), state: state.start, output: states.start,
      scratch: scratch)
    network.heads.apply(to: Matrix(states.start, rows: count, columns: network.gru.hidden), output: heads.start)
    for frame in 0..<count {
      let logits = heads.start + frame * network.heads.outputs
      outputs.append(FrameOutput(score: logits[0], attention: logits[1], speech: logits[2]))
    }
  }
}
