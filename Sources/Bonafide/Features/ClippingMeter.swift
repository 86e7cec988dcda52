/// Measures how far the speech of a party was overdriven: how much of it lies at its peaks.
///
/// Speech is near its peaks only now and then: over the loud quarters of a second of a clip of dev, at most 30 % of the samples
/// are within 6 dB of the peaks, and at most 17 % within 3 dB. Clipping puts them there, and neither a gain nor G.711 takes
/// them away; the slower codecs (GSM, more so AMR) and filters blur it, so that only strong clipping shows through them.
///
/// Amplitudes are counted by level in blocks of six score frames, and the blocks in which somebody speaks by the level of their
/// peaks. Memory does not grow with time.
struct ClippingMeter: Sendable {
  /// Shares of the samples of loud speech.
  struct Shares: Sendable, Equatable {
    /// Within 6 dB of the peaks of their block.
    var near: Double
    /// Within 3 dB.
    var nearest: Double

    /// An estimate of the share that is clipped: what is nearest to the peaks beyond the tenth that unclipped speech may have.
    var clipped: Double { max(0, nearest - 0.1) }

    /// Whether it is more than the models stand. Of dev's 1,019 genuine clips one is, which 17 % of the samples nearest to the peaks
    /// would clear; of speech clipped at 24 and 30 dB, nearly all through AMR at 7.4 kb/s, and half at 5.9.
    var isTooMuch: Bool { near >= 0.31 || nearest >= 0.14 }
  }

  /// A block of samples, or all blocks that peak at one level.
  private struct Count: Sendable {
    var blocks = 0
    var samples = 0
    var near = 0
    var nearest = 0
  }

  /// Blocks that are not settled, by their first score frame.
  private struct Waiting: Sendable {
    var firstFrame: Int
    var peak: Int
    var count: Count
    var speechFrames = 0
  }

  private static let framesPerBlock = 6
  /// Of a block, to be one of speech.
  private static let leastSpeechFrames = 4
  /// Steps of level: eight an octave of amplitude, about 0.75 dB, which are the top bits of a float.
  private static let shift: UInt32 = 20
  /// Step of 2⁻¹⁶; what is under it counts as zero.
  private static let lowest = Int(Float(0x1p-16).bitPattern >> shift)
  private static let steps = 8 * 18
  /// Share of a block's samples that lie above its peak level: a click is no peak.
  private static let above = 0.005
  /// Steps from the peaks of the loudest speech down to what is loud: 15 dB.
  private static let loudSteps = 20
  /// Fewest loud blocks that say something.
  private static let leastBlocks = 2
  /// Samples a second that are looked at, about.
  private static let rate = 4000

  private let stride: Int
  private let blockSamples: Int
  /// Samples so far, those missing included.
  private var position = 0
  /// Sum and number of the samples that were looked at, and the mean of those before the block: an offset is no peak.
  private var sum = 0.0
  private var lookedAt = 0
  private var offset: Float = 0
  private var histogram = [Int](repeating: 0, count: steps)
  private var waiting: [Waiting] = []
  private var counts = [Count](repeating: Count(), count: steps)

  /// - Parameters:
  ///   - sampleRate: of the samples to come, in Hz.
  ///   - hop: seconds per score frame.
  init(sampleRate: Int, hop: Double) {
    stride = max(1, sampleRate / Self.rate)
    blockSamples = Int((Double(Self.framesPerBlock * sampleRate) * hop).rounded())
  }

  /// Takes the next samples, as they were recorded.
  mutating func append(_ samples: Span<Float>) {
    var start = 0
    while start < samples.count {
      let inside = position % blockSamples
      let end = start + min(blockSamples - inside, samples.count - start)
      var index = start + (stride - inside % stride) % stride
      histogram.withUnsafeMutableBufferPointer { histogram in
        while index < end {
          sum += Double(samples[index])
          let step = Int(((samples[index] - offset).bitPattern & 0x7fff_ffff) >> Self.shift) - Self.lowest
          histogram[min(max(step, 0), Self.steps - 1)] += 1
          index += stride
        }
      }
      position += end - start
      start = end
      if position % blockSamples == 0 { closeBlock() }
    }
  }

  /// Passes over samples that are missing; the block that they are in does not count.
  mutating func skip(_ count: Int) {
    guard count > 0 else { return }
    position += count
    lookedAt += histogram.reduce(0, +)
    histogram.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  private mutating func closeBlock() {
    var count = Count(blocks: 1, samples: histogram.reduce(0, +))
    // Of the first block nobody knows the offset.
    let isLevel = lookedAt > 0
    lookedAt += count.samples
    offset = Float(sum / Double(max(1, lookedAt)))
    // A block with a part missing says less than a whole one.
    if isLevel, count.samples > 0, 2 * stride * count.samples > blockSamples {
      var (peak, over) = (Self.steps - 1, histogram[Self.steps - 1])
      while peak > 0, Double(over) < max(1, Self.above * Double(count.samples)) {
        peak -= 1
        over += histogram[peak]
      }
      count.nearest = histogram[max(0, peak - 4)...].reduce(0, +)
      count.near = histogram[max(0, peak - 8)...].reduce(0, +)
      if peak > 0 {
        waiting.append(Waiting(firstFrame: (position / blockSamples - 1) * Self.framesPerBlock, peak: peak, count: count))
      }
    }
    histogram.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  /// Takes note of a score frame; those of a party come in order.
  mutating func hear(frame: Int, isSpeech: Bool) {
    while let first = waiting.first, frame >= first.firstFrame + Self.framesPerBlock { settle() }
    if isSpeech, let first = waiting.first, frame >= first.firstFrame { waiting[0].speechFrames += 1 }
  }

  /// Ends the party.
  mutating func finish() {
    while !waiting.isEmpty { settle() }
  }

  private mutating func settle() {
    let block = waiting.removeFirst()
    guard block.speechFrames >= Self.leastSpeechFrames else { return }
    counts[block.peak].blocks += 1
    counts[block.peak].samples += block.count.samples
    counts[block.peak].near += block.count.near
    counts[block.peak].nearest += block.count.nearest
  }

  /// What is known so far; `nil` where too little was heard.
  var shares: Shares? {
    let blocks = counts.reduce(0) { $0 + $1.blocks }
    // A twentieth may be louder: a knock on the handset is not the level of the voice.
    var (top, over) = (Self.steps - 1, 0)
    while top > 0, 20 * (over + counts[top].blocks) <= blocks {
      over += counts[top].blocks
      top -= 1
    }
    let loud = counts[max(0, top - Self.loudSteps)...]
    let samples = loud.reduce(0) { $0 + $1.samples }
    guard samples > 0, loud.reduce(0, { $0 + $1.blocks }) >= Self.leastBlocks else { return nil }
    return Shares(
      near: Double(loud.reduce(0) { $0 + $1.near }) / Double(samples),
      nearest: Double(loud.reduce(0) { $0 + $1.nearest }) / Double(samples))
  }
}

extension PartyResult {
  /// Says that the speech is overdriven, where more of it is clipped than of any that was not.
  var clippingWarning: String? {
    guard sameAs == nil, speech > 0, let clipped, clipped >= 0.1 else { return nil }
    return "channel \(channel) is overdriven: about \(Int((clipped * 100).rounded())) % of its loud speech is clipped"
  }
}
