import CKernels
import Synchronization

#if FFTW
  import CFFTW

  /// What computes the transforms of a `RealTransform`.
  typealias TransformPlan = FFTWPlan

  /// Guards FFTW's planner, which keeps global state; executing a plan needs no lock.
  private let planner = Mutex(())

  /// Transforms by FFTW. `FFTW_ESTIMATE` picks the same algorithm every time, so that results do not differ from run to run.
  struct FFTWPlan: ~Copyable {
    private let plan: fftwf_plan

    /// - Parameters:
    ///   - input: `batch` frames of `size` samples, which stay as they are, and valid while the plan lives, as `output` does.
    ///   - output: as many spectra, `stride` complex numbers from one to the next.
    init?(size: Int, batch: Int, input: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, stride: Int) {
      var plan: fftwf_plan?
      output.withMemoryRebound(to: fftwf_complex.self, capacity: stride * batch) { output in
        var length = Int32(size)
        planner.withLock { _ in
          plan = fftwf_plan_many_dft_r2c(
            1, &length, Int32(batch), input, nil, 1, Int32(size), output, nil, 1, Int32(stride), FFTW_ESTIMATE | FFTW_PRESERVE_INPUT)
        }
      }
      guard let plan else { return nil }
      self.plan = plan
    }

    deinit { planner.withLock { _ in fftwf_destroy_plan(plan) } }

    /// Transforms all frames.
    func execute() { fftwf_execute(plan) }
  }
#else
  /// What computes the transforms of a `RealTransform`.
  typealias TransformPlan = KernelPlan
#endif

/// Transforms by `CKernels`, under this package's own licence.
struct KernelPlan: ~Copyable {
  private let plan: OpaquePointer
  private let input: UnsafePointer<Float>
  private let output: UnsafeMutablePointer<Float>
  private let stride: Int

  /// - Parameters:
  ///   - input: `batch` frames of `size` samples, which stay as they are, and valid while the plan lives, as `output` does.
  ///   - output: as many spectra, `stride` complex numbers from one to the next.
  init?(size: Int, batch: Int, input: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, stride: Int) {
    guard let plan = kernels_fourier_make(size, batch) else { return nil }
    self.plan = plan
    self.input = UnsafePointer(input)
    self.output = output
    self.stride = stride
  }

  deinit { kernels_fourier_free(plan) }

  /// Transforms all frames.
  func execute() { kernels_fourier_run(plan, input, output, stride) }
}
