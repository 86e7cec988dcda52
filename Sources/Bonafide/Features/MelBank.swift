import Glibc

/// Triangular bands on the mel scale of Slaney's Auditory Toolbox, of height one: `librosa.filters.mel(norm=None)`.
///
/// Only the few bins under each triangle are kept, padded with zero weights to whole SIMD vectors.
struct MelBank {
  private struct Band {
    /// First bin of the power spectrum.
    var bin: Int
    /// First vector of `weights`, and their number.
    var vector: Int
    var vectors: Int
  }

  private var layout: [Band] = []
  private var weights: [SIMD4<Float>] = []
  /// Numbers that a power spectrum must have: bins, and zeros up to the end of the last band's padding.
  let paddedBins: Int

  /// - Parameters:
  ///   - settings: bands, edges and sample rate.
  ///   - fft: length of the Fourier transform, in samples.
  ///   - gain: energies are divided by it.
  init(_ settings: FeatureSettings, fft: Int, gain: Double = 1) {
    let bins = fft / 2 + 1
    paddedBins = bins + 3
    let edges = Self.edges(settings)
    let binWidth = Double(settings.sampleRate) / Double(fft)
    for band in 0..<settings.bands {
      let row = (0..<bins).map { bin in
        let frequency = Double(bin) * binWidth
        let rise = (frequency - edges[band]) / (edges[band + 1] - edges[band])
        let fall = (edges[band + 2] - frequency) / (edges[band + 2] - edges[band + 1])
        return Float(max(0, min(rise, fall)) / gain)
      }
      let first = row.firstIndex { $0 > 0 } ?? 0
      let end = (row.lastIndex { $0 > 0 } ?? -1) + 1
      layout.append(Band(bin: first, vector: weights.count, vectors: max(0, end - first + 3) / 4))
      for start in stride(from: first, to: end, by: 4) {
        var vector = SIMD4<Float>.zero
        for lane in 0..<min(4, end - start) { vector[lane] = row[start + lane] }
        weights.append(vector)
      }
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

  /// Energies of all bands of one power spectrum.
  ///
  /// - Parameters:
  ///   - power: `paddedBins` numbers.
  ///   - energies: room for one number per band.
  @inline(__always)
  func apply(_ power: UnsafePointer<Float>, to energies: UnsafeMutablePointer<Float>) {
    let power = UnsafeRawPointer(power)
    weights.withUnsafeBufferPointer { weights in
      layout.withUnsafeBufferPointer { layout in
        for band in layout.indices {
          let place = layout[band]
          var sum = SIMD4<Float>.zero
          for vector in 0..<place.vectors {
            let bins = power.loadUnaligned(fromByteOffset: 4 * (place.bin + 4 * vector), as: SIMD4<Float>.self)
            sum += weights[place.vector + vector] * bins
          }
          energies[band] = sum.sum()
        }
      }
    }
  }
}
