/// Decodes with the `ffmpeg` and `ffprobe` programs what libsndfile does not read.
///
/// The programs get the open file as descriptor 3, never its name, so a name cannot be taken for an option or a
/// protocol. Only containers of media are let in: no playlists or scripts, which could name other files or hosts.
enum FFmpeg {
  /// What ffprobe found.
  struct Recording: Sendable {
    /// Those with audio that ffmpeg knows.
    var tracks: [Track]
    /// What the tracks are coded as that it cannot decode.
    var unknown: [String] = []
    /// The demuxer to force; `nil` where the content tells.
    var demuxer: String?
  }

  /// A track of audio.
  struct Track: Sendable {
    /// Among all streams of the file.
    let index: Int
    let codec: String
    let sampleRate: Int
    let channelCount: Int
    /// Seconds from the start of the file to the end of the track; `nil` where no header says so.
    let end: Double?
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
    /// The content is no recording, but what ffmpeg calls so.
    case otherKind(String)
    /// The content is known, and nobody decodes its audio: what it is coded as.
    case undecodable([String])
  }

  /// What to do where a program is missing.
  static let installation = "install ffmpeg (apt install ffmpeg)"

  private static let containers = [
    "3dostr", "aa", "aac", "aax", "ac3", "act", "adts", "aiff", "amr", "amrnb", "amrwb", "apc", "ape", "aptx", "asf", "asf_o",
    "ast", "au", "avi", "caf", "codec2", "daud", "dsf", "dts", "dtshd", "dv", "eac3", "flac", "flv", "g722", "g723_1",
    "g729", "gsm", "gxf", "ilbc", "iff", "ivf", "live_flv", "loas", "lvf", "matroska", "mlp", "mov", "mp3", "mpc",
    "mpc8", "mpeg", "mpegts", "mxf", "nistsphere", "nsv", "nut", "nuv", "ogg", "oma", "pva", "qcp", "rm", "rso", "sbc",
    "shn", "smk", "sol", "sox", "tak", "truehd", "tta", "voc", "vqf", "w64", "wav", "wsd", "wtv", "wv", "xwma",
  ]

  /// Speech codecs whose files have no header: the ending is all there is to tell them by.
  private static let headerless = ["g722": "g722", "g723": "g723_1", "g729": "g729", "gsm": "gsm"]

  /// How ffmpeg reads a headerless dump; `nil` where libsndfile does.
  static func demuxer(of encoding: RawFormat.Encoding) -> String? {
    switch encoding {
    case .ulaw, .alaw, .s16le, .s16be, .vox, .gsm: nil
    // The container that has the very same samples, behind a header.
    case .ima: "apc"
    case .g722, .g723, .g729: headerless[encoding.rawValue]
    }
  }

  /// The header of a Cryo APC file of one channel, from samples of 0 on.
  static func header(ofIMAAt sampleRate: Int, bytes: Int64) -> [UInt8] {
    let numbers = [min(2 * bytes, 0xFFFF_FFFF), Int64(sampleRate), 0, 0, 0]
    return Array("CRYO_APC1.20".utf8) + numbers.flatMap { headerBytes($0, count: 4, bigEndian: false) }
  }

  /// Seconds beyond this are of no recording: three years.
  static let mostSeconds = 1e8

  /// Bytes that ffprobe may have to say of a file: hundreds of tracks.
  private static let longestAnswer = 1 << 16

  /// Containers that say how long their tracks are; elsewhere ffprobe estimates.
  private static let timed: Set<Substring> = [
    "mov", "matroska", "asf", "avi", "wav", "w64", "caf", "aiff", "au", "flac", "ape", "wv", "tta", "ogg", "flv",
  ]

  /// Finds the audio tracks.
  ///
  /// - Parameter path: used for its ending only, where the content does not tell.
  static func probe(_ file: borrowing FileDescriptor, path: String) throws(Failure) -> Recording {
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
    if words.contains("whitelist"), let name = words.first?.drop(while: { $0 == "[" }) {
      return .otherKind(name.hasSuffix("_pipe") ? String(name.dropLast(5)) : String(name))
    }
    if messages.contains("moov atom not found") {
      return .damaged("the index (moov), which MP4 has at its end, is missing: it was cut off, or never finished")
    }
    return .damaged(plain(messages))
  }

