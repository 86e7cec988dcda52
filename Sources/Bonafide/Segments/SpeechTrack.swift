import BonafideNetwork
import Glibc

/// The speech of one party: the score frames in which somebody speaks, in order, without those between.
struct SpeechTrack: Sendable {
  /// Seconds per score frame.
  let hop: Double
  /// Score frames of the party, speech or not.
  let frameCount: Int
  /// Places of the speech frames among all score frames, ascending; frame i stands for i·hop ..< (i + 1)·hop.
  let frames: [Int]
  /// Raw score of each speech frame; higher is more likely bona fide.
  let scores: [Float]
  /// Weight of each speech frame in a pooled score, positive.
  let weights: [Float]

  /// Least mean band energy of a frame that can hold speech, of full scale 1: far below the last bit of 16. What lies
  /// under it is digital silence, whatever the network makes of it.
  static let leastEnergy: Float = 1e-7

  init(hop: Double, frameCount: Int, frames: [Int], scores: [Float], weights: [Float]) {
    self.hop = hop
    self.frameCount = frameCount
    self.frames = frames
    self.scores = scores
    self.weights = weights
  }

  /// Finds the speech frames: those with a speech probability above ½ and audible energy. The weight of a frame is
  /// exp(attention, in −8...8) × speech probability.
  ///
  /// - Parameters:
  ///   - outputs: of the network, one per score frame.
  ///   - energies: mean band energies, one per score frame.
  init(outputs: [FrameOutput], energies: [Float], hop: Double) {
    var frames: [Int] = []
    var scores: [Float] = []
    var weights: [Float] = []
    for (index, output) in outputs.enumerated() where output.speech > 0 && output.score.isFinite {
      guard index < energies.count, energies[index] >= Self.leastEnergy else { continue }
      let weight = expf(min(max(output.attention, -8), 8)) / (1 + expf(-output.speech))
      guard weight > 0 else { continue }
      frames.append(index)
      scores.append(output.score)
      weights.append(weight)
    }
    self.init(hop: hop, frameCount: outputs.count, frames: frames, scores: scores, weights: weights)
  }

  /// Seconds of speech.
  var speech: Double { speech(in: frames.indices) }

  /// Seconds of speech in `range`, which indexes `frames`.
  func speech(in range: Range<Int>) -> Double {
    hop * Double(range.count)
  }

  /// Weighted mean score of `range`, which indexes `frames`; zero where it is empty.
  func raw(in range: Range<Int>) -> Double {
    var (sum, weight) = (0.0, 0.0)
    for i in range {
      sum += Double(scores[i]) * Double(weights[i])
      weight += Double(weights[i])
    }
    return weight > 0 ? sum / weight : 0
  }

  /// Seconds at which `range`, which indexes `frames` and is not empty, starts and ends.
  func time(of range: Range<Int>) -> (start: Double, end: Double) {
    (hop * Double(frames[range.lowerBound]), hop * Double(frames[range.upperBound - 1] + 1))
  }

  /// Runs of speech with pauses of at most `pause` seconds, as ranges of `frames`.
  func turns(pause: Double) -> [Range<Int>] {
    var turns: [Range<Int>] = []
    var start = 0
    for i in frames.indices where i + 1 == frames.count || Double(frames[i + 1] - frames[i] - 1) * hop > pause {
      turns.append(start..<i + 1)
      start = i + 1
    }
    return turns
  }
}
