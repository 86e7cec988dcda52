import Synchronization

/// Memory that a block of the network is computed in. Nothing in it outlasts the block, so that streams take turns with it.
final class CRNNWorkspace: Sendable {
  /// Of the features and behind each convolution. The rows of a block start at row 0 of `features` and `first`; those of
  /// `second` and `third` at row 1, behind the two that the next layer has still to look back to.
  let features, first, second, third, fourth: Activations
  let scratch, denseOutputs, states, heads: FloatStorage

  /// - Parameter scoreFrames: most score frames of a block; even.
  init(_ network: CRNN, scoreFrames: Int) {
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
    features = Activations(rows: scoreFrames * CRNN.framesPerScore, columns: columns, channels: network.configuration.inputs)
    first = output(0)
    second = output(1)
    third = output(2)
    fourth = output(3)
    scratch = FloatStorage(count: scratchCount)
    denseOutputs = FloatStorage(count: (scoreFrames + 2) * network.dense.outputs)
    states = FloatStorage(count: (scoreFrames + 2) * network.gru.hidden)
    heads = FloatStorage(count: (scoreFrames + 2) * network.heads.outputs)
  }
}

/// The rows that a block has to look back to, from the end of the block before it.
struct CarriedRows: ~Copyable, Sendable {
  private let storage: FloatStorage

  init(_ network: CRNN) {
    var (columns, count) = (network.configuration.bands, network.configuration.valuesPerFrame)
    for (layer, rows) in zip(network.convolutions, [1, 2, 2]) {
      columns = layer.columns(for: columns)
      count += rows * columns * layer.outputChannels
    }
    storage = FloatStorage(count: count)
  }

  /// Makes them rows of zeros, as before the first block.
  func clear() { storage.start.update(repeating: 0, count: storage.count) }

  /// Puts them before the rows of a block.
  func load(into workspace: CRNNWorkspace) {
    forEachRow(of: workspace, blocks: 0) { row, carried, count in row.update(from: carried, count: count) }
  }

  /// Keeps those of a block of so many score frames.
  func keep(from workspace: CRNNWorkspace, scoreFrames: Int) {
    forEachRow(of: workspace, blocks: scoreFrames) { row, carried, count in carried.update(from: row, count: count) }
  }

  /// - Parameter blocks: score frames from the rows before a block to those in question.
  private func forEachRow(
    of workspace: CRNNWorkspace, blocks: Int, _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    var carried = storage.start
    func visit(_ activations: borrowing Activations, _ row: Int) {
      let count = activations.columns * activations.channels
      body(activations.row(row), carried, count)
      carried += count
    }
    visit(workspace.features, CRNN.framesPerScore * blocks - 1)
    visit(workspace.first, 2 * blocks - 1)
    for row in -1...0 { visit(workspace.second, blocks + row) }
    for row in -1...0 { visit(workspace.third, blocks + row) }
  }
}

/// A network's workspaces: as many as blocks were computed at once, for each length of blocks.
final class CRNNWorkspaces: Sendable {
  private let free = Mutex<[Int: [CRNNWorkspace]]>([:])

  /// Calls `body` with one that nobody else computes in.
  ///
  /// - Parameter scoreFrames: most score frames of a block; even.
  func withWorkspace(_ network: CRNN, scoreFrames: Int, _ body: (CRNNWorkspace) -> Void) {
    let workspace = free.withLock { $0[scoreFrames]?.popLast() } ?? CRNNWorkspace(network, scoreFrames: scoreFrames)
    body(workspace)
    free.withLock { $0[scoreFrames, default: []].append(workspace) }
  }
}
