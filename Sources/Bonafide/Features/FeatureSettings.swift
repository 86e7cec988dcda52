/// How a model's features are computed: the `features` object of its card. See `LogMel` for the formulas.
public struct FeatureSettings: Codable, Sendable, Equatable {
  /// Sample rate of the model, in Hz; recordings are resampled to it.
  public var sampleRate: Int
  /// Length of the periodic Hann window, in samples.
  public var window: Int
  /// Lengths of further windows with the same centres, in samples: each adds a feature per band.
  public var furtherWindows: [Int]?
  /// Samples from one feature frame to the next.
  public var hop: Int
  /// Length of the Fourier transform, in samples; at least `window`. A longer further window takes one of its own length.
  public var fft: Int
  /// Mel bands per frame.
  public var bands: Int
  /// Lower edge of the lowest band, in Hz.
  public var lowEdge: Double
  /// Upper edge of the highest band, in Hz.
  public var highEdge: Double
  /// Least energy of a band.
  public var floor: Float
  /// How much the level decays per frame, in nepers of energy.
  public var levelDecay: Float
  /// Least level, natural log of energy.
  public var levelMinimum: Float
  /// Least log energy of a band relative to the level.
  public var rangeLow: Float
  /// A feature is (log energy relative to the level + `shift`) / `scale`.
  public var shift: Float
  /// What features are divided by; not zero.
  public var scale: Float

  /// How the contrast of the envelope is computed, one more feature per band; `nil` where it is none.
  public var envelope: Envelope?

  /// See `EnvelopeContrast`.
  public struct Envelope: Codable, Sendable, Equatable {
    /// Length of the periodic Hann windows, in samples.
    public var window: Int
    /// Samples from one window to the next; a frame's hop is a multiple of it.
    public var hop: Int
    /// The frequencies are the multiples of the sample rate over this.
    public var fft: Int
    /// Windows per frame: a multiple of those from one frame to the next.
    public var span: Int
    /// Energy that is added to each window, relative to the level.
    public var floor: Float
    /// Greatest contrast.
    public var most: Float
    /// A feature is (contrast + `shift`) / `scale`.
    public var shift: Float
    /// What features are divided by; not zero.
    public var scale: Float

    fileprivate func check(frameWindow: Int, frameHop: Int) throws(FeatureError) {
      func check(_ holds: Bool, _ text: @autoclosure () -> String) throws(FeatureError) {
        if !holds { throw FeatureError("feature settings: envelope: " + text()) }
      }
      try check((8...64).contains(fft) && fft % 2 == 0, "fft \(fft) is not an even number in 8...64")
      try check((8...1024).contains(window), "window \(window) is not in 8...1024")
      try check((1...frameHop).contains(hop) && frameHop % hop == 0, "hop \(hop) does not divide the hop of frames")
      try check(window >= hop, "window \(window) is shorter than hop \(hop): samples between windows would not be heard")
      try check(
        (1...512).contains(span) && span % (frameHop / hop) == 0,
        "span \(span) is not a multiple of the windows in a frame's hop, up to 512")
      try check(
        ((span - 1) * hop + window - frameWindow) % 2 == 0, "the windows of a span have not the centre of a frame's window")
      try check(floor >= .leastNormalMagnitude && floor.isFinite, "floor \(floor) is not positive")
      try check(
        most.isFinite && shift.isFinite && scale.isFinite && scale != 0,
        "most and shift must be numbers, and scale not zero")
    }
  }

  enum CodingKeys: String, CodingKey {
    case envelope
    case sampleRate = "sample_rate_hz"
    case window, hop, fft, bands
    case furtherWindows = "further_windows"
    case lowEdge = "low_hz"
    case highEdge = "high_hz"
    case floor
    case levelDecay = "level_decay"
    case levelMinimum = "level_minimum"
    case rangeLow = "range_low"
    case shift, scale
  }

  /// Features per band: of `window`, of each further window, and of the envelope.
  public var featuresPerBand: Int { 1 + (furtherWindows ?? []).count + (envelope == nil ? 0 : 1) }

  /// Features per frame: those of a band one after the other.
  public var featuresPerFrame: Int { bands * featuresPerBand }

  /// - Throws: when a setting is out of the range that `LogMel` can compute.
  func validate() throws(FeatureError) {
    func check(_ holds: Bool, _ text: @autoclosure () -> String) throws(FeatureError) {
      if !holds { throw FeatureError("feature settings: " + text()) }
    }
    try check((6000...192_000).contains(sampleRate), "sample_rate_hz \(sampleRate) is not in 6000...192000")
    try check((16...16384).contains(fft) && fft % 2 == 0, "fft \(fft) is not an even number in 16...16384")
    try check((16...fft).contains(window), "window \(window) is not in 16...fft")
    let further = furtherWindows ?? []
    try check(
      further.count <= 4 && further.allSatisfy { (16...16384).contains($0) && ($0 - window) % 2 == 0 },
      "further_windows \(further.prefix(8)) are not up to four sizes in 16...16384 that differ from window by even numbers")
    try check((1...window).contains(hop), "hop \(hop) is not in 1...window")
    try envelope?.check(frameWindow: window, frameHop: hop)
    try check((1...512).contains(bands), "bands \(bands) is not in 1...512")
    try check(
      lowEdge >= 0 && lowEdge < highEdge && highEdge <= Double(sampleRate) / 2,
      "low_hz \(lowEdge) and high_hz \(highEdge) are not in order between 0 and half the sample rate")
    try check(floor >= .leastNormalMagnitude && floor.isFinite, "floor \(floor) is not positive")
    try check(levelDecay >= 0 && levelDecay.isFinite, "level_decay \(levelDecay) is negative")
    try check(
      levelMinimum.isFinite && rangeLow.isFinite && shift.isFinite && scale.isFinite && scale != 0,
      "level_minimum, range_low and shift must be numbers, and scale not zero")
  }
}
