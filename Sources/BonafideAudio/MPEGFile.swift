import CMpg123
import Glibc

/// MPEG audio that libmpg123 decodes without libsndfile between, which does not silence it.
struct MPEGFile: ~Copyable {
  private let handle: OpaquePointer
  private let stream: ExcerptStream
  let format: AudioFormat

  /// Opens a stream that is MPEG audio; `nil` where it is none.
  init?(_ stream: ExcerptStream) {
    var format = mpeg_format()
    let handle = mpeg_open(
      { context, buffer, count in ExcerptStream.stream(context)?.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count)) ?? 0 },
      { context, offset, origin in off_t(ExcerptStream.stream(context)?.seek(Int64(offset), from: origin) ?? -1) }, stream.pointer, &format)
    guard let handle else { return nil }
    self.handle = handle
    self.stream = stream
    let layer = ["I", "II", "III"][min(max(Int(format.layer), 1), 3) - 1]
    self.format = AudioFormat(
      name: "MPEG/LAYER_\(layer)", sampleRate: Int(format.sample_rate), channelCount: Int(format.channels),
      frameCount: format.frames > 0 ? format.frames : nil)
  }

  deinit {
    mpeg_close(handle)
  }

  /// Whether libmpg123 is there.
  static var isAvailable: Bool { mpeg_is_available() != 0 }

  /// Whether content is MPEG audio by its first bytes, behind a tag. That of ADTS is none.
  static func isStart(_ excerpt: Excerpt, of descriptor: CInt) -> Bool {
    func bytes(at place: Int64, _ count: Int) -> [UInt8] {
      [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = excerpt.read(at: place, into: UnsafeMutableRawBufferPointer(buffer), of: descriptor)
      }
    }
    var place: Int64 = 0
    let head = bytes(at: 0, 10)
    if head.hasText("ID3"), head.count == 10, head[6...9].allSatisfy({ $0 < 0x80 }) {
      place = 10 + head[6...9].reduce(0) { $0 << 7 | Int64($1) } + (head[5] & 0x10 != 0 ? 10 : 0)
    }
    let sync = bytes(at: place, 2)
    return sync.count == 2 && sync[0] == 0xFF && sync[1] & 0xE0 == 0xE0 && sync[1] & 6 != 0
  }

  /// Reads up to `frames` frames of interleaved samples, full scale ±1.
  ///
  /// - Returns: the frames read, 0 at the end.
  func read(into samples: UnsafeMutablePointer<Float>, frames: Int) -> Int {
    Int(mpeg_read(handle, samples, Int64(frames)))
  }

  /// What went wrong in decoding; `nil` where nothing did.
  var failure: String? { mpeg_failure(handle).map { String(cString: $0) } }
}
