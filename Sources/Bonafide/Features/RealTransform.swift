import CFFTW
import Synchronization

/// Guards FFTW's planner, which keeps global state; executing a plan needs no lock.
private let planner = Mutex(())

/// Discrete Fourier transforms of real frames, many at a time, with FFTW in single precision.
///
/// The plan is made once; input and output are aligned for SIMD and belong to the value. `FFTW_ESTIMATE` picks the same
/// algorithm every time, so that results do not differ from run to run.
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
  let output: UnsafeMutablePointer<Float>
  private let plan: fftwf_plan

  /// - Parameter readAtOnce: `output` has room for a multiple of so many frames, zeros behind the last one.
  /// - Throws: when `size` or `batch` is out of range, or memory runs out.
  init(size: Int, batch: Int, readAtOnce: Int = 1) throws(FeatureError) {
    guard size >= 2, size <= 1 << 16, batch >= 1, batch <= 1 << 12 else {
      throw FeatureError("no Fourier transform of \(size) samples, \(batch) at a time")
    }
    let stride = (size / 2 + 1 + 3) & ~3
    let room = (batch + readAtOnce - 1) / readAtOnce * readAtOnce
    guard let parts = planner.withLock({ _ in Self.plan(size: size, batch: batch, outputStride: stride, room: room) }) else {
      throw FeatureError("no memory for a Fourier transform of \(size) samples, \(batch) at a time")
    }
    self.size = size
    self.batch = batch
    outputStride = stride
    (input, output, plan) = parts
    input.update(repeating: 0, count: size * batch)
    output.update(repeating: 0, count: 2 * stride * room)
  }

  /// Allocates and plans; `nil` when memory runs out.
  private static func plan(size: Int, batch: Int, outputStride: Int, room: Int) -> (
    input: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, plan: fftwf_plan
  )? {
    let input = fftwf_alloc_real(size * batch)
    let output = fftwf_alloc_complex(outputStride * room)
    if let input, let output {
      var length = Int32(size)
      let plan = fftwf_plan_many_dft_r2c(
        1, &length, Int32(batch), input, nil, 1, Int32(size), output, nil, 1, Int32(outputStride),
        FFTW_ESTIMATE | FFTW_PRESERVE_INPUT)
      if let plan { return (input, UnsafeMutableRawPointer(output).assumingMemoryBound(to: Float.self), plan) }
    }
    fftwf_free(input)
    fftwf_free(output)
    return nil
  }

  deinit {
    planner.withLock { _ in fftwf_destroy_plan(plan) }
    fftwf_free(input)
    fftwf_free(output)
  }

  /// Transforms all of `input` to `output`.
  func execute() {
    fftwf_execute(plan)
  }

  /// Writes |X|² of output frame `frame`, `size / 2 + 1` numbers, to `power`.
  @inline(__always)
  func power(ofFrame frame: Int, to power: UnsafeMutablePointer<Float>) {
    let spectrum = output + 2 * frame * outputStride
    for k in 0...size / 2 {
      power[k] = spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1]
    }
  }
}

/// Why features cannot be computed, in one line.
public struct FeatureError: Error, Sendable, Equatable, CustomStringConvertible {
  public let message: String
  public var description: String { message }

  init(_ message: String) {
    self.message = message
  }
}
