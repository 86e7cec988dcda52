import CKernels

/// A gated recurrent unit, PyTorch's `nn.GRU` with one layer:
///
///     r = σ(W_ir x + b_ir + W_hr h + b_hr)
///     z = σ(W_iz x + b_iz + W_hz h + b_hz)
///     n = tanh(W_in x + b_in + r (W_hn h + b_hn))
///     h = (1 - z) n + z h
struct GRU: Sendable {
  let hidden: Int
  /// Gates r, z and n of the inputs of all steps at once. Its bias has b_hr and b_hz in it.
  private let projection: Dense
  /// Of the state, (hidden, 3 hidden), the transpose of what PyTorch has, with which OpenBLAS is faster; in panels of
  /// `kernels_vector_panel` columns where kernels run, empty where there are `halves`.
  private let recurrent: [Float]
  private let hasPanels: Bool
  /// The same as `kernels_product_pack` packs them, `nil` where the kernels have no use for them.
  private let halves: PackedStorage<UInt16>?
  /// b_hn
  private let candidateBias: [Float]

  /// - Parameters:
  ///   - inputWeight: (3 hidden, inputs), gates in the order r, z, n.
  ///   - recurrentWeight: (3 hidden, hidden).
  ///   - inputBias, recurrentBias: (3 hidden).
  ///   - kernels: of `CKernels` to run on, which the processor must have, where they take such sizes; `kernels_none` for OpenBLAS.
  init(
    inputWeight: Tensor, recurrentWeight: Tensor, inputBias: [Float], recurrentBias: [Float], kernels: kernels_set = kernels_best()
  ) {
    let hidden = recurrentWeight.shape[1]
    self.hidden = hidden
    let bias = (0..<3 * hidden).map { inputBias[$0] + ($0 < 2 * hidden ? recurrentBias[$0] : 0) }
    projection = Dense(weight: inputWeight, bias: bias, rectified: false, kernels: kernels)
    if hidden.isMultiple(of: 4), case .halves(let packed) = Weights(recurrentWeight, kernels).storage { halves = packed } else { halves = nil }
    hasPanels = kernels != kernels_none && (3 * hidden).isMultiple(of: Int(kernels_vector_panel))
    recurrent =
      halves == nil ? Self.transposed(recurrentWeight, panel: hasPanels ? Int(kernels_vector_panel) : 3 * hidden) : []
    candidateBias = Array(recurrentBias[(2 * hidden)...])
  }

  private static func transposed(_ weight: Tensor, panel: Int) -> [Float] {
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    return stride(from: 0, to: rows, by: panel).flatMap { first in
      (0..<columns).flatMap { column in (first..<first + panel).map { weight.values[$0 * columns + column] } }
    }
  }

  /// Floats that `apply` needs to work in.
  func scratchCount(steps: Int) -> Int { 3 * hidden * (steps + 1) }

  /// - Parameters:
  ///   - input: a row per step.
  ///   - state: `hidden` values, those before the first step; those after the last on return.
  ///   - output: the state after each step, rows of `hidden` values.
  ///   - scratch: `scratchCount(steps: input.rows)` floats.
  func apply(
    to input: Matrix, state: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let width = 3 * hidden
    let gates = scratch + width
    projection.apply(to: input, output: gates)
    candidateBias.withUnsafeBufferPointer { candidateBias in
      guard let candidateBias = candidateBias.baseAddress else { return }
      for step in 0..<input.rows {
        multiply(state, into: scratch)
        advance(state, input: gates + step * width, recurrent: scratch, candidateBias)
        (output + step * hidden).update(from: state, count: hidden)
      }
    }
  }

  /// The gates' sums of the state.
  private func multiply(_ state: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>) {
    if let halves { return kernels_product_row(state, hidden, halves.start, 3 * hidden, sums) }
    recurrent.withUnsafeBufferPointer { weights in
      guard let weights = weights.baseAddress else { return }
      if hasPanels {
        kernels_multiply_transposed(weights, hidden, 3 * hidden, state, sums)
      } else {
        Matrix(weights, rows: hidden, columns: 3 * hidden).multiplyTransposed(state, into: sums)
      }
    }
  }

  /// One step, from the gates' sums of the input and of the state.
  private func advance(
    _ state: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, recurrent: UnsafePointer<Float>,
    _ candidateBias: UnsafePointer<Float>
  ) {
    var index = 0
    while index + 8 <= hidden {
      func load(_ values: UnsafePointer<Float>, _ gate: Int) -> SIMD8<Float> {
        UnsafeRawPointer(values + gate * hidden + index).loadUnaligned(as: SIMD8<Float>.self)
      }
      let reset = sigmoid(load(input, 0) + load(recurrent, 0))
      let update = sigmoid(load(input, 1) + load(recurrent, 1))
      let candidate = hyperbolicTangent(load(input, 2) + reset * (load(recurrent, 2) + load(candidateBias, 0)))
      let next = candidate + update * (load(state, 0) - candidate)
      UnsafeMutableRawPointer(state + index).storeBytes(of: next, as: SIMD8<Float>.self)
      index += 8
    }
    while index < hidden {
      let reset = sigmoid(SIMD8(repeating: input[index] + recurrent[index]))[0]
      let update = sigmoid(SIMD8(repeating: input[hidden + index] + recurrent[hidden + index]))[0]
      let sum = input[2 * hidden + index] + reset * (recurrent[2 * hidden + index] + candidateBias[index])
      let candidate = hyperbolicTangent(SIMD8(repeating: sum))[0]
      state[index] = candidate + update * (state[index] - candidate)
      index += 1
    }
  }
}

/// eˣ to 2 units in the last place; x is limited to ±87.
///
/// 2ⁿ·eʳ with n = round(x / ln 2), |r| ≤ ln 2 / 2; polynomial of eʳ and split of ln 2 as in Cephes' `expf`.
@inline(__always)
func exponential(_ x: SIMD8<Float>) -> SIMD8<Float> {
  var x = x
  x.replace(with: 87, where: x .> 87)
  x.replace(with: -87, where: x .< -87)
  // adding 1.5 · 2²³ leaves the rounded sum in the low bits
  let magic: Float = 12_582_912
  let shifted = x * 1.442_695_04 + magic
  let n = shifted - magic
  let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
  var p = r * 1.987_569_15e-4 + 1.398_199_95e-3
  p = p * r + 8.333_451_9e-3
  p = p * r + 4.166_579_6e-2
  p = p * r + 0.166_666_65
  p = p * r + 0.5
  p = p * (r * r) + r + 1
  let bits = unsafeBitCast(shifted, to: SIMD8<Int32>.self)
  return p * unsafeBitCast(bits &<< 23 &+ 0x3f80_0000, to: SIMD8<Float>.self)
}

/// 1 / (1 + e⁻ˣ)
@inline(__always)
func sigmoid(_ x: SIMD8<Float>) -> SIMD8<Float> { 1 / (1 + exponential(-x)) }

/// tanh, with an absolute error of about 1e-7.
@inline(__always)
func hyperbolicTangent(_ x: SIMD8<Float>) -> SIMD8<Float> { 1 - 2 / (1 + exponential(2 * x)) }
