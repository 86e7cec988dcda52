import CKernels

/// A pre-norm transformer block: attention over all states of a window, then two layers with GELU between them.
struct EncoderBlock: Sendable {
  private let attentionNorm, feedNorm: LayerNorm
  private let queryKeyValue, out, up, down: Linear
  private let size: Int

  /// Values of an attention head.
  static let headSize = kernels_head

  /// - Parameter name: that the tensors begin with.
  init(_ weights: WeightReader, name: String, size: Int, arithmetic: Arithmetic) throws(NetworkError) {
    self.size = size
    attentionNorm = try weights.norm("\(name).norm_1", size: size)
    feedNorm = try weights.norm("\(name).norm_2", size: size)
    queryKeyValue = try weights.linear("\(name).query_key_value", outputs: 3 * size, inputs: size, .rows(arithmetic))
    out = try weights.linear("\(name).out", outputs: size, inputs: size, .rows(arithmetic))
    up = try weights.linear("\(name).up", outputs: 4 * size, inputs: size, .rows(arithmetic))
    down = try weights.linear("\(name).down", outputs: size, inputs: 4 * size, .rows(arithmetic))
  }

  /// Takes the states of `scratch.state` through the block.
  func apply(states: Int, scratch: EncoderScratch) {
    let (state, normalised, wide, narrow) = (scratch.state.start, scratch.normalised.start, scratch.wide.start, scratch.narrow.start)
    attentionNorm.apply(to: state, rows: states, output: normalised)
    queryKeyValue.multiply(normalised, rows: states, into: wide)
    queryKeyValue.addBias(wide, rows: states)
    let factor = 1 / Float(Self.headSize).squareRoot()
    for first in stride(from: 0, to: size, by: Self.headSize) {
      let queries = wide + first
      kernels_attend(
        queries, queries + size, queries + 2 * size, 3 * size, states, factor, scratch.attention.start, normalised + first, size)
    }
    out.multiply(normalised, rows: states, into: narrow)
    out.add(narrow, to: state, rows: states)

    feedNorm.apply(to: state, rows: states, output: normalised)
    up.multiply(normalised, rows: states, into: wide)
    up.gelu(wide, rows: states)
    down.multiply(wide, rows: states, into: narrow)
    down.add(narrow, to: state, rows: states)
  }
}

/// Rows to mean 0 and variance 1, scaled and shifted.
struct LayerNorm: Sendable {
  let scale, shift: [Float]

  func apply(to rows: UnsafePointer<Float>, rows count: Int, output: UnsafeMutablePointer<Float>) {
    kernels_layer_norm(rows, count, scale.count, scale, shift, output)
  }
}
