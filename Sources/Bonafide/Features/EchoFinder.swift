/// Finds the echo of one party on the channel of another: what an attenuated, delayed and filtered copy of the other channel
/// explains.
///
/// Works on four seconds at a time, at 8 kHz and with the high frequencies raised, for each pair of channels of which the one is
/// lower than the other was up to half a second before; for most of a call there is nothing to do. The cross-correlation of the
/// two, each frequency weighted by the power of both (Knapp and Carter, 1976), has a peak at the delay of an echo, and none
/// without. Around the peak, the filter of 32 ms that explains the lower channel best in the sense of least squares is found,
/// without the frames in which somebody else speaks there. A frame is echo where most of its energy is explained, and is lower
/// than what explains it: an own voice over the echo is not.
///
/// Memory does not grow with time.
struct EchoFinder: ~Copyable {
  /// Of the samples, in Hz.
  static let sampleRate = 8000
  /// Samples of a frame: the score frames of the models are as long.
  static let frameSamples = 320
  static let frames = 100
  private static let segment = frameSamples * frames
  /// Samples of a block, and of its transform, which reaches back by `late` and ahead by `early`.
  private static let block = 4000
  static let size = 8192
  private static let blocks = segment / block
  /// Most samples that an echo is early, for channels need not be aligned, and late: more than half a second.
  private static let early = 160
  private static let late = size - block - early
  /// Lags that a block sees all of, from the earliest on.
  private static let lags = early + late + 1
  /// Samples of the filter, and of those before the peak.
  private static let taps = 256
  private static let tapsBefore = 48
  /// Peak of the cross-correlation over its root mean square: two voices without echo have 5 to 9.
  private static let leastPeak: Float = 12
  /// Energy of what may be echo over that of the other channel: 3 dB under it.
  private static let mostEnergy: Float = 0.5
  /// Share of a frame's energy that is not explained, up to which it is echo.
  private static let mostUnexplained: Float = 0.4
  /// Frames of a segment that are noise alone, or less, in per cent.
  private static let noiseShare = 15
  /// Energies relative to those from which on a frame is more than noise, and is surely so.
  private static let overNoise: Float = 2
  private static let farOverNoise: Float = 4
  /// Energy of a frame that holds anything, of full scale 1.
  private static let leastEnergy: Float = 1e-9
  /// Frames around one of echo that are echo too, unless somebody speaks.
  private static let reach = 6
  /// Times that the filter is fitted, each time without what is no echo by the one before.
  private static let rounds = 3
  /// Fewest frames that could be echo in a segment that is looked at more closely.
  private static let suspiciousFrames = 12
  /// Fewest frames that a filter is fitted on.
  private static let leastFrames = 5
  /// Share of a sample that is taken from the next: raises high frequencies.
  private static let emphasis: Float = 0.9

  /// Seconds by which what is told is behind the samples, rounded up.
  static let secondsBehind = (segment + early) / sampleRate + 1

  private var channels: [Channel] = []
  private let transform: RealTransform

  /// One channel, from `late` samples before the segment on.
  private struct Channel {
    var samples = [Float](repeating: 0, count: late)
    /// Energies of frames, from `framesBefore` before the segment on.
    var energies = [Float](repeating: 0, count: framesBefore)
  }

  /// Frames that an echo may be late.
  private static let framesBefore = late / frameSamples + 1

  /// - Parameter channelCount: two or more.
  /// - Throws: when memory runs out.
  init(channelCount: Int) throws(FeatureError) {
    transform = try RealTransform(size: Self.size, batch: 1)
    channels = [Channel](repeating: Channel(), count: channelCount)
  }

  /// Takes the next samples of a channel, at 8 kHz.
  mutating func append(_ samples: [Float], to channel: Int) {
    channels[channel].samples += samples
  }

  /// Judges the segments of which all is there.
  ///
  /// - Returns: per channel, whether further frames of 40 ms are echo of another channel.
  mutating func takeFrames() -> [[Bool]] {
    var found = [[Bool]](repeating: [], count: channels.count)
    let reach = Self.late + Self.segment + Self.early
    while channels.allSatisfy({ $0.samples.count >= reach }) {
      for channel in channels.indices { measureEnergies(of: channel) }
      for channel in channels.indices { found[channel] += judge(channel) }
      for channel in channels.indices {
        channels[channel].samples.removeFirst(Self.segment)
        channels[channel].energies.removeFirst(Self.frames)
      }
    }
    return found
  }

