import Glibc

/// Finds the highest frequency with energy in a stream of samples at the rate of the recording.
///
/// A spectrum of about 64 ms is taken every quarter of a second; per frequency the greatest power of all of them is
/// kept, so that a few fricatives count among many vowels. The bandwidth is the highest frequency at which this, smoothed
/// over 100 Hz, is within 50 dB of its peak.
struct BandwidthMeter: ~Copyable {
  private let sampleRate: Int
  private let transform: RealTransform
  private let window: [Float]
  private var power: [Float]
  private var greatest: [Float]
  /// Samples since the start of the current quarter of a second, and since the start of the party.
  private var position = 0
  private var time = 0
  /// What the spectra say of the speech; `nil` where nobody asks.
  var speechBand: SpeechBand?

  private static let range: Float = 1e-5
  /// Hz. What is under the voice, an offset and hum, says nothing of the band.
  private static let lowest = 60.0

  /// - Parameter asksSpeechBand: whether `speechBand` will be told where there is speech. Needs a rate at which it can be wide.
  /// - Throws: when memory runs out, or no frame fits the rate.
  init(sampleRate: Int, asksSpeechBand: Bool = false) throws(FeatureError) {
    let size = asksSpeechBand ? SpeechBand.spectrumSize(sampleRate: sampleRate) : Self.spectrumSize(sampleRate: sampleRate)
    let transform = try RealTransform(size: size, batch: 1)
    self.sampleRate = sampleRate
    self.transform = transform
    window = periodicHann(size)
    power = [Float](repeating: 0, count: size / 2 + 1)
    greatest = power
    speechBand = asksSpeechBand ? SpeechBand(sampleRate: sampleRate, size: size) : nil
  }

  /// Samples of a spectrum of about 64 ms.
  static func spectrumSize(sampleRate: Int) -> Int {
    var size = 256
    while Double(size) < 0.045 * Double(sampleRate) { size *= 2 }
    return size
  }

  mutating func append(_ samples: Span<Float>) {
    let period = sampleRate / 4
    var index = 0
    while index < samples.count {
      let isMeasured = position < transform.size
      let count = min((isMeasured ? transform.size : period) - position, samples.count - index)
      if isMeasured {
        for i in 0..<count { transform.input[position + i] = samples[index + i] * window[position + i] }
      }
      position += count
      time += count
      index += count
      if isMeasured, position == transform.size { measure() }
      if position >= period { position = 0 }
    }
  }

  /// Passes over samples that are missing.
  mutating func skip(_ count: Int) {
    time += count
    position = 0
  }

  private mutating func measure() {
    transform.execute()
    power.withUnsafeMutableBufferPointer { power in
      guard let power = power.baseAddress else { return }
      transform.power(ofFrame: 0, to: power)
      power.update(repeating: 0, count: min(transform.size / 2, Int(Self.lowest * Double(transform.size) / Double(sampleRate)) + 1))
    }
    for k in greatest.indices { greatest[k] = max(greatest[k], power[k]) }
    speechBand?.append(power, middle: Double(time - transform.size / 2) / Double(sampleRate))
  }

  /// Highest frequency with energy so far, in Hz; `nil` where there was none.
  var bandwidth: Double? {
    let binWidth = Double(sampleRate) / Double(transform.size)
    let half = max(1, Int(50 / binWidth))
    let smoothed = greatest.indices.map { k in
      let near = greatest[max(0, k - half)...min(greatest.count - 1, k + half)]
      return near.reduce(0, +) / Float(near.count)
    }
    guard let peak = smoothed.max(), peak > 1e-9 else { return nil }
    guard let top = smoothed.lastIndex(where: { $0 >= peak * Self.range }) else { return nil }
    return Double(top) * binWidth
  }
}
