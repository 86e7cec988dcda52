import Foundation
import Testing

@testable import BonafideAudio

/// An encoder of ffmpeg, and a file that libsndfile does not write.
struct Encoding: CustomTestStringConvertible {
  let name: String
  let file: String
  let arguments: [String]

  var testDescription: String { name }

  static let all = [
    Encoding(name: "FFMPEG/AAC", file: "a.m4a", arguments: ["-c:a", "aac"]),
    Encoding(name: "FFMPEG/AAC", file: "a.aac", arguments: ["-c:a", "aac"]),
    Encoding(name: "FFMPEG/AMR_NB", file: "a.amr", arguments: ["-c:a", "libopencore_amrnb", "-ar", "8000"]),
    Encoding(name: "FFMPEG/AMR_NB", file: "a.3gp", arguments: ["-c:a", "libopencore_amrnb", "-ar", "8000"]),
    Encoding(name: "FFMPEG/AMR_WB", file: "a.amr", arguments: ["-c:a", "libvo_amrwbenc", "-ar", "16000"]),
    Encoding(name: "FFMPEG/WMAV2", file: "a.wma", arguments: ["-c:a", "wmav2"]),
    Encoding(name: "FFMPEG/OPUS", file: "a.webm", arguments: ["-c:a", "libopus"]),
    Encoding(name: "FFMPEG/SPEEX", file: "a.ogg", arguments: ["-c:a", "libspeex", "-ar", "8000"]),
    Encoding(name: "FFMPEG/ADPCM_G726", file: "a.wav", arguments: ["-c:a", "g726", "-b:a", "32k", "-ar", "8000"]),
    Encoding(name: "FFMPEG/ADPCM_G722", file: "a.g722", arguments: ["-c:a", "g722", "-ar", "16000"]),
    Encoding(name: "FFMPEG/GSM", file: "a.gsm", arguments: ["-c:a", "libgsm", "-ar", "8000"]),
    Encoding(name: "FFMPEG/AC3", file: "a.ac3", arguments: ["-c:a", "ac3", "-ar", "48000"]),
    Encoding(name: "MPEG/LAYER_II", file: "a.mp2", arguments: ["-c:a", "mp2"]),
    Encoding(name: "WAV/LAYER_III", file: "a.wav", arguments: ["-c:a", "libmp3lame"]),
    Encoding(name: "FFMPEG/MP3", file: "a.mkv", arguments: ["-c:a", "libmp3lame"]),
  ]
}

@Suite(.enabled(if: isInstalled("ffmpeg") && isInstalled("ffprobe"), "ffmpeg is not installed"))
struct FFmpegTests {
  private let folder: TemporaryFolder
  /// A tone of 440 Hz at 16 kHz, 3 s.
  private let wave: String

  init() throws {
    folder = try TemporaryFolder()
    let samples = int16(sine(cycles: 440 / 16_000, count: 48_000))
    wave = try folder.write(WaveBytes(pcm: samples, sampleRate: 16_000).bytes, to: "tone.wav")
  }

  private func encode(_ arguments: [String], to name: String) throws -> String? {
    let path = folder.file(name)
    return try run("ffmpeg", ["-v", "error", "-i", wave] + arguments + ["-ac", "1", path]) == 0 ? path : nil
  }

  @Test(arguments: Encoding.all)
  func readsByContent(_ encoding: Encoding) throws {
    // Debian's ffmpeg has all these encoders; another build may lack some.
    guard let path = try encode(encoding.arguments, to: encoding.file) else { return }
    var readable = path
    // Headerless codecs are told by the ending; all others must not need it.
    if !path.hasSuffix(".g722"), !path.hasSuffix(".gsm") {
      readable = folder.file("renamed.wav.bin")
      try FileManager.default.moveItem(atPath: path, toPath: readable)
    }
    let recording = try readAll(readable)
    let rate = recording.format.sampleRate
    #expect(recording.format.name == encoding.name)
    #expect(abs(recording.samples.count - 3 * rate) < rate / 4)
    let (amplitude, rest) = tone(cycles: 440 / Double(rate), in: recording.samples[rate..<(2 * rate)])
    #expect(abs(amplitude - 0.5) < 0.1)
    #expect(rest < 0.12)
    #expect(recording.warnings == [])
  }