  /// Judges what still waits. Nothing may be appended afterwards.
  mutating func finish() -> [[Bool]] {
    let longest = channels.map(\.samples.count).max() ?? 0
    let waiting = max(0, longest - Self.late)
    let whole = Self.late + (waiting + Self.segment - 1) / Self.segment * Self.segment + Self.early
    for channel in channels.indices {
      let missing = max(0, whole - channels[channel].samples.count)
      channels[channel].samples += repeatElement(0, count: missing)
    }
    return takeFrames()
  }

  private mutating func measureEnergies(of channel: Int) {
    let energies = Self.frameEnergies(channels[channel].samples[Self.late...])
    channels[channel].energies += energies
  }

  /// Which frames of a channel are echo of any other.
  private func judge(_ channel: Int) -> [Bool] {
    var found = [Bool](repeating: false, count: Self.frames)
    for other in channels.indices where other != channel {
      for (frame, isEcho) in judge(channels[channel], asEchoOf: channels[other]).enumerated() where isEcho { found[frame] = true }
    }
    return found
  }

  /// Which frames of `lower` are echo of `other`: none or `frames`.
  private func judge(_ lower: Channel, asEchoOf other: Channel) -> [Bool] {
    let energies = Array(lower.energies.suffix(Self.frames))
    let loudest = (0..<Self.frames).map { frame in
      other.energies[frame...frame + Self.framesBefore].max() ?? 0
    }
    // Of a channel on which there is but noise, no frame stands out.
    let least = max(Self.leastEnergy, Self.overNoise * energies.sorted()[Self.frames * Self.noiseShare / 100])
    let suspicious = (0..<Self.frames).filter { energies[$0] > least && energies[$0] < Self.mostEnergy * loudest[$0] }
    guard suspicious.count >= Self.suspiciousFrames else { return [] }
    let mayBeEcho = zip(energies, loudest).map { $0 > Self.leastEnergy && $0 < Self.mostEnergy * $1 }
    let isLouder = zip(energies, loudest).map { $0 >= Self.mostEnergy * $1 && $0 > 100 * Self.leastEnergy }
    // Frames that the filter is fitted on: those without an own voice, and not beside one.
    var fitted = isLouder.indices.map { frame in
      !isLouder[max(0, frame - 1)...min(Self.frames - 1, frame + 1)].contains(true)
    }
    let source = emphasised(other.samples)
    let target = emphasised(lower.samples)
    let blocks = Set(suspicious.map { $0 * Self.frameSamples / Self.block }).sorted()
    guard let peak = delay(of: target, behind: source, fitted: fitted, in: blocks) else { return [] }
    let spectra = spectraOfBlocks(Array(0..<Self.blocks), of: source)
    let first = min(max(0, peak - Self.tapsBefore), Self.lags - Self.taps)

    var echo: [Bool] = []
    let total = Self.frameEnergies(target[Self.late...])
    let (spread, raw) = (Self.smoothed(total), Self.smoothed(energies))
    let behind = Self.smoothed(Self.frameEnergies(other.samples[(Self.lags - 1 - peak)...]))
    for _ in 0..<Self.rounds {
      guard fitted.count(where: { $0 }) >= Self.leastFrames else { return [] }
      let filter = filter(from: source, spectra, to: target, fitted: fitted, first: first)
      let rest = Self.frameEnergies(unexplained(target, spectra, by: filter, first: first)[...])
      let restSpread = Self.smoothed(rest)
      let noise = rest.sorted()[Self.frames * Self.noiseShare / 100]
      let share = (0..<Self.frames).map {
        max(restSpread[$0] - noise, 0) / max(spread[$0] - noise, .leastNormalMagnitude)
      }
      let isExplained = (0..<Self.frames).map {
        mayBeEcho[$0] && spread[$0] > Self.overNoise * noise && share[$0] < Self.mostUnexplained
          && raw[$0] < Self.mostEnergy * behind[$0]
      }
      echo = (0..<Self.frames).map { frame in
        if isExplained[frame] { return true }
        let isNear = isExplained[max(0, frame - Self.reach)...min(Self.frames - 1, frame + Self.reach)].contains(true)
        return isNear && !isLouder[frame]
          && restSpread[frame] < max(Self.farOverNoise * noise, Self.mostUnexplained * spread[frame])
      }
      fitted = (0..<Self.frames).map { !isLouder[$0] && !(share[$0] > 0.5 && total[$0] > Self.farOverNoise * noise) }
    }
    return echo
  }

