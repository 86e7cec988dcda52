import Bonafide
import Foundation
import Testing

/// Bad recordings, from file to report: each gives one clear line or a result, and others in the run are
/// still screened.
@Suite struct BadInputTests {
  private struct Case {
    var name: String
    /// What is in the file; `nil` where the test makes it otherwise.
    var bytes: [UInt8]?
    /// Whether the recording is screened.
    var isScreened: Bool
  }

  private static func noise(_ count: Int, _ level: Int16 = 3000) -> [Int16] {
    (0..<count).map { _ in .random(in: -level...level) }
  }

  @Test func eachGivesOneLineAndOthersAreScreened() throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    let whole = wav([voice])
    let cases = [
      Case(name: "empty.wav", bytes: [], isScreened: false),
      Case(name: "header.wav", bytes: WAVHeader(dataSize: 0).bytes, isScreened: false),
      Case(name: "half-header.wav", bytes: Array(whole.prefix(30)), isScreened: false),
      Case(name: "truncated.wav", bytes: Array(whole.prefix(whole.count / 2 + 1)), isScreened: true),
      Case(name: "claims-4-gb.wav", bytes: WAVHeader(dataSize: .max).bytes + whole.dropFirst(44), isScreened: true),
      Case(name: "nan.wav", bytes: floatWAV([Float](repeating: .nan, count: 16000)), isScreened: true),
      Case(
        name: "infinite.wav",
        bytes: floatWAV(voice.enumerated().map { $0 % 100 == 0 ? .infinity * ($1 < 0 ? -1 : 1) : Float($1) / 32768 }),
        isScreened: true),
      Case(name: "huge.wav", bytes: floatWAV(voice.map { Float($0) * 1e30 }), isScreened: true),
      Case(name: "dc.wav", bytes: wav([[Int16](repeating: 20000, count: 16000)]), isScreened: true),
      Case(name: "square.wav", bytes: wav([(0..<16000).map { $0 / 8 % 2 == 0 ? .max : .min }]), isScreened: true),
      Case(name: "silence.wav", bytes: wav([[Int16](repeating: 0, count: 16000)]), isScreened: true),
      Case(name: "one-sample.wav", bytes: wav([[1000]]), isScreened: true),
      Case(
        name: "no-channels.wav", bytes: WAVHeader(channelCount: 0, dataSize: 1000).bytes + whole.suffix(1000),
        isScreened: false),
      Case(name: "64-channels.wav", bytes: wav((0..<64).map { _ in Self.noise(1600) }), isScreened: true),
      Case(name: "text.wav", bytes: Array("Dear caller,\nthis is a letter.\n".utf8), isScreened: false),
      Case(
        name: "no-rate.wav", bytes: WAVHeader(sampleRate: 0, dataSize: 1000).bytes + whole.suffix(1000),
        isScreened: false),
      Case(name: "empty-folder", bytes: nil, isScreened: false),
      Case(name: "broken-link.wav", bytes: nil, isScreened: false),
      Case(name: "no-such-file.wav", bytes: nil, isScreened: false),
      Case(name: "a [good] name, \"quoted\"\nin two lines.wav", bytes: whole, isScreened: true),
    ]
    for file in cases {
      if let bytes = file.bytes { try folder.write(file.name, bytes) }
    }
    try FileManager.default.createDirectory(atPath: folder.path("empty-folder"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: folder.path("broken-link.wav"), withDestinationPath: "nowhere")

    let run = try bonafide(["--format", "json"] + cases.map(\.name), in: folder)
    #expect(run.signal == nil)
    #expect(run.status == 2)
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(run.output.utf8))
    #expect(try JSONSchema.ofReports().faults(in: value, as: "document") == [])
    guard case .object(let document) = value, case .array(let files) = document["files"] else {
      Issue.record("no files")
      return
    }
    try #require(files.count == cases.count)
    for (file, result) in zip(cases, files) {
      guard case .object(let members) = result else { continue }
      #expect(members["path"] == .string(file.name))
      let isScreened = members["error"] == .null && members["verdict"] != .null
      #expect(isScreened == file.isScreened, "\(file.name): \(members["error"] ?? .null)")
      if case .string(let error) = members["error"] { #expect(!error.contains("\n"), "\(file.name)") }
    }
    #expect(run.errorLines.count == cases.count { !$0.isScreened })
    #expect(run.errorLines.allSatisfy { $0.hasPrefix("bonafide: ") })
  }

