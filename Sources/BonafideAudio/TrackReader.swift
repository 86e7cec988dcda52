/// Reads a track of a part at the rate of the recording: samples, and the gaps between them.
///
/// A class, for a part has several, and an array cannot hold what cannot be copied.
final class TrackReader {
  /// What comes next.
  enum Run {
    /// Interleaved.
    case samples([Float])
    /// Frames that are not there.
    case missing(Int)
  }

  let channelCount: Int
  /// Decodes; `nil` for a part that libsndfile reads.
  private var decoder: TimedPCM?
  private var source: Source = .ended
  private let sampleRate: Int
  private let targetRate: Int
  private var resamplers: [ChannelResampler] = []
  /// Frames so far, missing ones included, at the track's own rate.
  private(set) var clock: Int64 = 0
  /// Of which missing.
  private(set) var missing: Int64 = 0
  /// Seconds to add to the times of packets, as time stamps went back or leapt.
  private var shift = 0.0
  private var isEnded = false
  /// What waits to be taken: from `taken` samples on.
  private var ahead: Run?
  private var taken = 0
  private var following: Run?
  private(set) var hasLeaps = false

  /// Gaps in seconds that are no rounding of time stamps.
  private static let leastGap = 0.1
  /// Seconds past which a gap is a fault of the time stamps.
  static let greatestGap = 12 * 3_600.0

  init(_ decoder: consuming TimedPCM, of track: FFmpeg.Track, rate: Int) throws(AudioError) {
    self.decoder = consume decoder
    channelCount = track.channelCount
    sampleRate = track.sampleRate
    targetRate = rate
    try makeResamplers()
  }

  init(_ source: consuming Source, of format: AudioFormat, rate: Int) throws(AudioError) {
    self.source = source
    channelCount = format.channelCount
    sampleRate = format.sampleRate
    targetRate = rate
    try makeResamplers()
  }

  private func makeResamplers() throws(AudioError) {
    guard sampleRate != targetRate else { return }
    for _ in 0..<channelCount {
      resamplers.append(ChannelResampler(try Resampler(from: sampleRate, to: targetRate)))
    }
  }

  /// Seconds so far, missing ones included.
  var time: Double { Double(clock) / Double(sampleRate) }
  /// Seconds of gaps.
  var missingTime: Double { Double(missing) / Double(sampleRate) }

  /// Frames of the next run that are there at once, and whether they are missing ones; `nil` at the end.
  func next() -> (count: Int, isMissing: Bool)? {
    while true {
      switch ahead {
      case .samples(let samples) where samples.count - taken >= channelCount:
        return ((samples.count - taken) / channelCount, false)
      case .missing(let count) where count > 0: return (count, true)
      default:
        if let next = following {
          ahead = next
          following = nil
        } else {
          ahead = decodeNext()
        }
        taken = 0
        if ahead == nil { return nil }
      }
    }
  }

  /// Takes frames of the run that `next` told of; missing ones are left as they are in `target`.
  ///
  /// - Parameters:
  ///   - target: interleaved, of `stride` channels; this track's start at `channel`.
  func take(_ count: Int, into target: UnsafeMutablePointer<Float>, channel: Int, stride: Int) {
    switch ahead {
    case .samples(let samples):
      samples.withUnsafeBufferPointer { samples in
        for frame in 0..<count {
          for own in 0..<channelCount {
            target[frame * stride + channel + own] = samples[taken + frame * channelCount + own]
          }
        }
      }
      taken += count * channelCount
    case .missing: pass(count)
    case nil: break
    }
  }

  /// Passes over missing frames.
  func pass(_ count: Int) {
    if case .missing(let left) = ahead { ahead = .missing(left - count) }
  }

  /// How ffmpeg ended, once all is read; `nil` of libsndfile.
  func finish() -> ChildProcess.Ending? {
    decoder?.finish()
  }

  /// What libsndfile decoded, once all is read.
  func takeSource() -> Source { Source.take(&source) }

  /// Decodes on to the next run, at the target rate; `nil` at the end.
  private func decodeNext() -> Run? {
    while !isEnded {
      guard let (samples, time) = decodeBlock() else {
        isEnded = true
        let rest = resampled([], isLast: true)
        return rest.isEmpty ? nil : .samples(rest)
      }
      let gap = time.map { gapFrames(before: $0) } ?? 0
      clock += Int64(gap + samples.count / channelCount)
      missing += Int64(gap)
      let run = resampled(samples, isLast: false)
      if gap > 0 {
        following = run.isEmpty ? nil : .samples(run)
        return .missing(Int((Double(gap) * Double(targetRate) / Double(sampleRate)).rounded()))
      }
      if !run.isEmpty { return .samples(run) }
    }
    return nil
  }

  /// The next samples, and their time where it is known.
  private func decodeBlock() -> (samples: [Float], time: Double?)? {
    if let packet = decoder?.next() { return (packet.samples, packet.time) }
    var block = [Float](repeating: 0, count: sampleRate * channelCount)
    let count = block.withUnsafeMutableBufferPointer { source.read(into: $0, channelCount: channelCount) }
    block.removeLast(block.count - count * channelCount)
    return block.isEmpty ? nil : (block, nil)
  }

  /// Frames between what was decoded and a packet.
  private func gapFrames(before packet: Double) -> Int {
    let gap = packet + shift - time
    if gap < -Self.leastGap || gap > Self.greatestGap {
      // Time stamps that start anew, or nonsense: the packet goes on where the last one ended.
      shift -= gap
      hasLeaps = true
      return 0
    }
    return gap > Self.leastGap ? Int((gap * Double(sampleRate)).rounded()) : 0
  }

  private func resampled(_ samples: [Float], isLast: Bool) -> [Float] {
    guard !resamplers.isEmpty else { return samples }
    var channels: [[Float]] = []
    for (index, resampler) in resamplers.enumerated() {
      var output: [Float] = []
      let mono = stride(from: index, to: samples.count, by: channelCount).map { samples[$0] }
      resampler.resampler.process(mono.span, appendingTo: &output)
      if isLast { resampler.resampler.finish(appendingTo: &output) }
      channels.append(output)
    }
    let frames = channels.map(\.count).min() ?? 0
    return (0..<frames).flatMap { frame in channels.map { $0[frame] } }
  }
}

/// Holds the resampler of one channel; an array cannot hold what cannot be copied.
private final class ChannelResampler {
  var resampler: Resampler

  init(_ resampler: consuming Resampler) {
    self.resampler = resampler
  }
}
