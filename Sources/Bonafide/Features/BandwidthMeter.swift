import Glibc

/// Finds the highest frequency with energy in a stream of samples at the rate of the recording.
///
/// A spectrum of about 64 ms is taken every quarter of a second; per frequency the greatest power of all of them is
/// kept, so that a few fricatives count among many vowels. The bandwidth is the highest frequency at which this, smoothed
/// over 100 Hz, is within 50 dB of its peak.
///
/// Speech counts as wideband where it reaches beyond the telephone's band, to 5.5 ... 7.5 kHz, in one spectrum for twenty loud
/// ones (within 30 dB of the loudest): fricatives do, clicks are too few. Spectra wait until a model has said where speech is,
/// since music and noise say nothing of the band of a voice.
struct BandwidthMeter: ~Copyable {
  private let sampleRate: Int
  private let transform: RealTransform
  private let window: [Float]
  private var power: [Float]
  private var greatest: [Float]
  /// Samples since the start of the current quarter of a second, and since the start of the party.
  private var position = 0
  private var time = 0

  private static let range: Float = 1e-5

  /// Frequencies that a telephone does not carry, in Hz.
  private static let beyond = 5500.0...7500.0
  /// Mean power there relative to the greatest of all, and peak of a loud spectrum relative to it.
  private static let beyondRange = 1e-6
  private static let loudRange = 1e-3
  /// Spectra that reach beyond, for each loud one.
  private static let wideShare = 0.05
  /// Loud spectra that settle the question: half a minute.
  private static let settlingCount = 120
  /// Most seconds from a spectrum to frames of speech on both sides: fricatives may be too soft in the telephone's band to be some.
  private static let reach = 0.2
  private let beyondBins: Range<Int>
  /// Of each spectrum of speech: its peak, and its mean power beyond; in units of full scale.
  private var peaks = EnergyHistogram()
  private var powersBeyond = EnergyHistogram()
  private var greatestPeak: Float = 0
  /// Spectra of which it is not known whether they are of speech, by their middle in seconds, and speech that may be near.
  private var waiting: [(middle: Double, peak: Float, powerBeyond: Float)] = []
  private var speech: [Double] = []
  /// What was settled.
  private var final: Bool?

  /// - Throws: when memory runs out, or no frame fits the rate.
  init(sampleRate: Int) throws(FeatureError) {
    var size = 256
    while Double(size) < 0.045 * Double(sampleRate) { size *= 2 }
    let transform = try RealTransform(size: size, batch: 1)
    self.sampleRate = sampleRate
    self.transform = transform
    window = periodicHann(size)
    let binWidth = Double(sampleRate) / Double(size)
    beyondBins =
      Self.canBeWideband(sampleRate: sampleRate)
      ? Int(Self.beyond.lowerBound / binWidth)..<min(Int(Self.beyond.upperBound / binWidth), size / 2) : 0..<0
    power = [Float](repeating: 0, count: size / 2 + 1)
    greatest = power
  }

  /// Whether samples at this rate, in Hz, can hold frequencies beyond the telephone's.
  static func canBeWideband(sampleRate: Int) -> Bool { Double(sampleRate) / 2 >= beyond.lowerBound + 500 }

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
    }
    var peak: Float = 0
    for k in greatest.indices {
      greatest[k] = max(greatest[k], power[k])
      peak = max(peak, power[k])
    }
    guard !beyondBins.isEmpty, final == nil else { return }
    let scale = 1 / Float(transform.size * transform.size)
    let beyond = beyondBins.reduce(0) { $0 + power[$1] } / Float(beyondBins.count)
    waiting.append((Double(time - transform.size / 2) / Double(sampleRate), peak * scale, beyond * scale))
  }

  /// Takes note of where there is speech.
  ///
  /// - Parameters:
  ///   - frames: middles of further frames of speech, in seconds, ascending.
  ///   - known: seconds up to which it is known.
  mutating func hear(_ frames: [Double], known: Double) {
    guard final == nil else { return }
    speech += frames
    while final == nil, let spectrum = waiting.first {
      let passed = speech.firstIndex { $0 >= spectrum.middle - Self.reach } ?? speech.count
      speech.removeFirst(passed)
      let follows = speech.first { $0 >= spectrum.middle }.map { $0 <= spectrum.middle + Self.reach } ?? false
      let isInside = follows && speech[0] <= spectrum.middle
      guard isInside || known > spectrum.middle + Self.reach else { return }
      waiting.removeFirst()
      if isInside { count(spectrum.peak, spectrum.powerBeyond) }
    }
  }

  private mutating func count(_ peak: Float, _ powerBeyond: Float) {
    greatestPeak = max(greatestPeak, peak)
    peaks.add(peak)
    powersBeyond.add(powerBeyond)
    guard loudCount >= Self.settlingCount else { return }
    final = reachesBeyond
    waiting = []
  }

  private var loudCount: Int { peaks.count(atLeast: Double(greatestPeak) * Self.loudRange) }

  private var reachesBeyond: Bool {
    guard greatestPeak > 0 else { return false }
    let count = powersBeyond.count(atLeast: Double(greatestPeak) * Self.beyondRange)
    return count > 0 && Double(count) >= Self.wideShare * Double(loudCount)
  }

  /// Whether speech reaches beyond the telephone's band, as far as is known.
  var isWideband: Bool { final ?? reachesBeyond }

  /// Whether `isWideband` is final. It is settled by a spectrum and not by a block, so that blocks do not matter.
  var isSettled: Bool { final != nil }

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
