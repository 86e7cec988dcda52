/// What a recording is, from its header.
public struct AudioFormat: Sendable, Equatable {
  /// Container and encoding, such as `WAV/ULAW`, `FLAC/PCM_16`, `RAW/ALAW`; `FFMPEG/AAC` where ffmpeg decodes.
  public let name: String
  /// Frames per second, 6000 to 192000.
  public let sampleRate: Int
  /// Samples per frame, 1 to 64.
  public let channelCount: Int
  /// Frames in the recording; `nil` where the header does not say. For compressed formats it is an estimate.
  public let frameCount: Int64?

  /// Sample rates that are read, in Hz.
  public static let sampleRates = 6_000...192_000
  /// Channel counts that are read.
  public static let channelCounts = 1...64

  /// Describes a recording.
  public init(name: String, sampleRate: Int, channelCount: Int, frameCount: Int64?) {
    self.name = name
    self.sampleRate = sampleRate
    self.channelCount = channelCount
    self.frameCount = frameCount
  }

  /// - Throws: `unsupportedRate`, `unsupportedChannels` where the format is out of the ranges that are read.
  func validate(path: String) throws(AudioError) {
    guard Self.channelCounts.contains(channelCount) else {
      throw AudioError(
        code: .unsupportedChannels, path: path,
        message: "the header says \(channelCount) channels; 1 to \(Self.channelCounts.upperBound) can be screened")
    }
    guard Self.sampleRates.contains(sampleRate) else {
      throw AudioError(
        code: .unsupportedRate, path: path,
        message: "the sample rate is \(sampleRate) Hz; "
          + "\(Self.sampleRates.lowerBound) to \(Self.sampleRates.upperBound) Hz can be screened")
    }
  }
}

extension AudioFormat {
  /// Whether libsndfile takes a regular file for a recording by its first bytes: quick, and for files of which nobody has
  /// said that they are recordings. MP3, whose first bytes say little, is left out, and what only ffmpeg reads.
  public static func isRecognised(path: String) -> Bool {
    guard let file = try? FileDescriptor.opening(path) else { return false }
    let start = file.prefix(2)
    if start.count == 2, start[0] == 0xFF, start[1] >= 0xE0 { return false }
    return (try? SoundFile.open(file, raw: nil)) != nil || Layout.lead(of: file) > 0
  }
}

/// How to read samples that have no header, as telephone switches dump them.
public struct RawFormat: Sendable, Equatable {
  /// The encodings of headerless dumps.
  public enum Encoding: String, Sendable, CaseIterable {
    /// G.711 µ-law, 8 bits.
    case ulaw
    /// G.711 A-law, 8 bits.
    case alaw
    /// Signed 16-bit integers, little-endian.
    case s16le
    /// Signed 16-bit integers, big-endian, as in RTP's L16.
    case s16be
    /// Dialogic's ADPCM of OKI, 4 bits, one channel.
    case vox
    /// GSM 06.10 full rate, frames of 33 bytes, one channel.
    case gsm
    /// ADPCM of IMA as sox writes it, 4 bits and no blocks, one channel; by ffmpeg.
    case ima
    /// G.722 at 64 kb/s, 16 kHz, one channel; by ffmpeg.
    case g722
    /// G.723.1, 8 kHz, one channel; by ffmpeg.
    case g723
    /// G.729, 8 kHz, one channel; by ffmpeg.
    case g729

    /// Whether samples of several channels can be interleaved.
    var takesChannels: Bool { ![.vox, .gsm, .ima, .g722, .g723, .g729].contains(self) }

    /// The one rate that it has, in Hz; `nil` where any goes.
    var sampleRate: Int? {
      switch self {
      case .g722: 16_000
      case .g723, .g729: 8_000
      default: nil
      }
    }

    /// The encoding that a command line calls `name`, in any case.
    init?(name: some StringProtocol) {
      let name = name.lowercased()
      let others = ["mulaw": Encoding.ulaw, "pcmu": .ulaw, "pcma": .alaw]
      guard let encoding = others[name] ?? Encoding(rawValue: name) else { return nil }
      self = encoding
    }
  }

  /// How each sample is coded.
  public let encoding: Encoding
  /// Frames per second.
  public let sampleRate: Int
  /// Samples per frame, interleaved.
  public let channelCount: Int

  /// Describes a headerless dump. `AudioReader` checks the ranges of `AudioFormat`.
  public init(encoding: Encoding, sampleRate: Int, channelCount: Int = 1) {
    self.encoding = encoding
    self.sampleRate = sampleRate
    self.channelCount = channelCount
  }

  /// Reads `ENCODING:RATE[:CHANNELS]`, such as `ulaw:8000` or `s16le:16000:2`; the rate may be left out where the encoding has
  /// one alone, as in `g722`.
  ///
  /// - Throws: `badRawFormat` where the text has another form, or numbers out of the ranges of `AudioFormat`.
  public init(parsing text: String) throws(AudioError) {
    func failure(_ problem: String) -> AudioError {
      AudioError(
        code: .badRawFormat, path: "",
        message: "raw format '\(text)': \(problem); write ulaw (or mulaw), alaw, s16le, s16be, vox, ima or gsm, then :RATE[:CHANNELS], "
          + "as in ulaw:8000:2; or g722, g723 or g729"
      )
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let encoding = Encoding(name: parts[0])
    if parts.count == 1, let encoding, let rate = encoding.sampleRate {
      self.init(encoding: encoding, sampleRate: rate)
      return
    }
    guard (2...3).contains(parts.count) else { throw failure("an encoding and a rate are needed") }
    guard let encoding else { throw failure("'\(parts[0])' is not an encoding that is read") }
    guard let rate = Int(parts[1]), AudioFormat.sampleRates.contains(rate) else {
      throw failure("'\(parts[1])' is not a rate from 6000 to 192000 Hz")
    }
    if let own = encoding.sampleRate, rate != own { throw failure("\(encoding.rawValue) has \(own) Hz") }
    var channels = 1
    if parts.count == 3 {
      guard let count = Int(parts[2]), AudioFormat.channelCounts.contains(count) else {
        throw failure("'\(parts[2])' is not a number of channels from 1 to 64")
      }
      channels = count
    }
    if channels > 1, !encoding.takesChannels { throw failure("\(encoding.rawValue) has one channel") }
    self.init(encoding: encoding, sampleRate: rate, channelCount: channels)
  }
}
