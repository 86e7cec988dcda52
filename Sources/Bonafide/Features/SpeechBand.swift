/// Tells whether the speech of a party reaches beyond the telephone's band.
///
/// It does where it reaches to 5.5 ... 7.5 kHz in one spectrum for twenty loud ones (within 30 dB of the loudest): fricatives
/// do, clicks are too few. What mirrors the band under 4 kHz is an image of it, which 8 kHz gave when it was converted to a higher
/// rate without a filter, and counts as nothing. Spectra wait until a model has said where speech is, since music and noise say nothing of the band
/// of a voice.
struct SpeechBand: Sendable {
  /// Frequencies that a telephone does not carry, in Hz.
  private static let beyond = 5500.0...7500.0
  /// Mean power there relative to the greatest of all, and peak of a loud spectrum relative to it.
  private static let beyondRange = 1e-6
  private static let loudRange = 1e-3
  /// Spectra that reach beyond, for each loud one.
  private static let wideShare = 0.05
  /// Loud spectra that settle the question: half a minute.
  private static let settlingCount = 120
  /// Most seconds from a spectrum to frames of speech on both sides, as fricatives may be too soft in the telephone's band to
  /// be some.
  private static let reach = 0.2

  /// Half of the telephone's rate in Hz: images are mirrored about it.
  private static let mirror = 4000.0
  /// Correlation of the fine structure of a band and its mirror image, from which on it is one. Images have 0.98 and more at rates
  /// that are multiples of 8 kHz, and all but one in twenty 0.45 elsewhere; of the spectra of dev's wideband clips, one in a hundred
  /// has 0.47. A few of those do not matter.
  private static let imageCorrelation = 0.4
  /// Multiples of the rate, up and down, from which images are folded into the band.
  private static let folds = 6
  /// Hz on either side that fine structure is measured against.
  private static let smoothing = 250.0

  private let sampleRate: Double
  private let binWidth: Double
  private let bins: Range<Int>
  /// Of bin 0 the mirror image, in bins.
  private let mirrorBin: Double
  private let smoothingBins: Int
  /// 1 / size², which makes powers those of full scale 1.
  private let scale: Float
  /// Of each spectrum of speech: its peak, and its mean power beyond.
  private var peaks = EnergyHistogram()
  private var powersBeyond = EnergyHistogram()
  private var greatestPeak: Float = 0
  /// Spectra of which it is not known whether they are of speech, by their middle in seconds, and speech that may be near.
  private var waiting: [(middle: Double, peak: Float, powerBeyond: Float)] = []
  private var speech: [Double] = []
  /// What was settled.
  private var final: Bool?

  /// - Parameter size: samples of a spectrum.
  init(sampleRate: Int, size: Int) {
    self.sampleRate = Double(sampleRate)
    binWidth = Double(sampleRate) / Double(size)
    bins = Int(Self.beyond.lowerBound / binWidth)..<min(Int(Self.beyond.upperBound / binWidth), size / 2)
    mirrorBin = 2 * Self.mirror / binWidth
    smoothingBins = max(1, Int(Self.smoothing / binWidth))
    scale = 1 / Float(size * size)
  }

  /// Whether samples at this rate, in Hz, can hold frequencies beyond the telephone's.
  static func canBeWideband(sampleRate: Int) -> Bool { Double(sampleRate) / 2 >= beyond.lowerBound + 500 }

  /// Samples of a spectrum, 45 ms and more, such that the mirror lies on a bin: between two, fine structure and image do not fall
  /// together. 3 and 5 are quick for a transform, too.
  static func spectrumSize(sampleRate: Int) -> Int {
    let size = BandwidthMeter.spectrumSize(sampleRate: sampleRate)
    var (unit, rest) = (sampleRate, Int(2 * mirror))
    while rest != 0 { (unit, rest) = (rest, unit % rest) }
    // Least size at which twice the mirror is a whole number of bins.
    unit = sampleRate / unit
    if size % unit == 0 { return size }
    let least = Double(9 * sampleRate) / 200
    func isQuick(_ factor: Int) -> Bool {
      var factor = factor
      for prime in [2, 3, 5] { while factor % prime == 0 { factor /= prime } }
      return factor == 1
    }
    // Of odd rates it would be too long.
    let factor = (1...max(1, 2 * size / unit)).first { Double($0 * unit) >= least && $0 * unit <= 2 * size && isQuick($0) }
    return factor.map { $0 * unit } ?? size
  }