  @Test(arguments: [
    ("flac", "FLAC/PCM_16"), ("wav", "WAV/PCM_16"), ("w64", "W64/PCM_16"), ("au", "AU/PCM_16"), ("ogg", "OGG/VORBIS"),
  ])
  func readsWhatWasWrittenToAPipe(_ container: String, name: String) throws {
    let path = folder.file("piped.bin")
    let script =
      "ffmpeg -v error -i \"$0\" -strict -2 -ac 2 $( [ $2 = ogg ] && echo -c:a vorbis ) -f $2 - | cat > \"$1\""
    try #require(try run("sh", ["-c", script, wave, path, container]) == 0)
    let recording = try readAll(path)
    #expect(recording.format.name == name)
    #expect(abs(recording.samples.count / 2 - 48_000) < 1_000)
    #expect(recording.warnings == [])
  }

  @Test func readsTheSoundOfAVideo() throws {
    let path = folder.file("video.mp4")
    let picture = ["-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=3"]
    let status = try run("ffmpeg", ["-v", "error"] + picture + ["-i", wave, "-c:a", "aac", "-shortest", path])
    try #require(status == 0)
    let recording = try readAll(path)
    #expect(recording.format.name == "FFMPEG/AAC")
    #expect(recording.format.sampleRate == 16_000)
  }

  @Test func saysThatAPictureHasNoSound() throws {
    let path = folder.file("mute.mp4")
    try #require(
      try run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1", path]) == 0)
    let error = failure(path)
    #expect(error?.code == .notAudio)
    #expect(error?.message == "there is no audio in the file")
  }

  @Test(arguments: ["-i.bin", "http:x.bin", "concat:a|b.bin", "pipe:0.bin", "a b;$(c).bin", "%d.bin", "file:x.bin"])
  func takesNoNameForAnOptionOrAProtocol(_ name: String) throws {
    guard let path = try encode(["-c:a", "aac"], to: "plain.m4a") else { return }
    let odd = folder.file(name)
    try FileManager.default.copyItem(atPath: path, toPath: odd)
    #expect(try readAll(odd).format.name == "FFMPEG/AAC")
  }

  @Test func saysWhatIsDamaged() throws {
    guard let path = try encode(["-c:a", "aac"], to: "a.m4a") else { return }
    let bytes = try Data(contentsOf: URL(filePath: path))
    let error = failure(try folder.write(Array(bytes.prefix(bytes.count / 2)), to: "cut.m4a"))
    #expect(error?.code == .decodeFailed)
    #expect(error?.message.hasPrefix("the file is damaged: the index (moov)") == true)
    #expect(error?.message.contains("0x") == false)
  }

