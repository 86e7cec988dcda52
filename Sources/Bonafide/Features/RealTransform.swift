import Glibc

/// Discrete Fourier transforms of real frames, many at a time, in single precision: by FFTW, or by `CKernels` where the package is built
/// without its trait `FFTW`.
///
/// The plan is made once; input and output are aligned for SIMD. Results do not differ from run to run.
struct RealTransform: ~Copyable {
  /// Samples per frame.
  let size: Int
  /// Frames per execution.
  let batch: Int
  /// Complex numbers from one output frame to the next: `size / 2 + 1` and padding that keeps frames aligned.
  let outputStride: Int
  /// `batch` frames of `size` samples.
  let input: UnsafeMutablePointer<Float>
  /// `batch` frames of `outputStride` complex numbers, real and imaginary parts in turn, the first `size / 2 + 1` valid.
  let output: SpectrumBuffer
  private let plan: TransformPlan

  /// - Throws: when `size` or `batch` is out of range, or memory runs out.
  init(size: Int, batch: Int) throws(FeatureError) {
    guard size >= 2, size <= 1 << 16, batch >= 1, batch <= 1 << 12 else {
      throw FeatureError("no Fourier transform of \(size) samples, \(batch) at a time")
    }
    let stride = Self.outputStride(size: size)
    let output = try SpectrumBuffer(count: stride * batch)
    guard let input = alignedFloats(size * batch) else { throw FeatureError(noTransformOf: size, batch: batch) }
    guard let plan = TransformPlan(size: size, batch: batch, input: input, output: output.start, stride: stride) else {
      free(input)
      throw FeatureError(noTransformOf: size, batch: batch)
    }
    self.size = size
    self.batch = batch
    self.output = output
    self.plan = plan
    self.input = input
    outputStride = stride
    input.update(repeating: 0, count: size * batch)
  }

  static func outputStride(size: Int) -> Int { (size / 2 + 1 + 3) & ~3 }

  deinit { free(input) }

  /// Transforms all of `input` to `output`.
  func execute() { plan.execute(input) }

  /// Writes |X|² of output frame `frame`, `size / 2 + 1` numbers, to `power`.
  @inline(__always)
  func power(ofFrame frame: Int, to power: UnsafeMutablePointer<Float>) {
    let spectrum = output.start + 2 * frame * outputStride
    for k in 0...size / 2 {
      power[k] = spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1]
    }
  }
}

/// Memory for complex numbers, zero at first and aligned for SIMD. Transforms that take turns may share one.
final class SpectrumBuffer {
  /// Complex numbers that there is room for.
  let count: Int
  /// Real and imaginary parts in turn.
  let start: UnsafeMutablePointer<Float>

  /// - Throws: when memory runs out.
  init(count: Int) throws(FeatureError) {
    guard let start = alignedFloats(2 * count) else { throw FeatureError("no memory for \(count) complex numbers") }
    self.count = count
    self.start = start
    start.update(repeating: 0, count: 2 * count)
  }

  deinit { free(start) }
}

/// Memory that `free` gives back, aligned for SIMD; `nil` when there is none.
private func alignedFloats(_ count: Int) -> UnsafeMutablePointer<Float>? {
  let alignment = 64
  let bytes = (count * MemoryLayout<Float>.stride + alignment - 1) / alignment * alignment
  return aligned_alloc(alignment, bytes)?.assumingMemoryBound(to: Float.self)
}

/// Why features cannot be computed, in one line.
public struct FeatureError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
  /// What was asked for and cannot be had.
  public let message: String
  /// `message`.
  public var description: String { message }

  init(_ message: String) {
    self.message = message
  }

  /// There is no memory for it.
  init(noTransformOf size: Int, batch: Int) {
    self.init("no memory for a Fourier transform of \(size) samples, \(batch) at a time")
  }
}
