import Glibc

/// Contrast of the envelope around each frame, per mel band: how much the energy in a band comes in pulses.
///
/// Energies e_k of `span` short windows around a frame's centre, in bands of sampleRate / fft, with a floor relative to the
/// level L added to each, give
///
///     contrast = min(ln mean_k e_k − mean_k ln e_k, most)
///
/// (the logarithm of the ratio of the arithmetic to the geometric mean): 0 for a steady tone, 0.58 for noise, more for the
/// pulses of a voice. It is read at the centres of the mel bands by linear interpolation. A window that several frames share
/// has the floor of the first of them.
final class EnvelopeContrast {
  private let settings: FeatureSettings.Envelope
  private let window: [Float]
  private let transform: RealTransform
  /// Short windows from one frame to the next.
  private let group: Int
  /// Groups in a span.
  private let groups: Int
  private let bins: Int
  /// Per mel band: the bin below its centre, and how far the centre is towards the next.
  private let places: [(bin: Int, part: Float)]

  /// Groups in the batch, and those of them that have been read.
  private var loaded = 0
  private var read = 0
  /// Whether no frame has been loaded, or read.
  private var isEmpty = true
  private var isUnread = true
  /// Of each of the last `groups` groups, in a ring: mean energy, and mean logarithm of energy, per bin.
  private var means, logarithms: [Float]
  private var oldest = 0
  private var contrast: [Float]

  /// - Parameters:
  ///   - settings: with an envelope.
  ///   - batch: frames per execution.
  /// - Throws: when memory runs out.
  init(_ settings: FeatureSettings, envelope: FeatureSettings.Envelope, batch: Int) throws(FeatureError) {
    let group = settings.hop / envelope.hop
    let groups = envelope.span / group
    let transform = try RealTransform(size: envelope.fft, batch: (batch + groups - 1) * group)
    let bins = envelope.fft / 2 - 1
    self.settings = envelope
    self.transform = transform
    self.group = group
    self.groups = groups
    self.bins = bins
    window = periodicHann(envelope.window)
    let width = Double(settings.sampleRate) / Double(envelope.fft)
    places = MelBank.edges(settings).dropFirst().dropLast().map { centre in
      let place = min(max(centre / width - 1, 0), Double(bins - 1))
      let bin = min(Int(place), max(0, bins - 2))
      return (bin, Float(place - Double(bin)))
    }
    means = [Float](repeating: 0, count: groups * bins)
    logarithms = means
    contrast = [Float](repeating: 0, count: bins)
  }

  /// Samples from the first window's start to the last one's end.
  var length: Int { (settings.span - 1) * settings.hop + settings.window }

  /// Puts the next frame into the batch: the first whole, of each other the windows that the one before it had not.
  ///
  /// - Parameter samples: `length` of them.
  func load(_ samples: UnsafePointer<Float>) {
    let first = isEmpty ? 0 : settings.span - group
    isEmpty = false
    window.withUnsafeBufferPointer { window in
      for index in first..<settings.span {
        let source = samples + index * settings.hop
        let input = transform.input + (loaded * group + index - first) * transform.size
        for i in window.indices { input[i] = source[i] * window[i] }
      }
    }
    loaded += (settings.span - first) / group
  }

  /// Transforms the batch, whose frames are then to be read; the next frame to be loaded begins another.
  func execute() {
    transform.execute()
    loaded = 0
    read = 0
  }

  /// Writes the features of all bands of the next frame of the batch.
  ///
  /// - Parameter level: of the frame, natural log of energy.
  func read(level: Float, to features: UnsafeMutablePointer<Float>) {
    let floor = settings.floor * expf(level)
    for _ in 0..<(isUnread ? groups : 1) { readGroup(floor: floor) }
    isUnread = false
    let (share, most, shift, scale) = (1 / Float(groups), settings.most, settings.shift, 1 / settings.scale)
    for bin in 0..<bins {
      var (mean, logarithm): (Float, Float) = (0, 0)
      for index in 0..<groups {
        mean += means[index * bins + bin]
        logarithm += logarithms[index * bins + bin]
      }
      contrast[bin] = (min(naturalLogarithm(mean * share) - logarithm * share, most) + shift) * scale
    }
    for (band, place) in places.enumerated() {
      let below = contrast[place.bin]
      features[band] = below + place.part * (contrast[min(place.bin + 1, bins - 1)] - below)
    }
  }

  /// Takes the next group of the batch into the ring, in place of the oldest.
  private func readGroup(floor: Float) {
    let (bins, group, start) = (bins, group, oldest * bins)
    means.withUnsafeMutableBufferPointer { means in
      logarithms.withUnsafeMutableBufferPointer { logarithms in
        for bin in 0..<bins {
          var (sum, logarithm): (Float, Float) = (0, 0)
          var index = 0
          while index < group {
            // Energies in units of the floor are at least one: the product of two has one logarithm and stays in range.
            let first = energy(window: index, bin: bin) / floor + 1
            let second = index + 1 < group ? energy(window: index + 1, bin: bin) / floor + 1 : 1
            sum += first + (index + 1 < group ? second : 0)
            logarithm += naturalLogarithm(first * second)
            index += 2
          }
          means[start + bin] = sum / Float(group) * floor
          logarithms[start + bin] = logarithm / Float(group) + naturalLogarithm(floor)
        }
      }
    }
    oldest = (oldest + 1) % groups
    read += 1
  }

  /// Power of a window of the group that is being read.
  @inline(__always)
  private func energy(window: Int, bin: Int) -> Float {
    let value = transform.output + 2 * ((read * group + window) * transform.outputStride + bin + 1)
    return value[0] * value[0] + value[1] * value[1]
  }
}
