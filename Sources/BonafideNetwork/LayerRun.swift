/// A layer by itself, on values of its own, for benchmarks.
package struct LayerRun {
  /// Such as `convolution 3`.
  package let name: String
  /// Floating-point operations that a score takes by the layer's shape: two for each weight at each place.
  package let operationsPerScore: Int
  /// Computes as many scores as a block of a recording has.
  package let run: () -> Void
}

extension CRNN {
  /// Score frames in a block of a recording.
  package static let scoresPerRun = 250

  /// All layers, in order.
  package var layerRuns: [LayerRun] {
    var (runs, rows, columns) = ([LayerRun](), Self.scoresPerRun * Self.framesPerScore, configuration.bands)
    for (index, layer) in convolutions.enumerated() {
      let input = Activations(rows: rows, columns: columns, channels: layer.inputChannels)
      for row in 0..<rows { input.row(row).update(repeating: 0.5, count: columns * layer.inputChannels) }
      (rows, columns) = (layer.rows(for: rows), layer.columns(for: columns))
      let output = Activations(rows: rows, columns: columns, channels: layer.outputChannels)
      let scratch = FloatStorage(count: layer.scratchCount(inputColumns: input.columns, outputRows: rows))
      let weights = 9 * layer.inputChannels * layer.outputChannels
      runs.append(
        LayerRun(name: "convolution \(index + 1)", operationsPerScore: 2 * weights * columns * rows / Self.scoresPerRun) {
          [rows] in layer.apply(to: input, rows: 0..<rows, output: output, at: 0, scratch: scratch.start)
        })
    }
    let input = FloatStorage(count: rows * max(dense.inputs, dense.outputs, gru.hidden))
    input.start.update(repeating: 0.5, count: input.count)
    let output = FloatStorage(count: rows * max(dense.outputs, gru.hidden, heads.outputs))
    for (name, layer) in [("dense", dense), ("heads", heads)] {
      runs.append(
        LayerRun(name: name, operationsPerScore: 2 * layer.inputs * layer.outputs) { [rows] in
          layer.apply(to: Matrix(input.start, rows: rows, columns: layer.inputs), output: output.start)
        })
    }
    let state = FloatStorage(count: gru.hidden)
    let scratch = FloatStorage(count: gru.scratchCount(steps: rows))
    let gruRun = LayerRun(name: "GRU", operationsPerScore: 6 * gru.hidden * (dense.outputs + gru.hidden)) { [rows] in
      gru.apply(
        to: Matrix(input.start, rows: rows, columns: dense.outputs), state: state.start, output: output.start,
        scratch: scratch.start)
    }
    runs.insert(gruRun, at: runs.count - 1)
    return runs
  }
}