  @Test func unreadableFilesAndFolders() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("locked.wav", wav([promptSamples()]))
    let locked = folder.path("locked")
    try FileManager.default.createDirectory(atPath: locked, withIntermediateDirectories: false)
    for path in [file, locked] { chmod(path, 0) }
    defer { chmod(locked, 0o700) }
    // The superuser without his capabilities.
    let plain = geteuid() == 0 ? ["/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []
    let run = try bonafide([file, locked, promptPath], by: plain)
    #expect(run.status == 2)
    #expect(run.errorLines.count == 2)
  }

  /// Found in a folder, by a pattern, listed in a file, and as an argument, which a test can give by a shell alone.
  @Test func namesThatAreNotUTF8AreScreened() throws {
    let folder = try TemporaryFolder()
    let path = Array(folder.path("calls/bad").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF)] + Array(".wav".utf8CString)
    try #require(rename(try folder.write("calls/good.wav", wav([promptSamples()])), path) == 0)
    try folder.write("list", Array("calls/bad".utf8) + [0xFF] + Array(".wav\n".utf8))
    let runs = [
      try bonafide(["scan", "--fast", "-f", "json", "calls"], in: folder),
      try bonafide(["scan", "--fast", "-f", "json", "calls/*.wav"], in: folder),
      try bonafide(["scan", "--fast", "-f", "json", "--files-from", "list"], in: folder),
      try bonafide(["--fast", "-f", "json"], in: folder, by: ["/bin/sh", "-c", "exec \"$@\" calls/bad?.wav", "sh"]),
    ]
    for run in runs {
      let value = try JSONDecoder().decode(JSONValue.self, from: Data(run.output.utf8))
      #expect(try JSONSchema.ofReports().faults(in: value, as: "document") == [])
      #expect(run.output.contains("{\"path\":\"calls/bad\u{FFFD}.wav\",\"path_bytes\":\"calls/bad%FF.wav\",\"format\":\"WAV/PCM_16\""))
      #expect(run.errors == "")
    }
    let moved = try bonafide(["--fast", "calls", "--move-flagged", "flagged", "--alarm-at", "1000", "--clear-at", "1001"], in: folder)
    #expect(moved.status == 1 && access(path, F_OK) != 0)
    let flagged = Array(folder.path("flagged/bad").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF)] + Array(".wav".utf8CString)
    #expect(access(flagged, F_OK) == 0)
  }

  /// libmpg123 tells standard error of each damaged frame, and of no file.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/lame"), "lame is not installed"))
  func librariesAreSilent() throws {
    let folder = try TemporaryFolder()
    let lame = Process()
    lame.executableURL = URL(filePath: "/usr/bin/lame")
    lame.arguments = ["--quiet", "-b", "16", promptPath, folder.path("voice.mp3")]
    try lame.run()
    lame.waitUntilExit()
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: folder.path("voice.mp3"))))
    for index in stride(from: 300, to: bytes.count, by: 29) { bytes[index] = UInt8(truncatingIfNeeded: index &* 73) }
    try folder.write("damaged.mp3", bytes)
    let run = try bonafide(["--format", "json", "damaged.mp3"], in: folder)
    #expect(run.errorLines.allSatisfy { $0.hasPrefix("bonafide: ") })
    #expect(run.signal == nil)
  }
}

/// What is in a folder and must not be passed over in silence.
@Suite struct FolderContentTests {
  private static let recordings: [[UInt8]] = [
    [0, 0, 0, 0x1C] + Array("ftypM4A ".utf8), Array("#!AMR\n      ".utf8), [0x1A, 0x45, 0xDF, 0xA3] + [UInt8](repeating: 1, count: 8),
    Array("ID3".utf8) + [UInt8](repeating: 0, count: 9),
    // MPEG 2.5 layer III, 8 kHz, 16 kb/s; ADTS.
    [0xFF, 0xE3, 0x28, 0xC4] + [UInt8](repeating: 0, count: 8), [0xFF, 0xF1, 0x6C, 0x40] + [UInt8](repeating: 0, count: 8),
  ]
  private static let others: [[UInt8]] = [
    Array("hello, world".utf8), [UInt8](repeating: 0, count: 12), [UInt8](repeating: 0xFF, count: 12),
    [0xFF, 0xD8, 0xFF, 0xE0] + Array("\0\u{10}JFIF\0\u{1}".utf8), [0xFF, 0xFE] + Array("h\0e\0l\0l\0o\0".utf8),
  ]

