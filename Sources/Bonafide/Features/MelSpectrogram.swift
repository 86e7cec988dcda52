import CKernels

/// Band energies of frames under one window, a batch at a time: window, Fourier transform, power, mel bank.
final class MelSpectrogram {
  /// Length of the window, in samples.
  let length: Int
  private let window: [Float]
  private let transform: RealTransform
  private let bank: MelBank
  private var power: [Float]

  /// - Parameters:
  ///   - length: of the window, in samples. Energies are divided by what noise gains over `settings.window`.
  ///   - batch: frames per execution.
  /// - Throws: when memory runs out.
  init(_ settings: FeatureSettings, length: Int, batch: Int) throws(FeatureError) {
    let size = max(length, settings.fft)
    let transform = try RealTransform(size: size, batch: batch, readAtOnce: Int(kernels_lanes))
    let gain = Double(length) / Double(settings.window) * Double(size) / Double(settings.fft)
    self.length = length
    self.transform = transform
    bank = MelBank(settings, fft: size, gain: gain)
    window = periodicHann(length)
    power = [Float](repeating: 0, count: bank.bins * Int(kernels_lanes))
  }

  /// Puts a frame into the batch.
  ///
  /// - Parameter samples: `length` of them.
  func load(_ samples: UnsafePointer<Float>, asFrame frame: Int) {
    let input = transform.input + frame * transform.size
    window.withUnsafeBufferPointer { window in
      for i in window.indices { input[i] = samples[i] * window[i] }
    }
  }

  /// Transforms the batch.
  func execute() { transform.execute() }

  /// Writes the energies of all bands of `kernels_lanes` frames: a row per band, a number per frame, without meaning behind the
  /// last frame of the batch.
  ///
  /// - Parameter first: the first of them, a multiple of `kernels_lanes`.
  func energies(ofFramesFrom first: Int, to energies: UnsafeMutablePointer<Float>) {
    power.withUnsafeMutableBufferPointer { power in
      guard let power = power.baseAddress else { return }
      kernels_power(transform.output + 2 * first * transform.outputStride, transform.outputStride, bank.bins, power)
      bank.apply(power, to: energies)
    }
  }
}
