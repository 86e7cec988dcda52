import Glibc

/// What was heard of a party along time, in as many columns as were asked for or up to twice as many, for drawings.
public struct PartyTrace: Sendable, Equatable, Codable {
  /// Seconds per column of evidence; column i stands for `i * hop ..< (i + 1) * hop`, as of the others with theirs.
  public var hop: Double
  /// Lowest and highest smoothed log-likelihood ratio of each column, by the first stage; `nil` where nobody speaks.
  public var lowest, highest: [Float?]
  /// Share of each column that is speech, another party's echo, or missing from the recording, in 0...1.
  public var speech, echo, missing: [Float]
  /// Smoothed log-likelihood ratio at or below which a stretch is flagged, and at or above which the first stage clears.
  public var alarm, clear: Double
  /// Seconds of speech at or below `alarm`.
  public var beyondAlarm: Double
  /// Middle of the frame with the lowest, in seconds; `nil` where nobody speaks.
  public var lowestAt: Double?
  /// Seconds per column of `peaks`.
  public var peakHop: Double
  /// Greatest magnitude of the samples of each column, full scale 1.
  public var peaks: [Float]
  /// Seconds per column of `spectra`.
  public var spectrumHop: Double
  /// Mel bands per column of `spectra`, from low to high.
  public var bands: Int
  /// Frequencies in Hz that the lowest band begins and the highest ends at.
  public var lowEdge, highEdge: Double
  /// Energy of each band, column after column: natural logarithms of that of full scale 1, from `PartyTrace.silence` on.
  public var spectra: [Float]

  /// Natural logarithm of an energy far below the last bit of 16.
  public static let silence: Float = -23

  /// A trace from its parts.
  public init(
    hop: Double, lowest: [Float?], highest: [Float?], speech: [Float], echo: [Float], missing: [Float], alarm: Double, clear: Double,
    beyondAlarm: Double, lowestAt: Double? = nil, peakHop: Double, peaks: [Float], spectrumHop: Double, bands: Int, lowEdge: Double,
    highEdge: Double, spectra: [Float]
  ) {
    self.hop = hop
    self.lowest = lowest
    self.highest = highest
    self.speech = speech
    self.echo = echo
    self.missing = missing
    self.alarm = alarm
    self.clear = clear
    self.beyondAlarm = beyondAlarm
    self.lowestAt = lowestAt
    self.peakHop = peakHop
    self.peaks = peaks
    self.spectrumHop = spectrumHop
    self.bands = bands
    self.lowEdge = lowEdge
    self.highEdge = highEdge
    self.spectra = spectra
  }
}

/// Gathers the evidence of a party along time.
struct EvidenceTrace: Sendable {
  private var lowest, highest, speech, echo, missing: ColumnFold
  private let alarm: Double
  private var framesBeyond = 0
  private var least: (llr: Float, frame: Int)?

  /// - Parameter alarm: smoothed LLR at or below which a frame counts as beyond.
  init(columns: Int, alarm: Double) {
    lowest = ColumnFold(columns: columns, joining: .least)
    highest = ColumnFold(columns: columns, joining: .greatest)
    speech = ColumnFold(columns: columns, joining: .sum)
    (echo, missing) = (speech, speech)
    self.alarm = alarm
  }

  mutating func addSpeech(at frame: Int) { speech.add(1, at: frame) }

  mutating func addEcho(at frame: Int) { echo.add(1, at: frame) }

  mutating func addMissing(_ frames: Range<Int>) { missing.add(1, at: frames) }

  /// Takes the smoothed LLR of a frame.
  mutating func add(_ llr: Float, at frame: Int) {
    lowest.add(llr, at: frame)
    highest.add(llr, at: frame)
    if Double(llr) <= alarm { framesBeyond += 1 }
    if llr < least?.llr ?? .infinity { least = (llr, frame) }
  }

  /// Writes what was gathered of `count` frames of `hop` seconds.
  mutating func write(to trace: inout PartyTrace, count: Int, hop: Double) {
    // The columns of all are equally long.
    if count > 0 {
      lowest.reach(count - 1)
      highest.reach(count - 1)
      speech.reach(count - 1)
      echo.reach(count - 1)
      missing.reach(count - 1)
    }
    func llr(_ value: Float) -> Float? { value.isFinite ? value : nil }
    trace.hop = hop * Double(lowest.span)
    trace.lowest = lowest.padded(to: count).map(llr)
    trace.highest = highest.padded(to: count).map(llr)
    (trace.speech, trace.echo, trace.missing) = (speech.means(of: count), echo.means(of: count), missing.means(of: count))
    trace.beyondAlarm = hop * Double(framesBeyond)
    trace.lowestAt = least.map { hop * (Double($0.frame) + 0.5) }
  }
}

