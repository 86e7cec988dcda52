import BonafideNetwork
import CKernels
import Glibc

/// The log-mel spectrogram that the speech encoder takes: `LogMel` in `bonafide_models/encoders/speech.py` of `Models/src`.
///
/// 80 bands of Slaney's scale from 0 to 8 kHz, each of area one; windows of 25 ms (periodic Hann) every 10 ms around the frame's middle, the ends
/// mirrored; log10, no lower than 8 under the window's greatest; (x + 4) / 4.
struct EncoderSpectrogram: ~Copyable {
  private let mel: MelSpectrogram
  /// What each band's triangle of height one is multiplied by.
  private let gains: [Float]
  private var energies: [Float]
  private var power: [Float]

  /// Samples per second.
  static let sampleRate = 16_000
  /// Samples from a frame to the next.
  static let hop = 160
  private static let window = 400

  private static let settings = FeatureSettings(
    sampleRate: sampleRate, window: window, hop: hop, fft: window, bands: SpeechEncoder.bands, lowEdge: 0, highEdge: 8000,
    floor: 1e-10, levelDecay: 0, levelMinimum: 0, rangeLow: 0, shift: 0, scale: 1)

  /// - Throws: when memory runs out.
  init() throws(FeatureError) {
    let tables = FeatureTables.Resolution(Self.settings, length: Self.window)
    let batch = Int(kernels_lanes)
    mel = try MelSpectrogram(tables, batch: batch, spectra: try SpectrumBuffer(count: MelSpectrogram.room(tables)))
    let edges = MelBank.edges(Self.settings)
    gains = (0..<SpeechEncoder.bands).map { Float(2 / (edges[$0 + 2] - edges[$0])) }
    energies = [Float](repeating: 0, count: SpeechEncoder.bands * batch)
    power = [Float](repeating: 0, count: MelSpectrogram.workCount(tables))
  }

  /// - Parameter samples: mono at `sampleRate`, whole hops, more than half of a window.
  /// - Returns: (samples / hop, bands).
  mutating func features(of samples: [Float]) -> [Float] {
    let (half, frames, bands) = (Self.window / 2, samples.count / Self.hop, SpeechEncoder.bands)
    let padded = Self.mirrored(samples, by: half)
    var features = [Float](repeating: 0, count: frames * bands)
    let lanes = Int(kernels_lanes)
    for first in stride(from: 0, to: frames, by: lanes) {
      let count = min(lanes, frames - first)
      padded.withUnsafeBufferPointer { padded in
        // swift-format-ignore: NeverForceUnwrap
        let start = padded.baseAddress! + first * Self.hop
        for frame in stride(from: 0, to: count, by: 2) {
          mel.load(start + frame * Self.hop, frame + 1 < count ? start + (frame + 1) * Self.hop : nil, asFrame: frame)
        }
      }
      energies.withUnsafeMutableBufferPointer { energies in
        power.withUnsafeMutableBufferPointer { power in
          guard let start = energies.baseAddress, let power = power.baseAddress else { return }
          mel.energies(ofFramesFrom: 0, count: count, to: start, power: power)
        }
      }
      for frame in 0..<count {
        for band in 0..<bands { features[(first + frame) * bands + band] = log10f(max(energies[band * lanes + frame] * gains[band], 1e-10)) }
      }
    }
    let least = (features.max() ?? 0) - 8
    for index in features.indices { features[index] = (max(features[index], least) + 4) / 4 }
    return features
  }

  /// The samples with as many mirrored ones before and behind, the ends themselves not repeated.
  private static func mirrored(_ samples: [Float], by count: Int) -> [Float] {
    let last = samples.count - 1
    return (1...count).reversed().map { samples[min($0, last)] } + samples + (1...count).map { samples[max(last - $0, 0)] }
  }
}
