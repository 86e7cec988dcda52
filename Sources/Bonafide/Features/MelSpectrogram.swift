import CKernels

/// Band energies of frames under one window, some at a time: window, Fourier transform, power, mel bank.
final class MelSpectrogram {
  /// Length of the window, in samples.
  var length: Int { tables.window.count }
  private let tables: FeatureTables.Resolution
  private let transform: PairTransform

  /// - Parameters:
  ///   - batch: frames that there is room for, as `PairTransform` takes them.
  ///   - spectra: gets the transforms; others may use it between `energies` and the next.
  /// - Throws: when memory runs out.
  init(_ tables: FeatureTables.Resolution, batch: Int, spectra: SpectrumBuffer) throws(FeatureError) {
    transform = try PairTransform(size: tables.size, frames: batch, spectra: spectra)
    self.tables = tables
  }

  /// Complex numbers that `spectra` has to have room for.
  static func room(_ tables: FeatureTables.Resolution) -> Int { PairTransform.room(size: tables.size) }

  /// Floats that `energies` needs to work in.
  static func workCount(_ tables: FeatureTables.Resolution) -> Int { tables.bank.bins * Int(kernels_lanes) }

  /// Puts two frames into the batch.
  ///
  /// - Parameters:
  ///   - first, second: `length` samples each; `nil` for none.
  ///   - frame: the place of the first; even.
  func load(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>?, asFrame frame: Int) {
    transform.load(first, second, window: tables.window, asFrame: frame)
  }

  /// Writes the energies of all bands of `kernels_lanes` frames: a row per band, a number per frame, without meaning behind
  /// those that are wanted.
  ///
  /// - Parameters:
  ///   - first: the first of them, a multiple of `kernels_lanes`.
  ///   - count: how many are wanted.
  ///   - power: `workCount` floats.
  func energies(
    ofFramesFrom first: Int, count: Int, to energies: UnsafeMutablePointer<Float>, power: UnsafeMutablePointer<Float>
  ) {
    transform.powers(ofGroupFrom: first, count: count, to: power)
    tables.bank.apply(power, to: energies)
  }
}
