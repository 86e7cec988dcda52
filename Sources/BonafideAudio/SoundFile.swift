import CSndfile
import Glibc
import Synchronization

/// A file that libsndfile decodes, or of MPEG audio libmpg123 without it.
struct SoundFile: ~Copyable {
  private enum Decoder: ~Copyable {
    case libsndfile(OpaquePointer)
    case libmpg123(MPEGFile)
  }

  private let decoder: Decoder
  /// What libsndfile found; not yet checked against the ranges that are read.
  let format: AudioFormat
  /// Frames that the header promises, where it says so and promises more than there are.
  let promisedFrameCount: Int64?
  /// Whether the frame count is of the header, and not an estimate from a bit rate.
  let hasExactFrameCount: Bool
  /// What libsndfile reads, where that is not a descriptor.
  private let stream: ExcerptStream?

  /// Why libsndfile did not open a file.
  struct Failure: Error {
    /// Whether libsndfile knows the container at all.
    let isRecognised: Bool
    let message: String
  }

  /// libsndfile keeps the reason of a failed opening in a global.
  private static let opening = Mutex(())

  /// Opens the file behind a descriptor, from its start.
  static func open(
    _ descriptor: borrowing FileDescriptor, raw: RawFormat?, excerpt: Excerpt? = nil
  ) throws(Failure) -> SoundFile {
    if raw == nil, MPEGFile.isAvailable {
      let all = excerpt ?? Excerpt(0..<descriptor.size)
      if MPEGFile.isStart(all, of: descriptor.number) {
        let file = MPEGFile(ExcerptStream(all, of: descriptor.number))
        guard let file else { throw Failure(isRecognised: false, message: "no MPEG audio") }
        return SoundFile(file)
      }
    }
    if let excerpt {
      let stream = ExcerptStream(excerpt, of: descriptor.number)
      let (handle, info, failure) = open(stream)
      guard let handle else { throw failure }
      return SoundFile(handle: handle, info: info, stream: stream)
    }
    lseek(descriptor.number, 0, SEEK_SET)
    // libsndfile closes what it fails to open, whatever it is told: it gets a copy.
    let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw Failure(isRecognised: true, message: String(cString: strerror(errno))) }
    let (handle, info, failure) = open(copy, raw: raw)
    guard let handle else { throw failure }
    return SoundFile(handle: handle, info: info, stream: nil)
  }

  private init(_ file: consuming MPEGFile) {
    format = file.format
    promisedFrameCount = nil
    hasExactFrameCount = false
    stream = nil
    decoder = .libmpg123(file)
  }

  private init(handle: OpaquePointer, info: SF_INFO, stream: ExcerptStream?) {
    decoder = .libsndfile(handle)
    self.stream = stream
    let name = Self.name(of: info.format)
    let isStreamed = info.frames <= 0 || info.frames >= Int64.max / 2
    format = AudioFormat(
      name: name, sampleRate: Int(info.samplerate), channelCount: Int(info.channels),
      frameCount: isStreamed ? nil : info.frames)
    promisedFrameCount = isStreamed ? nil : HeaderPromise(log: Self.log(of: handle), frames: info.frames)?.frameCount(found: info.frames)
    hasExactFrameCount = !name.contains("/LAYER_")
  }

  deinit {
    switch decoder {
    case .libsndfile(let handle): sf_close(handle)
    case .libmpg123: break
    }
  }

  /// Reads up to `frames` frames of interleaved samples, full scale ±1.
  ///
  /// - Returns: the frames read, 0 at the end.
  func read(into samples: UnsafeMutablePointer<Float>, frames: Int) -> Int {
    switch decoder {
    case .libsndfile(let handle): Int(max(0, sf_readf_float(handle, samples, sf_count_t(frames))))
    case .libmpg123(let file): file.read(into: samples, frames: frames)
    }
  }

  /// What went wrong in decoding; `nil` where nothing did.
  var failure: String? {
    switch decoder {
    case .libsndfile(let handle):
      guard sf_error(handle) != 0, let text = sf_strerror(handle) else { return nil }
      return String(cString: text)
    case .libmpg123(let file): return file.failure
    }
  }

  private static func open(_ descriptor: CInt, raw: RawFormat?) -> (OpaquePointer?, SF_INFO, Failure) {
    var info = SF_INFO()
    if let raw {
      info.samplerate = CInt(clamping: raw.sampleRate)
      info.channels = CInt(clamping: raw.channelCount)
      let subtype: Int
      switch raw.encoding {
      case .ulaw: subtype = SF_FORMAT_ULAW
      case .alaw: subtype = SF_FORMAT_ALAW
      case .s16le, .s16be: subtype = SF_FORMAT_PCM_16
      case .vox: subtype = SF_FORMAT_VOX_ADPCM
      case .gsm: subtype = SF_FORMAT_GSM610
      case .ima, .g722, .g723, .g729: return (nil, info, Failure(isRecognised: false, message: "ffmpeg decodes it"))
      }
      info.format = CInt(SF_FORMAT_RAW | subtype | (raw.encoding == .s16be ? SF_ENDIAN_BIG : SF_ENDIAN_LITTLE))
    }
    return open(&info) { info in sf_open_fd(descriptor, CInt(SFM_READ), &info, 1) }
  }

  private static func open(_ stream: ExcerptStream) -> (OpaquePointer?, SF_INFO, Failure) {
    var (info, calls) = (SF_INFO(), ExcerptStream.calls)
    // The stream lives as long as the handle: both are of one `SoundFile`.
    let pointer = stream.pointer
    return open(&info) { info in sf_open_virtual(&calls, CInt(SFM_READ), &info, pointer) }
  }

  private static func open(
    _ info: inout SF_INFO, _ open: (inout SF_INFO) -> OpaquePointer?
  ) -> (OpaquePointer?, SF_INFO, Failure) {
    opening.withLock { _ in
      if let handle = open(&info) { return (handle, info, Failure(isRecognised: true, message: "")) }
      let code = sf_error(nil)
      let message = sf_strerror(nil).map { String(cString: $0) } ?? "unknown error"
      return (nil, info, Failure(isRecognised: code != CInt(SF_ERR_UNRECOGNISED_FORMAT), message: message))
    }
  }

  private static func log(of handle: OpaquePointer) -> String {
    var text = [CChar](repeating: 0, count: 1 << 14)
    let length = sf_command(handle, CInt(SFC_GET_LOG_INFO), &text, CInt(text.count))
    return String(decoding: text.prefix(max(0, Int(length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The name of a libsndfile format, as `WAV/PCM_16`.
  static func name(of format: CInt) -> String {
    let container = containers[Int(format) & SF_FORMAT_TYPEMASK] ?? "UNKNOWN"
    let encoding = encodings[Int(format) & SF_FORMAT_SUBMASK] ?? "UNKNOWN"
    return "\(container)/\(encoding)"
  }

  private static let containers: [Int: String] = [
    SF_FORMAT_WAV: "WAV", SF_FORMAT_WAVEX: "WAV", SF_FORMAT_AIFF: "AIFF", SF_FORMAT_AU: "AU", SF_FORMAT_RAW: "RAW",
    SF_FORMAT_PAF: "PAF", SF_FORMAT_SVX: "SVX", SF_FORMAT_NIST: "NIST", SF_FORMAT_VOC: "VOC", SF_FORMAT_IRCAM: "IRCAM",
    SF_FORMAT_W64: "W64", SF_FORMAT_MAT4: "MAT4", SF_FORMAT_MAT5: "MAT5", SF_FORMAT_PVF: "PVF", SF_FORMAT_XI: "XI",
    SF_FORMAT_HTK: "HTK", SF_FORMAT_SDS: "SDS", SF_FORMAT_AVR: "AVR", SF_FORMAT_SD2: "SD2", SF_FORMAT_FLAC: "FLAC",
    SF_FORMAT_CAF: "CAF", SF_FORMAT_WVE: "WVE", SF_FORMAT_OGG: "OGG", SF_FORMAT_MPC2K: "MPC2K", SF_FORMAT_RF64: "RF64",
    SF_FORMAT_MPEG: "MPEG",
  ]

  private static let encodings: [Int: String] = [
    SF_FORMAT_PCM_S8: "PCM_S8", SF_FORMAT_PCM_16: "PCM_16", SF_FORMAT_PCM_24: "PCM_24", SF_FORMAT_PCM_32: "PCM_32",
    SF_FORMAT_PCM_U8: "PCM_U8", SF_FORMAT_FLOAT: "FLOAT", SF_FORMAT_DOUBLE: "DOUBLE", SF_FORMAT_ULAW: "ULAW",
    SF_FORMAT_ALAW: "ALAW", SF_FORMAT_IMA_ADPCM: "IMA_ADPCM", SF_FORMAT_MS_ADPCM: "MS_ADPCM",
    SF_FORMAT_GSM610: "GSM610", SF_FORMAT_VOX_ADPCM: "VOX_ADPCM", SF_FORMAT_NMS_ADPCM_16: "NMS_ADPCM_16",
    SF_FORMAT_NMS_ADPCM_24: "NMS_ADPCM_24", SF_FORMAT_NMS_ADPCM_32: "NMS_ADPCM_32", SF_FORMAT_G721_32: "G721_32",
    SF_FORMAT_G723_24: "G723_24", SF_FORMAT_G723_40: "G723_40", SF_FORMAT_DWVW_12: "DWVW_12",
    SF_FORMAT_DWVW_16: "DWVW_16", SF_FORMAT_DWVW_24: "DWVW_24", SF_FORMAT_DWVW_N: "DWVW_N",
    SF_FORMAT_DPCM_8: "DPCM_8", SF_FORMAT_DPCM_16: "DPCM_16", SF_FORMAT_VORBIS: "VORBIS", SF_FORMAT_OPUS: "OPUS",
    SF_FORMAT_ALAC_16: "ALAC_16", SF_FORMAT_ALAC_20: "ALAC_20", SF_FORMAT_ALAC_24: "ALAC_24",
    SF_FORMAT_ALAC_32: "ALAC_32", SF_FORMAT_MPEG_LAYER_I: "LAYER_I", SF_FORMAT_MPEG_LAYER_II: "LAYER_II",
    SF_FORMAT_MPEG_LAYER_III: "LAYER_III",
  ]
}

/// What a header promises against what is there, from libsndfile's log: it cuts a length that passes the end of the
/// file without an error, and writes `data : 32000 (should be 15978)` there.
struct HeaderPromise: Equatable {
  private let promised: Double
  private let found: Double

  /// Programs that write to a pipe cannot go back to the header, and leave a length near the top of 31 or 32 bits.
  private static let placeholders = 0x7FFF_0000 as Double

  /// - Parameter frames: those that there are.
  init?(log: String, frames: Int64) {
    for line in log.split(separator: "\n") {
      let words = line.split { " :()'.".contains($0) }
      guard let (promised, found) = Self.sizes(in: words, frames: Double(frames)) else { continue }
      guard found > 0, promised > found, promised < Self.placeholders else { continue }
      self.promised = promised
      self.found = found
      return
    }
    return nil
  }

  /// The size in the header and the size of what is there.
  private static func sizes(in words: [Substring], frames: Double) -> (promised: Double, found: Double)? {
    let numbers = words.compactMap { Double($0) }
    // AVR counts them and says no more; "*** File seems to be truncated. 247228 <--> 412160" is of MAT4.
    if words.first == "Frames", words.count == 2, let count = numbers.first { return (count, frames) }
    if words.contains("truncated"), numbers.count == 2 { return (numbers[1], numbers[0]) }
    guard numbers.count == 2 else { return nil }
    if words.contains("should"), let name = words.first, ["data", "SSND", "Data", "riff", "BODY"].contains(name) {
      return (numbers[0], numbers[1])
    }
    // "*** Calculated frame count 7974 does not match value from 'ds64' chunk of 16000."
    return words.contains("ds64") ? (numbers[1], numbers[0]) : nil
  }

  /// The frames that the header promises, given those that are there.
  func frameCount(found frames: Int64) -> Int64? {
    Int64(exactly: (Double(frames) * promised / found).rounded())
  }
}
