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
/// the next block, the GRU keeps its state. Nothing is computed twice; short blocks
/// read all weights for few frames. What a block is computed in is the network's (`CRNNWorkspaces`): a stream has what it carries from one to the next.
///
/// A score depends on the feature frames up to `lookAhead` after its own last one, and comes with the block that has them.
public struct CRNNStream: ~Copyable, Sendable {
  private let network: CRNN
  private let carried: CarriedRows
  private let state: FloatStorage
  /// Most feature frames in a block.
  private let blockFrames: Int
  private let isPrompt: Bool
  /// Values that wait for their block to fill.
  private var pending: [Float] = []
  /// Score frames in the blocks before.
  private var passed = 0

  /// Feature frames after the four of a score that it depends on.
  public static let lookAhead = 8

  /// Feature frames of the shortest block. Of eight, for kernels compute rows in pairs, and the pairs are the same in blocks of
  /// any multiple of it.
  public static let leastBlock = 8

  /// - Parameters:
  ///   - blockFrames: most feature frames that are worked on at once, taken to a multiple of eight from 8 to 4000. Long blocks are
  ///     faster.
  ///   - isPrompt: whether blocks end with what there is in place of waiting to be as long as they may be, so that scores come
  ///     every eight frames.
  public init(_ network: CRNN, blockFrames: Int = 1000, isPrompt: Bool = false) {
    self.network = network
    self.blockFrames = min(max(blockFrames / Self.leastBlock, 1), 500) * Self.leastBlock
    self.isPrompt = isPrompt
    carried = CarriedRows(network)
    state = FloatStorage(count: network.gru.hidden)
  }

  /// Takes the next features and appends the scores of the blocks that they complete.
  ///
  /// - Parameters:
  ///   - features: feature frames of `bands` × `inputs` values one after the other; a frame may go on in the next call.
  ///   - outputs: one per four feature frames, in order, a block at a time and two score frames late.
  public mutating func append(_ features: [Float], into outputs: inout [FrameOutput]) {
    pending += features
    scorePending(leastFrames: isPrompt ? Self.leastBlock : blockFrames, into: &outputs)
  }

  /// Appends the scores that have waited for their block to fill, as the shortest blocks had given them; later ones are the same.
  public mutating func flush(into outputs: inout [FrameOutput]) {
    scorePending(leastFrames: Self.leastBlock, into: &outputs)
  }

  /// Appends the scores of what is left: as many in all as four go into the feature frames, rounded up. The stream is then
  /// as new.
  public mutating func finish(into outputs: inout [FrameOutput]) {
    score(from: 0, rows: pending.count / network.configuration.valuesPerFrame, isLast: true, into: &outputs)
    pending = []
    passed = 0
    state.start.update(repeating: 0, count: state.count)
    carried.clear()
  }

  /// Appends the scores of all blocks that have so many frames at least, and forgets their features.
  private mutating func scorePending(leastFrames: Int, into outputs: inout [FrameOutput]) {
    let width = network.configuration.valuesPerFrame
    var start = 0
    while true {
      let rows = min((pending.count - start) / width / Self.leastBlock * Self.leastBlock, blockFrames)
      guard rows >= leastFrames else { break }
      score(from: start, rows: rows, isLast: false, into: &outputs)
      start += rows * width
    }
    pending.removeFirst(start)
  }

  /// Appends the scores that a block completes.
  ///
  /// Convolutions 0 and 1 have stride two and need the row before only; convolutions 2 and 3 need a row on either side, so
  /// that each lags a row behind the one before it: row i of `second` stands for score frame `passed` − 1 + i, row i of
  /// `third` and `fourth` for `passed` − 2 + i.
  ///
  /// - Parameters:
  ///   - start: where in `pending` its features start.
  ///   - rows: its feature frames.
  ///   - isLast: whether the party ends here: there is a margin of zeros behind the last row of each layer.
  private mutating func score(from start: Int, rows: Int, isLast: Bool, into outputs: inout [FrameOutput]) {
    network.workspaces.withWorkspace(network, scoreFrames: blockFrames / CRNN.framesPerScore) { workspace in
      let width = network.configuration.valuesPerFrame
      pending.withUnsafeBufferPointer { pending in
        guard let features = pending.baseAddress else { return }
        // A row at a time, for rows lie apart.
        for row in 0..<rows { workspace.features.row(row).update(from: features + start + row * width, count: width) }
      }
      carried.load(into: workspace)
      score(workspace, rows: rows, isLast: isLast, into: &outputs)
      if !isLast { carried.keep(from: workspace, scoreFrames: rows / CRNN.framesPerScore) }
    }
    if !isLast { passed += rows / CRNN.framesPerScore }
  }

  /// Appends the scores that the workspace's first `rows` frames complete.
  private func score(_ workspace: CRNNWorkspace, rows: Int, isLast: Bool, into outputs: inout [FrameOutput]) {
    let layers = network.convolutions
    let scratch = workspace.scratch.start
    // No row stands for a time before the first score frame.
    if passed == 0 { workspace.third.clear(row: 1) }
    let firstRows = layers[0].rows(for: rows)
    if isLast { workspace.features.clear(row: rows) }
    layers[0].apply(to: workspace.features, rows: 0..<firstRows, output: workspace.first, at: 0, scratch: scratch)
    let secondRows = layers[1].rows(for: firstRows)
    if isLast { workspace.first.clear(row: firstRows) }
    layers[1].apply(to: workspace.first, rows: 0..<secondRows, output: workspace.second, at: 1, scratch: scratch)
    if isLast { workspace.second.clear(row: secondRows + 1) }
    let thirdStart = max(0, 1 - passed)
    let thirdEnd = secondRows + (isLast ? 1 : 0)
    if thirdStart < thirdEnd {
      layers[2].apply(
        to: workspace.second, rows: thirdStart..<thirdEnd, output: workspace.third, at: thirdStart + 1, scratch: scratch)
    }
    if isLast { workspace.third.clear(row: thirdEnd + 1) }
    let start = max(0, 2 - passed)
    let end = secondRows + (isLast ? 2 : 0)
    guard start < end else { return }
    layers[3].apply(to: workspace.third, rows: start..<end, output: workspace.fourth, at: start, scratch: scratch)

    let count = end - start
    let (denseOutputs, states, heads) = (workspace.denseOutputs.start, workspace.states.start, workspace.heads.start)
    network.dense.apply(
      to: Matrix(workspace.fourth.row(start), rows: count, columns: network.dense.inputs, stride: workspace.fourth.stride),
      output: denseOutputs)
    network.gru.apply(
      to: Matrix(denseOutputs, rows: count, columns: network.dense.outputs), state: state.start, output: states, scratch: scratch)
    network.heads.apply(to: Matrix(states, rows: count, columns: network.gru.hidden), output: heads)
    for frame in 0..<count {
      let logits = heads + frame * network.heads.outputs
      outputs.append(FrameOutput(score: logits[0], attention: logits[1], speech: logits[2]))
    }
  }
}
