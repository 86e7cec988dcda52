import Foundation
import Testing

@testable import Bonafide

/// Fourier transforms by this package's own code, and by FFTW where it is built with it.
@Suite struct TransformTests {
  /// Those of models, of the second stage, of echo and of bandwidth; other factors; odd ones; fewer and more frames than a vector has lanes.
  static let sizes = [
    (128, 16), (256, 40), (512, 16), (1024, 16), (320, 33), (400, 16), (512, 1), (8192, 1), (2, 3), (6, 2), (7, 5), (45, 17), (1009, 2),
  ]

  private func samples(_ count: Int) -> [Float] {
    var generator = SeededGenerator(seed: 5)
    return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  /// Some frequencies of each frame by the definition, in double precision.
  @Test(arguments: sizes) func isTheDefinition(size: Int, batch: Int) throws {
    let (samples, stride) = (samples(size * batch), RealTransform.outputStride(size: size))
    var (input, output) = (samples, [Float](repeating: .nan, count: 2 * stride * batch))
    try input.withUnsafeMutableBufferPointer { input in
      try output.withUnsafeMutableBufferPointer { output in
        guard
          let plan = KernelPlan(
            size: size, batch: batch, input: try #require(input.baseAddress), output: try #require(output.baseAddress), stride: stride)
        else { throw FeatureError("no memory") }
        plan.execute(try #require(input.baseAddress))
      }
    }
    #expect(input == samples, "the input is changed")
    let frequencies = Set([0, 1, 2, 3, size / 5, size / 4, size / 3, size / 2 - 1, size / 2].filter { (0...size / 2).contains($0) })
    for frame in Set([0, batch / 2, batch - 1]) {
      for k in frequencies {
        var (real, imaginary) = (0.0, 0.0)
        for n in 0..<size {
          let angle = -2 * Double.pi * Double(n * k % size) / Double(size)
          real += Double(samples[frame * size + n]) * cos(angle)
          imaginary += Double(samples[frame * size + n]) * sin(angle)
        }
        let place = 2 * (frame * stride + k)
        let tolerance = 1e-5 * Double(size).squareRoot()
        #expect(abs(Double(output[place]) - real) < tolerance, "real part \(k) of frame \(frame)")
        #expect(abs(Double(output[place + 1]) - imaginary) < tolerance, "imaginary part \(k) of frame \(frame)")
      }
    }
  }

  #if FFTW
    @Test(arguments: sizes) func agreesWithFFTW(size: Int, batch: Int) throws {
      let (samples, stride) = (samples(size * batch), RealTransform.outputStride(size: size))
      let transform = try RealTransform(size: size, batch: batch)
      let own = try SpectrumBuffer(count: stride * batch)
      for index in samples.indices { transform.input[index] = samples[index] }
      guard let plan = KernelPlan(size: size, batch: batch, input: transform.input, output: own.start, stride: stride) else {
        throw FeatureError("no memory")
      }
      plan.execute(transform.input)
      transform.execute()
      var (greatest, power): (Float, Float) = (0, 0)
      for frame in 0..<batch {
        for index in 0..<2 * (size / 2 + 1) {
          let place = 2 * frame * stride + index
          greatest = max(greatest, abs(transform.output.start[place] - own.start[place]))
          power = max(power, abs(transform.output.start[place]))
        }
      }
      #expect(power > 0.1)
      // Relative to what a spectrum of such noise has on the average.
      #expect(greatest < 1e-5 * Float(size).squareRoot())
    }
  #endif

  /// Frames of models and others; groups that are full and that are not; a last frame without its partner.
  @Test(arguments: [(256, 256, 16), (512, 512, 32), (256, 128, 8), (45, 45, 2), (34, 34, 16), (33, 20, 4), (6, 6, 16), (2, 2, 6), (400, 400, 48)])
  func pairsHaveThePowersOfTheirFrames(size: Int, length: Int, count: Int) throws {
    let lanes = Int(PairTransform.mostFrames)
    let spectra = try SpectrumBuffer(count: PairTransform.room(size: size))
    let pairs = try PairTransform(size: size, frames: count, spectra: spectra)
    let real = try RealTransform(size: size, batch: count)
    // The frames of a pair differ by 60 dB.
    let samples = samples(count * length).enumerated().map { $1 * ($0 / length % 2 == 0 ? 1 : 1e-3) }
    let window = periodicHann(length)
    samples.withUnsafeBufferPointer { samples in
      guard let start = samples.baseAddress else { return }
      for frame in stride(from: 0, to: count, by: 2) {
        pairs.load(start + frame * length, frame + 2 < count ? start + (frame + 1) * length : nil, window: window, asFrame: frame)
      }
    }
    for frame in 0..<(count - 1) {
      for index in 0..<length { real.input[frame * size + index] = samples[frame * length + index] * window[index] }
    }
    real.execute()
    let bins = size / 2 + 1
    var (powers, expected) = ([Float](repeating: .nan, count: bins * lanes), [Float](repeating: .nan, count: bins))
    // All of a group, and the first half of it.
    for wanted in [min(lanes, count), min(lanes, count) / 2] {
      for frame in 0..<count where frame % lanes < wanted {
        if frame % lanes == 0 { pairs.powers(ofGroupFrom: frame, count: wanted, to: &powers) }
        real.power(ofFrame: frame, to: &expected)
        // What one frame of a pair leaves in the other: rounding of the louder one.
        let tolerance = 1e-6 * Float(size)
        for bin in 0..<bins {
          let got = powers[bin * lanes + frame % lanes]
          #expect(abs(got.squareRoot() - expected[bin].squareRoot()) < tolerance, "frame \(frame) of \(wanted), bin \(bin)")
        }
      }
      powers = [Float](repeating: .nan, count: bins * lanes)
    }
  }

  @Test func refusesWhatIsNoFrame() {
    #expect(throws: FeatureError.self) { _ = try RealTransform(size: 1, batch: 1) }
    #expect(throws: FeatureError.self) { _ = try RealTransform(size: 256, batch: 0) }
    for frames in [0, 3, 17, 24] {
      #expect(throws: FeatureError.self) {
        _ = try PairTransform(size: 256, frames: frames, spectra: SpectrumBuffer(count: PairTransform.room(size: 256)))
      }
    }
  }
}