  /// Under any name; what the decoder then says of it stands in the report.
  @Test func filesThatBeginAsRecordingsAreTried() throws {
    let folder = try TemporaryFolder()
    for (index, bytes) in Self.recordings.enumerated() { try folder.write("calls/r\(index)", bytes + [UInt8](repeating: 0, count: 100)) }
    for (index, bytes) in Self.others.enumerated() { try folder.write("calls/o\(index)", bytes) }
    let run = try bonafide(["scan", "--fast", "--format", "csv", "calls"], in: folder)
    for index in Self.recordings.indices { #expect(run.output.contains("calls/r\(index),"), "\(Self.recordings[index])") }
    #expect(!run.output.contains("calls/o"))
    #expect(run.errors.contains("bonafide: left out: \(Self.others.count) without an extension\n"))
  }

  /// What is left out is counted by kind: on standard error, and in the report where it has a place.
  @Test func whatIsLeftOutIsCounted() throws {
    let folder = try TemporaryFolder()
    let voice = try wav([Array(promptSamples().prefix(4000))])
    try folder.write("calls/a.wav", voice)
    let names = ["1.vox", "2.VOX", "in/3.vox", "4.ima", "5.sln16", "6.raw", "a.txt", "notes", ".hidden", "in/call.20240131-1"]
    for name in names { try folder.write("calls/" + name, [UInt8](repeating: 0x55, count: 200)) }
    try FileManager.default.createSymbolicLink(atPath: folder.path("calls/loop"), withDestinationPath: ".")
    try #require(mkfifo(folder.path("calls/pipe.wav"), 0o600) == 0)
    let line =
      "left out: 3 × .vox, which take --raw vox:8000; 1 × .ima, which takes --raw ima:8000; "
      + "1 × .raw, which takes --raw ENCODING:RATE; 1 × .sln16, which takes --raw s16le:16000; 2 without an extension; 1 × .txt; "
      + "1 hidden; 1 linked folder; 1 that is no file"
    let json = try bonafide(["--fast", "-f", "json", "calls"], in: folder)
    #expect(json.errors == "bonafide: \(line)\n")
    let counts = "\"left_out\":[{\"kind\":\".vox\",\"count\":3,\"raw\":\"vox:8000\"},{\"kind\":\".ima\",\"count\":1,\"raw\":\"ima:8000\"},"
    #expect(json.output.contains(counts))
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.output.utf8))
    #expect(try JSONSchema.ofReports().faults(in: value, as: "document") == [])
    let lines = try bonafide(["--fast", "-f", "jsonl", "calls"], in: folder)
    #expect(lines.output.contains(counts) && lines.output.split(separator: "\n").count == 1)
    #expect(try JSONSchema.ofReports().faults(in: lines.output, as: "line") == [])
    let text = try bonafide(["--fast", "calls"], in: folder)
    #expect(text.output.hasSuffix(" 0 failed\n\(line)\n") && text.errors == "")
    #expect(try bonafide(["--fast", "--quiet", "calls"], in: folder).errors == "")
    // Recordings by their names that were not screened.
    let cleared = ["--fast", "calls", "--alarm-at", "-1001", "--clear-at", "-1000", "--strict"]
    #expect(try bonafide(cleared, in: folder).status == 2)
    let excluding = try bonafide(cleared + ["--exclude", "*.[viVrs]*"], in: folder)
    #expect(excluding.status == 0 && excluding.output.contains("; 6 by --include and --exclude"))
    // As dumps, those alone that can be of that kind.
    let raw = try bonafide(["--fast", "-f", "csv", "--raw", "vox:8000", "calls"], in: folder)
    #expect(raw.output.split(separator: "\n").count == 5)
    let others = "2 without an extension; 1 × .txt; 1 × .wav;"
    #expect(raw.errors.contains("left out: 1 × .ima, which takes --raw ima:8000; 1 × .sln16, which takes --raw s16le:16000; \(others)"))
  }
}
