/// Tells whether the speech of a party reaches beyond the telephone's band.
///
/// It does where it reaches to 5.5 ... 7.5 kHz in one spectrum for twenty loud ones (within 30 dB of the loudest): fricatives
/// do, clicks are too few. Spectra wait until a model has said where speech is, since music and noise say nothing of the band
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

  private let bins: Range<Int>
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
    waiting.append((middle, (power.max() ?? 0) * scale, beyond * scale))
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
    (waiting, speech) = ([], [])
  }

  private var loudCount: Int { peaks.count(atLeast: Double(greatestPeak) * Self.loudRange) }

  private var reachesBeyond: Bool {
    guard greatestPeak > 0 else { return false }
    let count = powersBeyond.count(atLeast: Double(greatestPeak) * Self.beyondRange)
    return count > 0 && Double(count) >= Self.wideShare * Double(loudCount)
  }

  /// Whether speech reaches beyond, as far as is known.
  var isWide: Bool { final ?? reachesBeyond }

  /// Whether `isWide` is final. It is settled by a spectrum and not by a block, so that blocks do not matter.
  var isSettled: Bool { final != nil }
}
