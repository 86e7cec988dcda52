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
        plan.execute()
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
      plan.execute()
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

  @Test func refusesWhatIsNoFrame() {
    #expect(throws: FeatureError.self) { _ = try RealTransform(size: 1, batch: 1) }
    #expect(throws: FeatureError.self) { _ = try RealTransform(size: 256, batch: 0) }
  }
}
