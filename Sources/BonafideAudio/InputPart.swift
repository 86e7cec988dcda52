/// Where a channel of a recording comes from.
public struct TrackChannel: Sendable, Equatable {
  /// Track of the file, from 1.
  public let track: Int
  /// Channel of the track, from 1.
  public let channel: Int
}

/// A part of an input, and who decodes it.
struct InputPart: Sendable {
  /// What the decoder gets to see; `nil` for the file as it is.
  let excerpt: Excerpt?
  /// What ffmpeg is to decode; `nil` where libsndfile decodes.
  let recording: FFmpeg.Recording?
  /// Rate and channels of libsndfile's, and the name of either's.
  let format: AudioFormat
  /// Seconds that its header promises beyond what is there.
  var promisedBeyond = 0.0
  /// Seconds of audio before it that are damaged.
  var damagedBefore = 0.0
  /// Where its FLAC stream is, if it is what was found behind damage in one.
  var flac: FLACStream?

  /// Rates of its tracks.
  var sampleRates: [Int] { recording?.tracks.map(\.sampleRate) ?? [format.sampleRate] }

  /// Where its channels come from.
  var channels: [TrackChannel] {
    (recording?.tracks.map(\.channelCount) ?? [format.channelCount]).enumerated().flatMap { track, count in
      (0..<max(0, count)).map { TrackChannel(track: track + 1, channel: $0 + 1) }
    }
  }
}

/// A FLAC stream that is read on behind damage.
struct FLACStream: Sendable {
  /// Where it starts in the file, and where it ends.
  let start, end: Int64
  /// Where frames start of which nothing was decoded yet, and the place in time of their first sample.
  var frames: Int64
  var firstSample: Int64 = 0

  init(start: Int64, end: Int64) {
    self.start = start
    self.end = end
    frames = start
  }
}

/// What decodes a part that libsndfile reads.
enum Source: ~Copyable {
  case soundFile(SoundFile)
  case ended

  /// Reads until `samples` is full or the recording ends.
  ///
  /// - Returns: the frames read, 0 at the end.
  func read(into samples: UnsafeMutableBufferPointer<Float>, channelCount: Int) -> Int {
    guard let base = samples.baseAddress else { return 0 }
    switch self {
    case .soundFile(let soundFile): return soundFile.read(into: base, frames: samples.count / channelCount)
    case .ended: return 0
    }
  }

  /// The source, leaving it ended.
  static func take(_ source: inout Source) -> Source {
    let taken = source
    source = .ended
    return taken
  }
}