  /// Finds the audio tracks as a demuxer sees them.
  static func probe(_ file: borrowing FileDescriptor, demuxer: String?) throws(Failure) -> Recording {
    let arguments = [
      "-v", "error", "-show_entries",
      "stream=index,codec_type,codec_name,codec_tag_string,codec_tag,sample_rate,channels,start_time,duration:stream_disposition=attached_pic:"
        + "stream_tags=DURATION:format=format_name,start_time,duration",
      "-of", "compact=escape=c",
    ]
    var child = try start("ffprobe", arguments: arguments + input(demuxer: demuxer), file: file)
    let answer = [UInt8](unsafeUninitializedCapacity: longestAnswer) { buffer, initialized in
      initialized = child.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    // A program that is not done writing never ends by itself.
    guard answer.count < longestAnswer else { throw .damaged("its tracks or their tags are more than those of a recording") }
    let ending = child.finish()
    guard ending.succeeded else { throw failure(ending.messages) }
    let sections = String(decoding: answer, as: UTF8.self).split(separator: "\n").map(Section.init)
    var recording = Recording(tracks: [], demuxer: demuxer)
    let format = sections.first { $0.kind == "format" }
    let isTimed = format?.values["format_name"].map { $0.split(separator: ",").contains { timed.contains($0) } } ?? false
    let hasPicture = sections.contains { $0.values["codec_type"] == "video" && $0.values["disposition:attached_pic"] != "1" }
    let start = format?.number("start_time") ?? 0
    for section in sections where section.kind == "stream" && section.values["codec_type"] == "audio" {
      let codec = section.codec
      guard let index = section.values["index"].flatMap({ Int($0) }), let rate = section.values["sample_rate"].flatMap({ Int($0) }),
        rate > 0, let channels = section.values["channels"].flatMap({ Int($0) }), codec != "unknown"
      else {
        recording.unknown.append(section.coding(isWave: format.map { Self.hasWaveTags($0) } ?? false))
        continue
      }
      // That of the format is of the longest stream, which may be a picture.
      let own = section.number("duration").map { $0 + max(0, (section.number("start_time") ?? 0) - start) } ?? section.taggedDuration
      let end = own ?? (hasPicture ? nil : format?.number("duration"))
      recording.tracks.append(
        Track(index: index, codec: codec, sampleRate: rate, channelCount: channels, end: isTimed ? end : nil))
    }
    guard !recording.tracks.isEmpty else { throw recording.unknown.isEmpty ? .noAudio : .undecodable(recording.unknown) }
    return recording
  }

  /// Whether a container tells codecs by the numbers that WAV has.
  private static func hasWaveTags(_ format: Section) -> Bool {
    !Set(format.values["format_name"]?.split(separator: ",") ?? []).isDisjoint(with: ["wav", "w64", "avi", "asf", "xwma"])
  }

  /// A line of ffprobe: `stream|index=0|codec_name=opus|…`.
  private struct Section {
    let kind: Substring
    let values: [Substring: Substring]

    init(_ line: Substring) {
      let parts = Self.fields(of: line)
      kind = parts.first ?? ""
      var values: [Substring: Substring] = [:]
      for part in parts.dropFirst() {
        let pair = part.split(separator: "=", maxSplits: 1)
        // What a file says of itself in its tags comes last, and changes nothing.
        if pair.count == 2, values[pair[0]] == nil { values[pair[0]] = pair[1] }
      }
      self.values = values
    }

    /// What is between bars; one behind a backslash is part of a value.
    private static func fields(of line: Substring) -> [Substring] {
      var (fields, start, index, isEscaped): ([Substring], Substring.Index, Substring.Index, Bool) = ([], line.startIndex, line.startIndex, false)
      while index < line.endIndex {
        if line[index] == "|", !isEscaped {
          fields.append(line[start..<index])
          start = line.index(after: index)
        }
        isEscaped = line[index] == "\\" && !isEscaped
        index = line.index(after: index)
      }
      return fields + [line[start...]]
    }

    var codec: String { values["codec_name"].map { String($0) } ?? "unknown" }

    /// What a stream is coded as, to be read.
    func coding(isWave: Bool) -> String {
      if codec != "unknown" { return codec }
      if isWave, let tag = values["codec_tag"].flatMap({ UInt16($0.dropFirst(2), radix: 16) }) { return WaveTag.text(tag) }
      let name = values["codec_tag_string"].map { String($0) } ?? ""
      if name == "enca" { return "encrypted audio" }
      return name.isEmpty || name.contains("[") ? "something unknown" : "'\(name)'"
    }

    func number(_ name: Substring) -> Double? {
      values[name].flatMap { Double($0) }.flatMap(Self.believed)
    }

    private static func believed(_ seconds: Double) -> Double? { abs(seconds) <= mostSeconds ? seconds : nil }

    /// Seconds of `00:00:51.841000000`, which Matroska's writers leave as a tag.
    var taggedDuration: Double? {
      guard let parts = values["tag:DURATION"]?.split(separator: ":").map({ Double($0) }), parts.count == 3,
        let hours = parts[0], let minutes = parts[1], let seconds = parts[2]
      else { return nil }
      return Self.believed(hours * 3_600 + minutes * 60 + seconds)
    }
  }

  /// Starts to decode a track to interleaved 32-bit floats with times, at its own rate.
  static func decode(_ track: Track, demuxer: String?, of file: borrowing FileDescriptor) throws(Failure) -> TimedPCM {
    // The decoder of AMR calls frames damaged that say that nobody speaks; the demuxer of APC calls the end of the file an error.
    let level = track.codec.hasPrefix("amr") || demuxer == "apc" ? "fatal" : "error"
    let arguments =
      ["-nostdin", "-v", level, "-threads", "1", "-vn", "-sn", "-dn"] + input(demuxer: demuxer)
      + [
        "-vn", "-sn", "-dn", "-map", "0:\(track.index)", "-map_metadata", "-1", "-map_chapters", "-1", "-ar",
        String(track.sampleRate), "-ac", String(track.channelCount), "-c:a", "pcm_f32le", "-f", "matroska", "pipe:1",
      ]
    return TimedPCM(try start("ffmpeg", arguments: arguments, file: file))
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
