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
    private let frames: kernels_frames
    private let output: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - frames: what the frames are. Complex ones have twice as many numbers.
    ///   - input: `batch` frames of `size` samples, which stay as they are, and valid while the plan lives, as `output` does.
    ///   - output: as many spectra, `stride` complex numbers from one to the next.
    init?(
      size: Int, batch: Int, frames: kernels_frames = kernels_real, input: UnsafeMutablePointer<Float>,
      output: UnsafeMutablePointer<Float>, stride: Int
    ) {
      var (length, plan) = (Int32(size), fftwf_plan?.none)
      planner.withLock { _ in
        plan =
          frames == kernels_real
          ? fftwf_plan_many_dft_r2c(
            1, &length, Int32(batch), input, nil, 1, Int32(size), Self.complex(output), nil, 1, Int32(stride), Self.flags)
          : fftwf_plan_many_dft(
            1, &length, Int32(batch), Self.complex(input), nil, 1, Int32(size), Self.complex(output), nil, 1, Int32(stride),
            FFTW_FORWARD, Self.flags)
      }
      guard let plan else { return nil }
      self.plan = plan
      self.frames = frames
      self.output = output
    }

    deinit { planner.withLock { _ in fftwf_destroy_plan(plan) } }

    /// Transforms all frames.
    ///
    /// - Parameter input: in place of the memory that the plan was made for; aligned as that is.
    func execute(_ input: UnsafeMutablePointer<Float>) {
      if frames == kernels_real {
        fftwf_execute_dft_r2c(plan, input, Self.complex(output))
      } else {
        fftwf_execute_dft(plan, Self.complex(input), Self.complex(output))
      }
    }

    private static let flags = FFTW_ESTIMATE | FFTW_PRESERVE_INPUT

    private static func complex(_ numbers: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<fftwf_complex> {
      UnsafeMutableRawPointer(numbers).assumingMemoryBound(to: fftwf_complex.self)
    }
  }
#else
  /// What computes the transforms of a `RealTransform`.
  typealias TransformPlan = KernelPlan
#endif

/// Transforms by `CKernels`, under this package's own licence.
struct KernelPlan: ~Copyable {
  private let plan: OpaquePointer
  private let output: UnsafeMutablePointer<Float>
  private let stride: Int

  /// - Parameters:
  ///   - frames: what the frames are. Complex ones have twice as many numbers.
  ///   - input: `batch` frames of `size` samples, which stay as they are.
  ///   - output: as many spectra, `stride` complex numbers from one to the next; valid while the plan lives.
  init?(
    size: Int, batch: Int, frames: kernels_frames = kernels_real, input _: UnsafeMutablePointer<Float>,
    output: UnsafeMutablePointer<Float>, stride: Int
  ) {
    guard let plan = kernels_fourier_make(size, batch, frames) else { return nil }
    self.plan = plan
    self.output = output
    self.stride = stride
  }

  deinit { kernels_fourier_free(plan) }

  /// Transforms all frames.
  func execute(_ input: UnsafeMutablePointer<Float>) { kernels_fourier_run(plan, input, output, stride) }
}
