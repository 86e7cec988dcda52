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
  /// Correlation of the fine structure of a band and its mirror image, from which on it is one. Images have 0.98 and more at 16 kHz,
  /// where bins fall together; of the spectra of dev's wideband clips, one in a hundred has 0.6.
  private static let imageCorrelation = 0.6
  /// Hz on either side that fine structure is measured against.
  private static let smoothing = 250.0

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
    let binWidth = Double(sampleRate) / Double(size)
    bins = Int(Self.beyond.lowerBound / binWidth)..<min(Int(Self.beyond.upperBound / binWidth), size / 2)
    mirrorBin = 2 * Self.mirror / binWidth
    smoothingBins = max(1, Int(Self.smoothing / binWidth))
    scale = 1 / Float(size * size)
  }

  /// Whether samples at this rate, in Hz, can hold frequencies beyond the telephone's.
  static func canBeWideband(sampleRate: Int) -> Bool { Double(sampleRate) / 2 >= beyond.lowerBound + 500 }

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
    let band = fine(bins.map { Double(naturalLogarithm(max(power[$0], least))) })
    let image = fine(bins.map { bin in
      let place = mirrorBin - Double(bin)
      let (lower, part) = (Int(place), Float(place - place.rounded(.down)))
      return Double(naturalLogarithm(max(power[lower] * (1 - part) + power[lower + 1] * part, least)))
    })
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