  /// Where the cross-correlation has its peak, from `early` samples before; `nil` where it has none that stands out.
  private func delay(of target: [Float], behind source: [Float], fitted: [Bool], in blocks: [Int]) -> Int? {
    let sources = spectraOfBlocks(blocks, of: source)
    let targets = spectraOfBlocks(blocks, of: target, fitted: fitted)
    let cross = Self.crossPower(sources, targets)
    let (sourcePower, targetPower) = (Self.power(sources), Self.power(targets))
    let leastSource = sourcePower.reduce(0, +) / Float(sourcePower.count) / 100
    let leastTarget = targetPower.reduce(0, +) / Float(targetPower.count) / 100
    guard leastSource > 0, leastTarget > 0 else { return nil }
    let weighted = cross.indices.map { index in
      cross[index] / ((sourcePower[index / 2] + leastSource) * (targetPower[index / 2] + leastTarget)).squareRoot()
    }
    let correlation = signal(weighted).prefix(Self.lags).map(\.magnitude)
    guard let peak = correlation.indices.max(by: { correlation[$0] < correlation[$1] }) else { return nil }
    let mean = correlation.reduce(0) { $0 + $1 * $1 } / Float(correlation.count)
    return correlation[peak] >= Self.leastPeak * mean.squareRoot() ? peak : nil
  }

  /// The filter that explains the target best from the source, from lag `first` on.
  private func filter(
    from source: [Float], _ spectra: [[Float]], to target: [Float], fitted: [Bool], first: Int
  ) -> [Float] {
    let cross = signal(Self.crossPower(spectra, spectraOfBlocks(Array(0..<Self.blocks), of: target, fitted: fitted)))
    let shifted = (0..<Self.blocks).map { block in
      spectrum { index in
        guard index < Self.block, fitted[(block * Self.block + index) / Self.frameSamples] else { return 0 }
        return source[block * Self.block + Self.lags - 1 - first + index]
      }
    }
    let own = signal(Self.power(shifted).flatMap { [$0, 0] })
    var correlation = own.prefix(Self.taps).map(Double.init)
    // A thousandth of noise keeps what the source has none of out of the filter.
    correlation[0] = correlation[0] * 1.001 + .leastNormalMagnitude
    return Self.solveToeplitz(correlation, cross[first..<first + Self.taps].map(Double.init)).map(Float.init)
  }

  /// What is left of the target's segment.
  private func unexplained(_ target: [Float], _ spectra: [[Float]], by filter: [Float], first: Int) -> [Float] {
    let response = spectrum { filter.indices.contains($0 - first) ? filter[$0 - first] : 0 }
    var rest = Array(target[Self.late..<Self.late + Self.segment])
    for (block, spectrum) in spectra.enumerated() {
      let echo = signal(Self.product(spectrum, response))
      for index in 0..<Self.block {
        rest[block * Self.block + index] -= echo[Self.size - Self.block + index] / Float(Self.size)
      }
    }
    return rest
  }

  /// Spectra of blocks of the source, with what is before and behind them.
  private func spectraOfBlocks(_ blocks: [Int], of source: [Float]) -> [[Float]] {
    blocks.map { block in spectrum { source[block * Self.block + $0] } }
  }

  /// Spectra of blocks of the target, zeros where it is not fitted; the block is at the end of what is transformed.
  private func spectraOfBlocks(_ blocks: [Int], of target: [Float], fitted: [Bool]) -> [[Float]] {
    blocks.map { block in
      spectrum { index in
        let place = block * Self.block + index - (Self.size - Self.block)
        return index >= Self.size - Self.block && fitted[place / Self.frameSamples] ? target[Self.late + place] : 0
      }
    }
  }

  /// Samples with high frequencies raised, which makes more of what tells voices apart.
  private func emphasised(_ samples: [Float]) -> [Float] {
    samples.indices.map { samples[$0] - ($0 > 0 ? Self.emphasis * samples[$0 - 1] : 0) }
  }

  /// The spectrum of `size` samples: real and imaginary parts in turn.
  private func spectrum(_ sample: (Int) -> Float) -> [Float] {
    for index in 0..<Self.size { transform.input[index] = sample(index) }
    transform.execute()
    return Array(UnsafeBufferPointer(start: transform.output.start, count: Self.size + 2))
  }

  /// The inverse of `spectrum`, times the size. The Hartley transform is its own inverse, and is the real part of the Fourier
  /// transform less the imaginary part.
  private func signal(_ spectrum: [Float]) -> [Float] {
    let half = Self.size / 2
    for bin in 0...half {
      transform.input[bin] = spectrum[2 * bin] - spectrum[2 * bin + 1]
      if bin > 0, bin < half { transform.input[Self.size - bin] = spectrum[2 * bin] + spectrum[2 * bin + 1] }
    }
    transform.execute()
    let output = transform.output.start
    return (0..<Self.size).map { index in
      index <= half
        ? output[2 * index] - output[2 * index + 1]
        : output[2 * (Self.size - index)] + output[2 * (Self.size - index) + 1]
    }
  }
}
