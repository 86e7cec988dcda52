import CKernels
import Glibc

/// Triangular bands on the mel scale of Slaney's Auditory Toolbox, of height one: `librosa.filters.mel(norm=None)`.
///
/// Only the few bins under each triangle are kept.
struct MelBank {
  private var layout: [kernels_band] = []
  private var weights: [Float] = []
  /// Numbers in a power spectrum.
  let bins: Int

  /// - Parameters:
  ///   - settings: bands, edges and sample rate.
  ///   - fft: length of the Fourier transform, in samples.
  ///   - gain: energies are divided by it.
  init(_ settings: FeatureSettings, fft: Int, gain: Double = 1) {
    bins = fft / 2 + 1
    let edges = Self.edges(settings)
    let binWidth = Double(settings.sampleRate) / Double(fft)
    for band in 0..<settings.bands {
      let reach = Int(edges[band] / binWidth)...min(Int(edges[band + 2] / binWidth) + 1, bins - 1)
      let row = reach.map { bin in
        let frequency = Double(bin) * binWidth
        let rise = (frequency - edges[band]) / (edges[band + 1] - edges[band])
        let fall = (edges[band + 2] - frequency) / (edges[band + 2] - edges[band + 1])
        return Float(max(0, min(rise, fall)) / gain)
      }
      let first = row.firstIndex { $0 > 0 } ?? 0
      let end = (row.lastIndex { $0 > 0 } ?? first - 1) + 1
      layout.append(kernels_band(bin: UInt32(reach.lowerBound + first), count: UInt32(end - first)))
      weights += row[first..<end]
    }
  }

  /// Frequencies in Hz at which the triangles begin, peak and end: band b has its peak at `edges[b + 1]`.
  static func edges(_ settings: FeatureSettings) -> [Double] {
    let low = mel(settings.lowEdge)
    let step = (mel(settings.highEdge) - low) / Double(settings.bands + 1)
    return (0...settings.bands + 1).map { hertz(low + step * Double($0)) }
  }

  /// Hz to mel: linear below 1 kHz, logarithmic above.
  private static func mel(_ hertz: Double) -> Double {
    hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) * 27 / log(6.4)
  }

  private static func hertz(_ mel: Double) -> Double {
    mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27)
  }

  /// Energies of all bands of `kernels_lanes` power spectra.
  ///
  /// - Parameters:
  ///   - power: a row per bin, a number per spectrum.
  ///   - energies: room for a row per band.
  func apply(_ power: UnsafePointer<Float>, to energies: UnsafeMutablePointer<Float>) {
    kernels_bands(power, layout, layout.count, weights, energies)
  }
}
