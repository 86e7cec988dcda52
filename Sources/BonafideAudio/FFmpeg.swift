/// Decodes with the `ffmpeg` and `ffprobe` programs what libsndfile does not read.
///
/// The programs get the open file as descriptor 3, never its name, so a name cannot be taken for an option or a
/// protocol. Only containers of media are let in: no playlists or scripts, which could name other files or hosts.
enum FFmpeg {
  /// What ffprobe found.
  struct Stream {
    let format: AudioFormat
    /// The demuxer to force; `nil` where the content tells.
    let demuxer: String?
  }

  /// Why a file is not read.
  enum Failure: Error {
    /// The program is not installed.
    case missing
    /// The program could not be started.
    case notStarted(String)
    /// The content is of no known kind.
    case notRecognised
    /// The content is of a known kind and damaged; what ffprobe says of it.
    case damaged(String)
    /// The content is known and holds no audio.
    case noAudio
  }

  /// What to do where a program is missing.
  static let installation = "install ffmpeg (apt install ffmpeg)"

  private static let containers = [
    "3dostr", "aa", "aac", "aax", "ac3", "act", "adts", "aiff", "amr", "amrnb", "amrwb", "ape", "aptx", "asf", "asf_o",
    "ast", "au", "avi", "caf", "codec2", "daud", "dsf", "dts", "dtshd", "dv", "eac3", "flac", "flv", "g722", "g723_1",
    "g729", "gsm", "gxf", "ilbc", "iff", "ivf", "live_flv", "loas", "lvf", "matroska", "mlp", "mov", "mp3", "mpc",
    "mpc8", "mpeg", "mpegts", "mxf", "nistsphere", "nsv", "nut", "nuv", "ogg", "oma", "pva", "qcp", "rm", "rso", "sbc",
    "shn", "smk", "sol", "sox", "tak", "truehd", "tta", "voc", "vqf", "w64", "wav", "wsd", "wtv", "wv", "xwma",
  ]

  /// Speech codecs whose files have no header: the ending is all there is to tell them by.
  private static let headerless = ["g722": "g722", "g723": "g723_1", "g729": "g729", "gsm": "gsm"]

  /// Finds the first audio stream.
  ///
  /// - Parameter path: used for its ending only, where the content does not tell.
  static func probe(_ file: borrowing FileDescriptor, path: String) throws(Failure) -> Stream {
    do {
      return try probe(file, demuxer: nil)
    } catch .notRecognised {
      guard let ending = path.split(separator: ".").last?.lowercased(), let demuxer = headerless[ending] else {
        throw .notRecognised
      }
      return try probe(file, demuxer: demuxer)
    }
  }

  /// What a program wrote to standard error, without its descriptors and addresses, which change from run to run.
  static func plain(_ messages: String) -> String {
    var words: [Substring] = []
    for word in messages.split(separator: " ") {
      if word.hasPrefix("0x"), words.last == "@", words.count > 1 {
        words.removeLast()
        words.append(words.removeLast().drop { $0 == "[" } + ":")
      } else if word == "error", words.last == "Input/output" {
        words[words.count - 1] = "the last packet is cut short"
      } else if word != "file:/dev/fd/3:" {
        words.append(word)
      }
    }
    return words.joined(separator: " ")
  }

  /// Why ffprobe failed, by what it wrote: damage where a demuxer was sure enough of the content to complain of it.
  private static func failure(_ messages: String) -> Failure {
    let words = messages.split(separator: " ")
    guard words.contains("@"), !words.contains("misdetection") else { return .notRecognised }
    return .damaged(plain(messages))
  }

  private static func probe(_ file: borrowing FileDescriptor, demuxer: String?) throws(Failure) -> Stream {
    let arguments = [
      "-v", "error", "-select_streams", "a:0",
      "-show_entries", "stream=codec_name,sample_rate,channels:format=duration",
      "-of", "default=noprint_wrappers=1",
    ]
    var child = try start("ffprobe", arguments: arguments + input(demuxer: demuxer), file: file)
    let answer = [UInt8](unsafeUninitializedCapacity: 1 << 14) { buffer, initialized in
      initialized = child.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    let ending = child.finish()
    guard ending.succeeded else { throw failure(ending.messages) }
    guard answer.count < 1 << 14 else { throw .notRecognised }
    var values: [Substring: Substring] = [:]
    let text = String(decoding: answer, as: UTF8.self)
    for line in text.split(separator: "\n") {
      let pair = line.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { values[pair[0]] = pair[1] }
    }
    guard let codec = values["codec_name"], let rate = values["sample_rate"].flatMap({ Int($0) }) else {
      throw .noAudio
    }
    let duration = values["duration"].flatMap { Double($0) }
    return Stream(
      format: AudioFormat(
        name: "FFMPEG/\(codec.uppercased())", sampleRate: rate,
        channelCount: values["channels"].flatMap { Int($0) } ?? 0,
        frameCount: duration.flatMap { $0 > 0 ? Int64(exactly: ($0 * Double(rate)).rounded()) : nil }),
      demuxer: demuxer)
  }

  /// Starts to decode a stream to interleaved 32-bit floats, at its own rate.
  static func decode(_ stream: Stream, of file: borrowing FileDescriptor) throws(Failure) -> ChildProcess {
    let arguments =
      ["-nostdin", "-v", "error", "-threads", "1"] + input(demuxer: stream.demuxer)
      + [
        "-vn", "-sn", "-dn", "-map", "0:a:0", "-ar", String(stream.format.sampleRate),
        "-ac", String(stream.format.channelCount), "-c:a", "pcm_f32le", "-f", "f32le", "pipe:1",
      ]
    return try start("ffmpeg", arguments: arguments, file: file)
  }

  private static func input(demuxer: String?) -> [String] {
    let forced = demuxer.map { ["-f", $0] } ?? []
    return ["-format_whitelist", containers.joined(separator: ","), "-protocol_whitelist", "file"] + forced
      + ["-i", "file:/dev/fd/3"]
  }

  private static func start(
    _ program: String, arguments: [String], file: borrowing FileDescriptor
  ) throws(Failure) -> ChildProcess {
    do {
      return try ChildProcess.start(program, arguments: arguments, input: file)
    } catch {
      throw error.isMissingProgram ? .missing : .notStarted("\(program) could not be started: \(error.message)")
    }
  }
}
