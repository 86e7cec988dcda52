import BonafideNetwork
import Glibc

/// A score frame in which somebody speaks.
struct SpeechFrame: Sendable, Equatable {
  /// Place among all score frames of the party; frame i stands for i·hop ..< (i + 1)·hop.
  let index: Int
  /// Raw score; higher is more likely bona fide.
  let score: Float
  /// Weight in a pooled score, positive.
  let weight: Float

  /// Least mean band energy of a frame that can hold speech, of full scale 1: far below the last bit of 16. What lies
  /// under it is digital silence, whatever the network makes of it.
  static let leastEnergy: Float = 1e-7

  init(index: Int, score: Float, weight: Float) {
    self.index = index
    self.score = score
    self.weight = weight
  }

  /// The frame, where its speech probability is above ½ and its energy audible; `nil` elsewhere. The weight is
  /// exp(attention, in −8...8) × speech probability.
  ///
  /// - Parameter energy: mean band energy; `nil` where samples are missing.
  init?(_ output: FrameOutput, energy: Float?, index: Int) {
    guard output.speech > 0, output.score.isFinite, let energy, energy >= Self.leastEnergy else { return nil }
    let weight = expf(min(max(output.attention, -8), 8)) / (1 + expf(-output.speech))
    guard weight > 0 else { return nil }
    self.init(index: index, score: output.score, weight: weight)
  }
}
