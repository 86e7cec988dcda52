import CKernels

/// Band energies of frames under one window, a batch at a time: window, Fourier transform, power, mel bank.
final class MelSpectrogram {
  /// Length of the window, in samples.
  var length: Int { tables.window.count }
  private let tables: FeatureTables.Resolution
  private let transform: RealTransform

  /// - Parameters:
  ///   - batch: frames per execution.
  ///   - spectra: gets the transforms; others may use it between `execute` and the next.
  /// - Throws: when memory runs out.
  init(_ tables: FeatureTables.Resolution, batch: Int, spectra: SpectrumBuffer) throws(FeatureError) {
    transform = try RealTransform(size: tables.size, batch: batch, output: spectra)
    self.tables = tables
  }

  /// Complex numbers that `spectra` has to have room for.
  static func room(_ tables: FeatureTables.Resolution, batch: Int) -> Int {
    RealTransform.outputStride(size: tables.size) * roundedUp(batch)
  }

  /// Floats that `energies` needs to work in.
  static func workCount(_ tables: FeatureTables.Resolution) -> Int { tables.bank.bins * Int(kernels_lanes) }

  /// Frames of which `energies` reads all.
  private static func roundedUp(_ frames: Int) -> Int {
    let lanes = Int(kernels_lanes)
    return (frames + lanes - 1) / lanes * lanes
  }

  /// Puts a frame into the batch.
  ///
  /// - Parameter samples: `length` of them.
  func load(_ samples: UnsafePointer<Float>, asFrame frame: Int) {
    let input = transform.input + frame * transform.size
    tables.window.withUnsafeBufferPointer { window in
      for i in window.indices { input[i] = samples[i] * window[i] }
    }
  }

  /// Transforms the batch.
  func execute() { transform.execute() }

  /// Writes the energies of all bands of `kernels_lanes` frames: a row per band, a number per frame, without meaning behind the
  /// last frame of the batch.
  ///
  /// - Parameters:
  ///   - first: the first of them, a multiple of `kernels_lanes`.
  ///   - power: `workCount` floats.
  func energies(
    ofFramesFrom first: Int, to energies: UnsafeMutablePointer<Float>, power: UnsafeMutablePointer<Float>
  ) {
    kernels_power(transform.output.start + 2 * first * transform.outputStride, transform.outputStride, tables.bank.bins, power)
    tables.bank.apply(power, to: energies)
  }
}
