/// A part of a recording to listen to.
public struct AudioClip: Sendable, Equatable {
  /// Seconds from the start of the recording, on its own clock.
  public var start, end: Double
  /// Channels of the recording that it has, from 0: one, or two for left and right; none for the mean of all.
  public var channels: [Int]
  /// The audio as an Ogg Opus file; empty where it is not read yet.
  public var opus: [UInt8] = []

  /// A clip that is to be read.
  public init(start: Double, end: Double, channels: [Int]) {
    self.start = start
    self.end = end
    self.channels = channels
  }

  /// Bytes that a second of a clip takes, about.
  public static func bytesPerSecond(channelCount: Int) -> Double {
    Double(OpusWriter.bitsPerChannel * max(1, min(channelCount, 2))) / 8
  }
}

extension AudioReader {
  /// Reads clips of a recording, in one pass over it.
  ///
  /// - Parameters:
  ///   - path: as of `init`; standard input cannot be read again.
  ///   - clips: in any order; what of them is behind the end is left out.
  /// - Returns: the clips with their audio.
  /// - Throws: as `init` and `read`; `unreadable` where Opus cannot be written.
  public static func read(_ clips: [AudioClip], of path: String, raw: RawFormat? = nil) throws(AudioError) -> [AudioClip] {
    var reader = try AudioReader(path: path, raw: raw)
    let (rate, channelCount) = (reader.format.sampleRate, reader.format.channelCount)
    var open: [OpenClip] = []
    for clip in clips { open.append(try OpenClip(clip, sampleRate: rate)) }
    let last = open.map(\.frames.upperBound).max() ?? 0
    var block: [Float] = []
    var frame = 0
    while frame < last {
      let count = try reader.read(into: &block, frames: rate)
      if reader.missing > 0 {
        for clip in open { clip.append(nil, from: frame, count: reader.missing, channelCount: channelCount) }
        frame += reader.missing
      }
      if count == 0 { break }
      for clip in open { clip.append(block, from: frame, count: count, channelCount: channelCount) }
      frame += count
    }
    return open.map { $0.finish() }
  }
}

/// A clip that is being read. A class, since an array cannot hold what cannot be copied.
private final class OpenClip {
  private var clip: AudioClip
  /// Its frames in the recording.
  let frames: Range<Int>
  private var writer: OpusWriter?
  /// One for each channel.
  private var resamplers: [Resampling] = []
  private var channelCount: Int { max(1, clip.channels.count) }

  private final class Resampling {
    var resampler: Resampler

    init(_ resampler: consuming Resampler) { self.resampler = resampler }
  }

  init(_ clip: AudioClip, sampleRate: Int) throws(AudioError) {
    self.clip = clip
    let start = max(0, Int(clip.start * Double(sampleRate)))
    frames = start..<max(start, Int(clip.end * Double(sampleRate)))
    let rate = OpusWriter.rate(for: sampleRate)
    writer = try OpusWriter(sampleRate: rate, channelCount: max(1, clip.channels.count))
    for _ in 0..<channelCount { resamplers.append(Resampling(try Resampler(from: sampleRate, to: rate))) }
  }

  /// Takes what the clip has of a block, `nil` for one of missing frames.
  func append(_ block: [Float]?, from first: Int, count: Int, channelCount: Int) {
    let wanted = frames.clamped(to: first..<first + count)
    // A gap may be as long as the clip; silence goes in a second at a time.
    var start = wanted.lowerBound
    while start < wanted.upperBound {
      let end = min(start + Self.most, wanted.upperBound)
      write(
        channels.map { channel in
          guard let block else { return [Float](repeating: 0, count: end - start) }
          return Self.samples(of: channel, in: block, start - first..<end - first, channelCount: channelCount)
        })
      start = end
    }
  }

  /// The samples of one channel, or the mean of all, of an interleaved block. Of spans, since a clip is read as fast as it is screened.
  private static func samples(of channel: Int?, in block: [Float], _ frames: Range<Int>, channelCount: Int) -> [Float] {
    let block = block.span
    return [Float](unsafeUninitializedCapacity: frames.count) { samples, initialized in
      for frame in frames {
        let place = frame * channelCount
        samples[frame - frames.lowerBound] =
          channel.map { block[place + $0] } ?? (place..<place + channelCount).reduce(0) { $0 + block[$1] } / Float(channelCount)
      }
      initialized = frames.count
    }
  }

  private static let most = 48_000
  /// `nil` for the mean of all.
  private var channels: [Int?] { clip.channels.isEmpty ? [nil] : clip.channels }

  private func write(_ channels: [[Float]], isLast: Bool = false) {
    let resampled = zip(channels, resamplers).map { samples, resampling in
      var output: [Float] = []
      let input = samples
      resampling.resampler.process(input.span, appendingTo: &output)
      if isLast { resampling.resampler.finish(appendingTo: &output) }
      return output
    }
    let (count, channelCount) = (resampled.map(\.count).min() ?? 0, resampled.count)
    guard count > 0 else { return }
    let interleaved = [Float](unsafeUninitializedCapacity: count * channelCount) { samples, initialized in
      for (channel, source) in resampled.enumerated() {
        for frame in 0..<count { samples[frame * channelCount + channel] = source[frame] }
      }
      initialized = count * channelCount
    }
    writer?.append(interleaved, channelCount: channelCount)
  }

  func finish() -> AudioClip {
    write([[Float]](repeating: [], count: channelCount), isLast: true)
    let finished = writer.take()
    clip.opus = finished?.finish() ?? []
    return clip
  }
}