  @Test func saysWhatElseItIs() throws {
    let path = folder.file("picture.png")
    try #require(
      try run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "color=size=8x8", "-frames:v", "1", path]) == 0)
    let error = failure(path)
    #expect(error?.code == .notAudio && error?.message == "the content is no recording: ffmpeg takes it for png")
  }

  @Test(arguments: [(0x14DE, "Cisco G.729 (WAV tag 0x14DE)"), (0x0133, "Sipro G.729 (WAV tag 0x0133)"), (0x7777, "WAV tag 0x7777")])
  func namesCodecsThatNobodyDecodes(_ tag: UInt16, name: String) throws {
    var file = WaveBytes(pcm: [])
    (file.formatTag, file.bitsPerSample) = (tag, 0)
    file.data = Array(repeating: 0x55, count: 20_000)
    let error = failure(try folder.write(file.bytes, to: "tag.wav"))
    #expect(error?.code == .decodeFailed)
    #expect(error?.message.hasPrefix("its audio is coded as \(name), which neither libsndfile nor ffmpeg decodes; have") == true)
  }

  @Test func readsDumpsOfG722() throws {
    let path = try #require(try encode(["-c:a", "g722", "-ar", "16000", "-f", "g722"], to: "dump"))
    let recording = try readAll(path, raw: try RawFormat(parsing: "g722"))
    #expect(recording.format.name == "RAW/G722" && recording.format.sampleRate == 16_000)
    #expect(abs(recording.samples.count - 48_000) < 100 && recording.warnings == [])
    let (amplitude, rest) = tone(cycles: 440 / 16_000, in: recording.samples[16_000..<32_000])
    #expect(abs(amplitude - 0.5) < 0.05 && rest < 0.05)
  }

  /// A byte has two samples, the first in its upper half; each says how many steps of the table to go.
  @Test func readsDumpsOfIMA() throws {
    let path = try folder.write([0x70, 0x07, 0x88] + Array(repeating: 0, count: 5_000), to: "dump.ima")
    let recording = try readAll(path, raw: try RawFormat(parsing: "ima:8000"))
    #expect(recording.format.name == "RAW/IMA" && recording.samples.count == 10_006 && recording.warnings == [])
    // Steps 7, 16, 14, 13 and so on, of IMA's table: (2 · 7 + 1) · 7 / 8, then 16 / 8 more.
    #expect(recording.samples.prefix(2).map { Int(($0 * 32_768).rounded()) } == [13, 15])
  }

  @Test func plainMessagesHaveNoAddresses() {
    let said = "[aac @ 0x55ad29347180] Input buffer exhausted file:/dev/fd/3: Input/output error"
    #expect(FFmpeg.plain(said) == "aac: Input buffer exhausted the last packet is cut short")
    #expect(FFmpeg.plain("") == "" && FFmpeg.plain("@ 0x1 error") == "@ 0x1 error")
  }

  @Test func rewinds() throws {
    guard let path = try encode(["-c:a", "aac"], to: "a.m4a") else { return }
    var reader = try AudioReader(path: path)
    var (first, second): ([Float], [Float]) = ([], [])
    #expect(try reader.read(into: &first, frames: 3_000) == 3_000)
    try reader.rewind()
    #expect(try reader.read(into: &second, frames: 3_000) == 3_000)
    #expect(first == second)
  }

  @Test func leavesNoProcessBehind() throws {
    guard let path = try encode(["-c:a", "aac"], to: "a.m4a") else { return }
    let name = try #require(path.split(separator: "/").last)
    do {
      var reader = try AudioReader(path: path)
      var buffer: [Float] = []
      #expect(try reader.read(into: &buffer, frames: 10) == 10)
    }
    // A child that still ran would hold the file open.
    #expect(!isHeldOpen(String(name)))
  }

  private func isHeldOpen(_ name: String) -> Bool {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.filter { Int($0) != nil }.contains { process in
      let folder = "/proc/\(process)/fd"
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return files.contains { file in
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(file)")
        return target?.contains("\(self.folder.path)/\(name)") == true
      }
    }
  }

  @Test func givesPartOfATruncatedFile() throws {
    guard let path = try encode(["-c:a", "aac"], to: "a.aac") else { return }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let recording = try readAll(try folder.write(Array(bytes[..<(bytes.count / 2)]), to: "cut.aac"))
    #expect(recording.samples.count > 16_000)
  }

  @Test func namesFFmpegWhereItIsMissing() async throws {
    guard let path = try encode(["-c:a", "aac"], to: "a.m4a") else { return }
    await #expect(processExitsWith: .success) { [path = path as String] in
      setenv("PATH", "/nowhere", 1)
      let error = failure(path)
      #expect(error?.code == .ffmpegMissing)
      #expect(error?.message.contains("apt install ffmpeg") == true)
    }
  }

  /// More than a pipe takes, so that ffprobe waits for a reader.
  @Test(.timeLimit(.minutes(1))) func tagsWithoutEndAreDamage() throws {
    let tags = try folder.write(Array(";FFMETADATA1\n[STREAM]\nDURATION=\(String(repeating: "x", count: 400_000))\n".utf8), to: "tags.txt")
    let path = folder.file("tags.ogg")
    let tracks = ["-map", "0:a", "-map", "0:a", "-c:a", "flac", "-map_metadata:s:a:0", "1:s:0"]
    try #require(try run("ffmpeg", ["-v", "error", "-i", wave, "-i", tags] + tracks + [path]) == 0)
    #expect(failure(path)?.message.contains("tags") == true)
  }

  @Test func letsNoPlaylistIn() throws {
    // Not taken for text, for its first byte.
    let list = [0] + Array("\nffconcat version 1.0\nfile \(wave)\n".utf8)
    #expect(failure(try folder.write(list, to: "list.ffconcat"))?.code == .notAudio)
  }
}
