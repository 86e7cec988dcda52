import CFFTW
import Synchronization

/// Guards FFTW's planner, which keeps global state; executing a plan needs no lock.
private let planner = Mutex(())

/// Discrete Fourier transforms of real frames, many at a time, with FFTW in single precision.
///
/// The plan is made once; input and output are aligned for SIMD. `FFTW_ESTIMATE` picks the same algorithm every time, so that
/// results do not differ from run to run.
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
  private let plan: fftwf_plan

  /// - Parameter output: gets the transforms, in place of a buffer that belongs to the value. It has room for them.
  /// - Throws: when `size` or `batch` is out of range, or memory runs out.
  init(size: Int, batch: Int, output: SpectrumBuffer? = nil) throws(FeatureError) {
    guard size >= 2, size <= 1 << 16, batch >= 1, batch <= 1 << 12 else {
      throw FeatureError("no Fourier transform of \(size) samples, \(batch) at a time")
    }
    let stride = Self.outputStride(size: size)
    let output = if let output { output } else { try SpectrumBuffer(count: stride * batch) }
    precondition(output.count >= stride * batch, "the buffer has no room for the transforms")
    var parts: (input: UnsafeMutablePointer<Float>, plan: fftwf_plan)?
    planner.withLock { _ in parts = Self.plan(size: size, batch: batch, output: output.complex, stride: stride) }
    guard let parts else {
      throw FeatureError("no memory for a Fourier transform of \(size) samples, \(batch) at a time")
    }
    self.size = size
    self.batch = batch
    self.output = output
    outputStride = stride
    (input, plan) = parts
    input.update(repeating: 0, count: size * batch)
  }

  static func outputStride(size: Int) -> Int { (size / 2 + 1 + 3) & ~3 }

  /// Allocates and plans; `nil` when memory runs out.
  private static func plan(size: Int, batch: Int, output: UnsafeMutablePointer<fftwf_complex>, stride: Int) -> (
    input: UnsafeMutablePointer<Float>, plan: fftwf_plan
  )? {
    guard let input = fftwf_alloc_real(size * batch) else { return nil }
    var length = Int32(size)
    let plan = fftwf_plan_many_dft_r2c(
      1, &length, Int32(batch), input, nil, 1, Int32(size), output, nil, 1, Int32(stride),
      FFTW_ESTIMATE | FFTW_PRESERVE_INPUT)
    if let plan { return (input, plan) }
    fftwf_free(input)
    return nil
  }

  deinit {
    planner.withLock { _ in fftwf_destroy_plan(plan) }
    fftwf_free(input)
  }

  /// Transforms all of `input` to `output`.
  func execute() {
    fftwf_execute(plan)
  }

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
  fileprivate let complex: UnsafeMutablePointer<fftwf_complex>

  /// - Throws: when memory runs out.
  init(count: Int) throws(FeatureError) {
    guard let complex = fftwf_alloc_complex(count) else { throw FeatureError("no memory for \(count) complex numbers") }
    self.count = count
    self.complex = complex
    start.update(repeating: 0, count: 2 * count)
  }

  deinit { fftwf_free(complex) }

  /// Real and imaginary parts in turn.
  var start: UnsafeMutablePointer<Float> { UnsafeMutableRawPointer(complex).assumingMemoryBound(to: Float.self) }
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
}
