import CKernels
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
struct EnvelopeContrast: Sendable {
  private let settings: FeatureSettings.Envelope
  /// Per sample of the first half of a window: cosines, then sines of `kernels_envelope_bins` frequencies, times the window.
  private let fourier: [Float]
  /// Short windows from one frame to the next.
  private let group: Int
  /// Groups in a span.
  private let groups: Int
  /// Per mel band: the frequency below its centre, and how far the centre is towards the next.
  private let places: [kernels_place]
  private static let bins = Int(kernels_envelope_bins)

  /// Samples of the windows to come.
  private var pending: [Float] = []
  /// Where in them the next group starts.
  private var start = 0
  private var isUnread = true
  /// Of each of the last `groups` groups, in a ring: mean energy, and mean logarithm of energy, per frequency.
  private var means, logarithms: [Float]
  private var oldest = 0

  /// - Parameter settings: valid.
  init(_ settings: FeatureSettings, envelope: FeatureSettings.Envelope) {
    self.settings = envelope
    group = settings.hop / envelope.hop
    groups = envelope.span / group
    let used = envelope.fft / 2 - 1
    let turn = 2 * Double.pi / Double(envelope.fft)
    var fourier: [Float] = []
    let middle = Double(envelope.window) / 2
    for (sample, value) in periodicHann(envelope.window).enumerated().dropFirst().prefix(envelope.window / 2) {
      // The sample in the middle is its own partner, and counts twice.
      let weight = Double(sample) == middle ? value / 2 : value
      let angles = (1...Self.bins).map { turn * (Double(sample) - middle) * Double($0) }
      fourier += angles.indices.map { $0 < used ? weight * Float(cos(angles[$0])) : 0 }
      fourier += angles.indices.map { $0 < used ? weight * Float(sin(angles[$0])) : 0 }
    }
    self.fourier = fourier
    let width = Double(settings.sampleRate) / Double(envelope.fft)
    places = MelBank.edges(settings).dropFirst().dropLast().map { centre in
      let place = min(max(centre / width - 1, 0), Double(used - 1))
      let bin = min(Int(place), used - 2)
      return kernels_place(bin: UInt32(bin), part: Float(place - Double(bin)))
    }
    means = [Float](repeating: 0, count: groups * Self.bins)
    logarithms = means
  }

  /// Samples from the first window's start to the last one's end.
  var length: Int { (settings.span - 1) * settings.hop + settings.window }

  /// Takes the samples of the next frame, to be read in order.
  ///
  /// - Parameter samples: `length` of them, all but those since the frame before known from it.
  mutating func load(_ samples: UnsafePointer<Float>) {
    let new = isUnread && pending.isEmpty ? length : group * settings.hop
    pending.append(contentsOf: UnsafeBufferPointer(start: samples + length - new, count: new))
  }

  /// Writes the features of all bands of the next frame.
  ///
  /// - Parameters:
  ///   - level: of the frame, natural log of energy.
  ///   - features: gets them, `stride` floats apart.
  mutating func read(level: Float, to features: UnsafeMutablePointer<Float>, stride: Int) {
    let floor = settings.floor * expf(level)
    for _ in 0..<(isUnread ? groups : 1) { readGroup(floor: floor) }
    isUnread = false
    var contrast = kernels_contrast(most: settings.most, shift: settings.shift, scale: settings.scale)
    kernels_envelope_contrast(&contrast, means, logarithms, groups, places, places.count, features, stride)
  }

  /// Takes the next group into the ring, in place of the oldest.
  private mutating func readGroup(floor: Float) {
    let (row, start) = (oldest * Self.bins, start)
    pending.withUnsafeBufferPointer { samples in
      means.withUnsafeMutableBufferPointer { means in
        logarithms.withUnsafeMutableBufferPointer { logarithms in
          guard let samples = samples.baseAddress, let means = means.baseAddress, let logarithms = logarithms.baseAddress
          else { return }
          kernels_envelope(
            samples + start, settings.hop, settings.window, group, fourier, floor, means + row, logarithms + row)
        }
      }
    }
    oldest = (oldest + 1) % groups
    self.start += group * settings.hop
    // Half of what is kept at most has been read: the memory is bounded by the batch, the moves by the samples.
    if self.start >= max(Self.leastRemoved, pending.count - self.start) {
      pending.removeFirst(self.start)
      self.start = 0
    }
  }

  private static let leastRemoved = 512
}
