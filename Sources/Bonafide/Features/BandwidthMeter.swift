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
  /// Samples since the start of the current quarter of a second.
  private var position = 0

  private static let range: Float = 1e-5

  /// - Throws: when memory runs out, or no frame fits the rate.
  init(sampleRate: Int) throws(FeatureError) {
    var size = 256
    while Double(size) < 0.045 * Double(sampleRate) { size *= 2 }
    let transform = try RealTransform(size: size, batch: 1)
    self.sampleRate = sampleRate
    self.transform = transform
    window = periodicHann(size)
    power = [Float](repeating: 0, count: size / 2 + 1)
    greatest = power
  }

  mutating func append(_ samples: [Float]) {
    let period = sampleRate / 4
    var index = 0
    while index < samples.count {
      if position < transform.size {
        let count = min(transform.size - position, samples.count - index)
        for i in 0..<count { transform.input[position + i] = samples[index + i] * window[position + i] }
        position += count
        index += count
        if position == transform.size { measure() }
      } else {
        let count = min(period - position, samples.count - index)
        position += count
        index += count
      }
      if position >= period { position = 0 }
    }
  }

  private mutating func measure() {
    transform.execute()
    power.withUnsafeMutableBufferPointer { power in
      guard let power = power.baseAddress else { return }
      transform.power(ofFrame: 0, to: power)
    }
    for k in greatest.indices { greatest[k] = max(greatest[k], power[k]) }
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
