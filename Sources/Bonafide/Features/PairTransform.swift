import CKernels

/// Power spectra of real frames, which are transformed two at a time: as the real and the imaginary parts of complex numbers, since
/// transforms of those take a third of the time.
///
/// The frames lie in groups. Of each group the spectra take the place of those of the one before.
struct PairTransform: ~Copyable {
  /// Samples per frame.
  let size: Int
  /// Pairs of a group.
  private let pairs: Int
  /// Pairs of `size` complex numbers.
  private let input: SpectrumBuffer
  private let spectra: SpectrumBuffer
  /// Of a whole group, and of half of one.
  private let plan, halfPlan: TransformPlan

  /// Frames of the largest group.
  static let mostFrames = Int(kernels_lanes)

  /// - Parameters:
  ///   - frames: that there is room for: a multiple of `mostFrames`, or even and less.
  ///   - spectra: gets the transforms; others may use it between `powers` and the next. It has `room` for them.
  /// - Throws: when `size` or `frames` is out of range, or memory runs out.
  init(size: Int, frames: Int, spectra: SpectrumBuffer) throws(FeatureError) {
    guard size >= 2, size <= 1 << 16, frames >= 2, frames <= 1 << 12, frames.isMultiple(of: min(frames + frames % 2, Self.mostFrames)) else {
      throw FeatureError("no Fourier transform of \(size) samples, \(frames) at a time")
    }
    precondition(spectra.count >= Self.room(size: size), "the buffer has no room for the transforms")
    let pairs = min(frames, Self.mostFrames) / 2
    let input = try SpectrumBuffer(count: size * frames / 2)
    func plan(pairs: Int) -> TransformPlan? {
      TransformPlan(
        size: size, batch: pairs, frames: kernels_complex, input: input.start, output: spectra.start, stride: Self.stride(size: size))
    }
    guard let whole = plan(pairs: pairs), let half = plan(pairs: (pairs + 1) / 2) else { throw FeatureError(noTransformOf: size, batch: frames) }
    self.size = size
    self.pairs = pairs
    self.input = input
    self.spectra = spectra
    self.plan = whole
    halfPlan = half
  }

  /// Complex numbers from one spectrum to the next: `size`, and padding that keeps them aligned.
  private static func stride(size: Int) -> Int { (size + 3) & ~3 }

  /// Complex numbers that `spectra` has to have room for: `powers` reads as many as the largest group has.
  static func room(size: Int) -> Int { stride(size: size) * mostFrames / 2 }

  /// Puts two frames into a group, times a window, zeros behind it.
  ///
  /// - Parameters:
  ///   - first, second: as many samples as the window has, at most `size`; `nil` for zeros.
  ///   - frame: the place of the first; even.
  func load(
    _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>?, window: [Float], asFrame frame: Int
  ) {
    kernels_window_pair(first, second, window, window.count, input.start + frame * size)
  }

  /// Writes |X|² of a group's frames: `size / 2 + 1` rows of `mostFrames` numbers, without meaning behind the last frame of the group.
  ///
  /// - Parameters:
  ///   - first: the first frame of the group.
  ///   - count: frames of it that are wanted.
  func powers(ofGroupFrom first: Int, count: Int, to power: UnsafeMutablePointer<Float>) {
    if count > pairs { plan.execute(input.start + first * size) } else { halfPlan.execute(input.start + first * size) }
    kernels_pair_powers(spectra.start, Self.stride(size: size), size, power)
  }
}
