import BonafideNetwork
import Glibc

/// The complex spectrogram that the encoder of spectra takes: `compressed` in `bonafide_models/encoders/spectra.py` of `Models/src`.
///
/// Windows of 20 ms (periodic Hann) every 10 ms, the ends mirrored; each value X as |X|^0.3 X / |X|, so that phases stay and loudness counts less.
struct CompressedSpectrogram: ~Copyable {
  private let transform: RealTransform
  private let window: [Float]

  /// Samples per second.
  static let sampleRate = 16_000
  /// Samples from a frame to the next.
  static let hop = 160
  private static let length = 2 * (SpectrumEncoder.bins - 1)
  private static let batch = 16
  /// What the encoder learned from was about that much louder than the second stage's windows.
  private static let loudness: Float = 2

  /// - Throws: when memory runs out.
  init() throws(FeatureError) {
    transform = try RealTransform(size: Self.length, batch: Self.batch)
    window = (0..<Self.length).map { Self.loudness * Float(0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(Self.length))) }
  }

  /// - Parameter samples: mono at `sampleRate`, whole hops, more than one.
  /// - Returns: (bins, samples / hop, 2), real and imaginary parts.
  func values(of samples: [Float]) -> [Float] {
    let (frames, length, bins, margin) = (samples.count / Self.hop, Self.length, SpectrumEncoder.bins, (Self.length - Self.hop) / 2)
    let last = samples.count - 1
    var values = [Float](repeating: 0, count: bins * frames * 2)
    for first in stride(from: 0, to: frames, by: Self.batch) {
      let count = min(Self.batch, frames - first)
      for frame in 0..<count {
        let (start, input) = ((first + frame) * Self.hop - margin, transform.input + frame * length)
        for index in 0..<length {
          let at = abs(start + index)
          input[index] = samples[at > last ? 2 * last - at : at] * window[index]
        }
      }
      transform.execute()
      for frame in 0..<count {
        let spectrum = transform.output.start + 2 * frame * transform.outputStride
        for bin in 0..<bins {
          let (re, im) = (spectrum[2 * bin], spectrum[2 * bin + 1])
          // |X|^0.3 / |X|
          let gain = powf(max(re * re + im * im, 1e-24), -0.35)
          let place = 2 * (bin * frames + first + frame)
          (values[place], values[place + 1]) = (gain * re, gain * im)
        }
      }
    }
    return values
  }
}
