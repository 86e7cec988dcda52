import CSndfile

/// Writes samples as Ogg Opus, by libsndfile, to memory.
struct OpusWriter: ~Copyable {
  private let handle: OpaquePointer
  private let sink: Sink

  /// Sample rates that Opus takes, in Hz.
  private static let rates = [8000, 12000, 16000, 24000, 48000]
  /// Kilobits a second of each channel: enough for a voice as a telephone or a VoIP call carries it.
  static let kilobitsPerChannel = 24.0

  /// The rate that samples at `sampleRate` are written at: the next that Opus takes, or the greatest.
  static func rate(for sampleRate: Int) -> Int { rates.first { $0 >= sampleRate } ?? 48000 }

  /// - Parameters:
  ///   - sampleRate: one of `rate(for:)`.
  ///   - channelCount: 1 or 2.
  /// - Throws: `unreadable` where libsndfile cannot write Opus.
  init(sampleRate: Int, channelCount: Int) throws(AudioError) {
    var info = SF_INFO()
    info.samplerate = CInt(sampleRate)
    info.channels = CInt(channelCount)
    info.format = CInt(SF_FORMAT_OGG | SF_FORMAT_OPUS)
    let sink = Sink()
    var calls = Sink.calls
    // The sink lives as long as the handle: both are of one writer.
    let opened = sf_open_virtual(&calls, CInt(SFM_WRITE), &info, Unmanaged.passUnretained(sink).toOpaque())
    guard let opened else {
      let reason = sf_strerror(nil).map { String(cString: $0) } ?? "unknown error"
      throw AudioError(code: .unreadable, path: "", message: "libsndfile cannot write Ogg Opus: \(reason)")
    }
    // libsndfile's scale: 6 kb/s a channel at 1, 256 at 0.
    var level = 1 - (Self.kilobitsPerChannel - 6) / 250
    sf_command(opened, CInt(SFC_SET_COMPRESSION_LEVEL), &level, CInt(MemoryLayout<Double>.size))
    handle = opened
    self.sink = sink
  }

  deinit {
    sf_close(handle)
  }

  /// Takes the next frames, interleaved, full scale ±1.
  mutating func append(_ samples: [Float], channelCount: Int) {
    _ = sf_writef_float(handle, samples, sf_count_t(samples.count / channelCount))
  }

  /// The file. The writer is used up.
  consuming func finish() -> [UInt8] {
    let sink = sink
    // Closing writes the last page.
    do { _ = consume self }
    return sink.bytes
  }

  /// The file in memory that libsndfile writes to.
  private final class Sink {
    var bytes: [UInt8] = []
    var place = 0

    private static func sink(_ data: UnsafeMutableRawPointer?) -> Sink? {
      data.map { Unmanaged<Sink>.fromOpaque($0).takeUnretainedValue() }
    }

    static let calls = SF_VIRTUAL_IO(
      get_filelen: { data in sf_count_t(sink(data)?.bytes.count ?? 0) },
      seek: { offset, origin, data in
        guard let sink = sink(data) else { return -1 }
        let base = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? sink.place : sink.bytes.count
        let place = base + Int(offset)
        guard (0...sink.bytes.count).contains(place) else { return -1 }
        sink.place = place
        return sf_count_t(place)
      },
      read: { _, _, _ in 0 },
      write: { buffer, count, data in
        guard let sink = sink(data), let buffer, count > 0 else { return 0 }
        let new = UnsafeRawBufferPointer(start: buffer, count: Int(count))
        let end = min(sink.bytes.count, sink.place + new.count)
        sink.bytes.replaceSubrange(sink.place..<end, with: new)
        sink.place += new.count
        return count
      },
      tell: { data in sf_count_t(sink(data)?.place ?? 0) })
  }
}