  /// Takes the next spectrum.
  ///
  /// - Parameters:
  ///   - power: per bin.
  ///   - middle: of its samples, in seconds.
  mutating func append(_ power: [Float], middle: Double) {
    guard final == nil else { return }
    let beyond = bins.reduce(0) { $0 + power[$1] } / Float(bins.count)
    let peak = power.max() ?? 0
    // Most spectra need not be looked at more closely.
    let isImage = beyond > peak * Float(Self.beyondRange) && mirrorsTelephoneBand(power)
    waiting.append((middle, peak * scale, isImage ? 0 : beyond * scale))
  }

  private func mirrorsTelephoneBand(_ power: [Float]) -> Bool {
    let least: Float = 1e-20
    func logarithms(_ value: (Int) -> Float) -> [Double] { fine(bins.map { Double(naturalLogarithm(max(value($0), least))) }) }
    let band = logarithms { power[$0] }
    if isAlike(band, logarithms { place(mirrorBin - Double($0), in: power) }) { return true }
    return isAlike(band, logarithms { held(at: Double($0) * binWidth, in: power) })
  }

  /// Power at a frequency that a hold makes of the telephone's band, where the rate is no multiple of its rate: images of all
  /// orders, folded.
  private func held(at frequency: Double, in power: [Float]) -> Float {
    var sum: Float = 0
    for fold in -Self.folds...Self.folds {
      let unfolded = frequency + Double(fold) * sampleRate
      let source = (unfolded - 2 * Self.mirror * (unfolded / (2 * Self.mirror)).rounded()).magnitude
      // Of sin(πx) / πx what differs between an image and its source, whose sines are the same.
      let gain = Float(source / unfolded)
      sum += gain * gain * place(source / binWidth, in: power)
    }
    return sum
  }

  /// Power between bins.
  private func place(_ bin: Double, in power: [Float]) -> Float {
    let (lower, part) = (Int(bin), Float(bin - bin.rounded(.down)))
    return power[lower] * (1 - part) + power[lower + 1] * part
  }

  private func isAlike(_ band: [Double], _ image: [Double]) -> Bool {
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let scale = product(band, band) * product(image, image)
    return scale > 0 && product(band, image) >= Self.imageCorrelation * scale.squareRoot()
  }

  /// Values less the mean of those around.
  private func fine(_ values: [Double]) -> [Double] {
    var sums = [0.0]
    for value in values { sums.append((sums.last ?? 0) + value) }
    return values.indices.map { index in
      let around = max(0, index - smoothingBins)..<min(values.count, index + smoothingBins + 1)
      return values[index] - (sums[around.upperBound] - sums[around.lowerBound]) / Double(around.count)
    }
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
    guard loudCount >= Double(Self.settlingCount) else { return }
    final = reachesBeyond
    (waiting, speech) = ([], [])
  }

  private var loudCount: Double { peaks.count(atLeast: Double(greatestPeak) * Self.loudRange) }

  private var reachesBeyond: Bool {
    guard greatestPeak > 0 else { return false }
    let count = powersBeyond.count(atLeast: Double(greatestPeak) * Self.beyondRange)
    return count > 0 && count >= Self.wideShare * loudCount
  }

  /// Whether speech reaches beyond, as far as is known.
  var isWide: Bool { final ?? reachesBeyond }

  /// Whether `isWide` is final. It is settled by a spectrum and not by a block, so that blocks do not matter.
  var isSettled: Bool { final != nil }
}