/// Gathers the waveform and the spectrogram of a party along time.
struct SoundTrace: Sendable {
  private var peaks: ColumnFold
  private var spectra: ColumnFold
  private let settings: FeatureSettings
  /// Bands of the model in each of the trace's.
  private let bandsPerRow: Int
  /// Samples per score frame, and samples so far.
  private let samplesPerFrame: Double
  private var samples = 0
  /// Score frames of spectra so far.
  private var frames = 0
  /// Sums of the feature frames of the score frame that is not whole yet.
  private var partial: [Float]
  /// What the last score frame added to the spectra.
  private var latest: [Float]

  /// - Parameters:
  ///   - bands: wanted; the model's are put together in equal parts.
  ///   - hop: seconds per score frame.
  init(columns: Int, bands: Int, settings: FeatureSettings, sampleRate: Int, hop: Double) {
    bandsPerRow = max(1, (settings.bands + bands - 1) / bands)
    let rows = (settings.bands + bandsPerRow - 1) / bandsPerRow
    peaks = ColumnFold(columns: columns, joining: .greatest)
    spectra = ColumnFold(columns: columns, height: rows, joining: .sum)
    partial = [Float](repeating: 0, count: rows)
    latest = partial
    self.settings = settings
    samplesPerFrame = hop * Double(sampleRate)
  }

  /// Takes the next samples.
  mutating func append(_ block: Span<Float>) {
    var start = 0
    while start < block.count {
      let frame = Int(Double(samples) / samplesPerFrame)
      let end = min(block.count, start + max(1, Int((Double(frame + 1) * samplesPerFrame).rounded(.up)) - samples))
      var peak: Float = 0
      for index in start..<end {
        let magnitude = block[index].magnitude
        peak = magnitude > peak ? magnitude : peak
      }
      peaks.add(peak, at: frame)
      samples += end - start
      start = end
    }
  }

  /// Passes over samples that are missing.
  mutating func skip(_ count: Int) { samples += count }

  /// Takes a feature frame, as the network is given it.
  mutating func add(featureFrame: ArraySlice<Float>) {
    let perBand = settings.featuresPerBand
    for band in 0..<settings.bands {
      partial[band / bandsPerRow] += featureFrame[featureFrame.startIndex + band * perBand]
    }
  }

  /// Ends a score frame.
  ///
  /// Features are relative to the level of the party, so that its pauses look as loud as its speech; they are put back to where
  /// their mean is the frame's.
  ///
  /// - Parameters:
  ///   - featureFrames: how many it has.
  ///   - energy: mean band energy; `nil` where samples are missing.
  mutating func closeFrame(featureFrames: Int, energy: Float?) {
    let last = settings.bands - (partial.count - 1) * bandsPerRow
    var sum: Float = 0
    for row in partial.indices {
      let bands = row == partial.count - 1 ? last : bandsPerRow
      partial[row] *= settings.scale / Float(max(1, featureFrames) * bands)
      sum += expf(partial[row]) * Float(bands)
    }
    let level = naturalLogarithm(max(energy ?? 0, .leastNormalMagnitude)) - naturalLogarithm(max(sum / Float(settings.bands), .leastNormalMagnitude))
    for row in partial.indices {
      latest[row] = max(0, partial[row] + level - PartyTrace.silence)
      spectra.add(latest[row], at: frames, row: row)
      partial[row] = 0
    }
    frames += 1
  }

  /// Takes score frames of which there are no features, since they sound like the one before.
  mutating func pass(silent count: Int) {
    for row in latest.indices { spectra.add(latest[row], at: frames..<frames + count, row: row) }
    frames += count
  }

  /// Passes over score frames that have no features.
  mutating func pass(_ count: Int) { frames += count }

  /// With what the evidence has gathered: what a drawing takes. `nil` where the evidence was to keep nothing for it.
  func trace(of evidence: PartyEvidence, points: Thresholds) -> PartyTrace? {
    guard var gathered = evidence.trace else { return nil }
    var trace = PartyTrace(
      hop: 0, lowest: [], highest: [], speech: [], echo: [], missing: [], alarm: points.stretch, clear: points.clear, beyondAlarm: 0,
      peakHop: 0, peaks: [], spectrumHop: 0, bands: 0, lowEdge: 0, highEdge: 0, spectra: [])
    gathered.write(to: &trace, count: evidence.frameCount, hop: evidence.hop)
    write(to: &trace, hop: evidence.hop)
    return trace
  }

  /// Writes what was gathered of frames of `hop` seconds.
  private func write(to trace: inout PartyTrace, hop: Double) {
    var (peaks, spectra) = (peaks, spectra)
    let frameCount = Int((Double(samples) / samplesPerFrame).rounded(.up))
    // What was passed over at the end takes columns, too, and no more than were asked for.
    if frameCount > 0 { peaks.reach(frameCount - 1) }
    if frames > 0 { spectra.reach(frames - 1) }
    trace.peakHop = hop * Double(peaks.span)
    trace.peaks = peaks.padded(to: frameCount).map { max(0, $0) }
    trace.spectrumHop = hop * Double(spectra.span)
    trace.bands = spectra.height
    (trace.lowEdge, trace.highEdge) = (settings.lowEdge, settings.highEdge)
    trace.spectra = spectra.means(of: frames).map { $0 + PartyTrace.silence }
  }
}
