import COpus

/// Writes samples as Ogg Opus, to memory.
struct OpusWriter: ~Copyable {
  private let handle: OpaquePointer

  /// Sample rates that Opus takes, in Hz.
  private static let rates = [8000, 12000, 16000, 24000, 48000]
  /// Bits a second of each channel: enough for a voice as a telephone or a VoIP call carries it.
  static let bitsPerChannel = 24_000

  /// The rate that samples at `sampleRate` are written at: the next that Opus takes, or the greatest.
  static func rate(for sampleRate: Int) -> Int { rates.first { $0 >= sampleRate } ?? 48000 }

  /// - Parameters:
  ///   - sampleRate: one of `rate(for:)`.
  ///   - channelCount: 1 or 2.
  /// - Throws: `unreadable` where libopus or libogg is not there.
  init(sampleRate: Int, channelCount: Int) throws(AudioError) {
    guard let opened = ogg_opus_open(CInt(sampleRate), CInt(channelCount), CInt(Self.bitsPerChannel * channelCount)) else {
      throw AudioError(code: .unreadable, path: "", message: "Ogg Opus cannot be written: libopus.so.0 or libogg.so.0 is not there")
    }
    handle = opened
  }

  deinit {
    ogg_opus_close(handle)
  }

  /// Takes the next frames, interleaved, full scale ±1.
  mutating func append(_ samples: [Float], channelCount: Int) {
    ogg_opus_write(handle, samples, samples.count / channelCount)
  }

  /// The file; empty where the encoder failed. The writer is used up.
  consuming func finish() -> [UInt8] {
    var count = 0
    let bytes = ogg_opus_finish(handle, &count)
    return Array(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
  }
}
