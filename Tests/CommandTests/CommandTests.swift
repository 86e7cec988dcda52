import Bonafide
import Foundation
import Testing

/// The command as a user runs it. Verdicts are forced by the operating points, so that they hold for any model.
@Suite struct CommandTests {
  // By the first stage alone, which is fast.
  private static let flagAll = ["--fast", "--alarm-at", "1000", "--clear-at", "1001"]
  private static let clearAll = ["--fast", "--alarm-at", "-1001", "--clear-at", "-1000"]

  private func document(_ run: Run, sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: JSONValue]] {
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(run.output.utf8))
    #expect(try JSONSchema.ofReports().faults(in: value, as: "document") == [], sourceLocation: sourceLocation)
    guard case .object(let members) = value, case .array(let files) = members["files"] else { return [] }
    return files.compactMap { if case .object(let file) = $0 { file } else { nil } }
  }

  private func paths(_ run: Run) throws -> [String] {
    try document(run).compactMap { if case .string(let path) = $0["path"] { path } else { nil } }
  }

  // MARK: Exit status

  @Test func nothingFlaggedIsStatus0() throws {
    let run = try bonafide(["scan", promptPath] + Self.clearAll)
    #expect(run.status == 0)
    #expect(run.output.contains("bona fide"))
    #expect(run.output.hasSuffix("\n1 file: 0 flagged, 0 inconclusive, 1 bona fide, 0 failed\n"))
    #expect(run.errors == "")
  }

  @Test func somethingFlaggedIsStatus1() throws {
    let run = try bonafide(["scan", promptPath] + Self.flagAll)
    #expect(run.status == 1)
    #expect(run.output.contains("SYNTHETIC"))
    #expect(run.output.contains("█"))
    #expect(!run.output.contains("\u{1B}"))
  }

  @Test func failuresAreStatus2WhereNothingIsFlagged() throws {
    let run = try bonafide([promptPath, "/nonexistent.wav", "-f", "csv"] + Self.clearAll)
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("bonafide: /nonexistent.wav: "))
  }

  @Test func strictTakesWarningsForFailures() throws {
    let folder = try TemporaryFolder()
    // Numbers that are none: screened, with a warning.
    let voice = try promptSamples().map { Float($0) / 32768 }
    let path = try folder.write("nan.wav", floatWAV([.nan] + voice))
    #expect(try bonafide([path] + Self.clearAll).status == 0)
    #expect(try bonafide([path, "--strict"] + Self.clearAll).status == 2)
    #expect(try bonafide([path, "--strict"] + Self.flagAll).status == 1)
    #expect(try bonafide([promptPath, "--strict"] + Self.clearAll).status == 0)
  }

  @Test func filesThatLookLikeOptionsAreRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write("-dash.wav", wav([promptSamples()]))
    let refused = try bonafide(["-dash.wav"], in: folder)
    #expect(refused.status == 64 && refused.output == "" && refused.errors.contains("'./-dash.wav'"))
    #expect(try bonafide(["-j2"] + Self.clearAll + ["--", "-dash.wav"], in: folder).status == 0)
  }

  // MARK: Worklist

  @Test func reportsAreSortedAndFiltered() throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    try folder.write("a.wav", wav([[Int16](repeating: 0, count: 16000)]))
    try folder.write("b.wav", wav([voice]))
    try folder.write("c.wav", wav([Array(voice.prefix(12_000))]))
    let sorted = try document(try bonafide(["--fast", "-f", "json", "--sort", "llr", ".", "/nonexistent.wav"], in: folder))
    let llrs = sorted.compactMap { file -> Double? in
      guard case .array(let channels) = file["channels"], case .object(let party) = channels.first,
        case .number(let llr) = party["evidence_llr"]
      else { return nil }
      return llr
    }
    #expect(llrs.count == 2 && llrs == llrs.sorted())
    // Those without speech, and then those that could not be screened, come last.
    #expect(sorted.map { $0["path"] }.suffix(2) == [.string("./a.wav"), .string("/nonexistent.wav")])
    #expect(try paths(try bonafide(["--fast", "-f", "json", "--sort", "path", "c.wav", "b.wav"], in: folder)) == ["b.wav", "c.wav"])

    let only = try bonafide(["--only", "inconclusive", "."] + Self.flagAll, in: folder)
    #expect(only.output.contains("a.wav") && !only.output.contains("b.wav"))
    #expect(only.output.hasSuffix("\n3 files: 2 flagged, 1 inconclusive, 0 bona fide, 0 failed\n"))
    #expect(only.status == 1)
    let quiet = try bonafide(["--quiet", ".", "/nonexistent.wav"] + Self.flagAll, in: folder)
    #expect(quiet.output == "" && quiet.status == 1 && quiet.errorLines.count == 1)
  }

  @Test func listsAndPatternsChooseFiles() throws {
    let folder = try TemporaryFolder()
    let voice = try wav([Array(promptSamples().prefix(4000))])
    for name in ["in/a.wav", "in/b.wav", "in/sub/c.wav", "x.wav"] { try folder.write(name, voice) }
    try folder.write("list", Array("in/b.wav\r\nx.wav\n".utf8))
    #expect(try paths(try bonafide(["--fast", "-f", "json", "--files-from", "list"], in: folder)) == ["in/b.wav", "x.wav"])
    let nul = try bonafide(["--fast", "-f", "json", "--files-from", "-"], input: Array("x.wav\0in/a.wav\0".utf8), in: folder)
    #expect(try paths(nul) == ["x.wav", "in/a.wav"])
    #expect(try paths(try bonafide(["--fast", "-f", "json", "in", "--include", "[ac].wav"], in: folder)) == ["in/a.wav", "in/sub/c.wav"])
    #expect(try paths(try bonafide(["--fast", "-f", "json", "in", "--exclude", "in/sub/*"], in: folder)) == ["in/a.wav", "in/b.wav"])
    #expect(try bonafide(["--files-from", "/dev/null"]).status == 2)
  }

  @Test func flaggedFilesAreCopiedAndMoved() throws {
    let folder = try TemporaryFolder()
    let (one, other) = (try wav([promptSamples()]), try wav([Array(promptSamples().prefix(14_000))]))
    try folder.write("a/x.wav", one)
    try folder.write("b/x.wav", other)
    try folder.write("out/x.wav", Array("mine".utf8))
    let copied = try bonafide(["a", "b", "--copy-flagged", "out"] + Self.flagAll, in: folder)
    #expect(copied.status == 1 && copied.errors == "")
    func bytes(_ name: String) -> [UInt8]? { (try? Data(contentsOf: folder.url.appending(path: name))).map { [UInt8]($0) } }
    #expect(bytes("out/x.wav") == Array("mine".utf8) && bytes("out/x-2.wav") == one && bytes("out/x-3.wav") == other)
    #expect(bytes("a/x.wav") == one && bytes("b/x.wav") == other)
    _ = try bonafide(["a", "b", "--move-flagged", "moved/"] + Self.flagAll, in: folder)
    #expect(bytes("moved/x.wav") == one && bytes("moved/x-2.wav") == other)
    #expect(bytes("a/x.wav") == nil && bytes("b/x.wav") == nil)
    // What is there already, and what is not flagged, stays.
    #expect(try bonafide(["moved", "--move-flagged", "moved"] + Self.flagAll, in: folder).errors == "")
    #expect(try bonafide(["moved", "--move-flagged", "clean"] + Self.clearAll, in: folder).status == 0)
    #expect(bytes("moved/x.wav") == one)
    // The folder is looked for before the screening.
    #expect(try bonafide(["moved", "--move-flagged", "/nonexistent/x"], in: folder).status == 2)
  }

  @Test func flaggedFilesMoveAcrossFileSystems() throws {
    let shm = "/dev/shm/bonafide-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: shm) }
    let folder = try TemporaryFolder()
    let voice = try wav([promptSamples()])
    try folder.write("x.wav", voice)
    _ = try bonafide(["x.wav", "--move-flagged", shm] + Self.flagAll, in: folder)
    #expect(try [UInt8](Data(contentsOf: URL(filePath: shm + "/x.wav"))) == voice)
    #expect(try folder.names.isEmpty)
  }

  /// A file that is named twice, or linked, is screened once, as it was named first.
  @Test func filesAreScreenedOnce() throws {
    let folder = try TemporaryFolder()
    try folder.write("in/a.wav", wav([Array(promptSamples().prefix(4000))]))
    for link in ["in/b.wav", "in/c.wav"] {
      if link.hasSuffix("b.wav") {
        try FileManager.default.linkItem(atPath: folder.path("in/a.wav"), toPath: folder.path(link))
      } else {
        try FileManager.default.createSymbolicLink(atPath: folder.path(link), withDestinationPath: "a.wav")
      }
    }
    #expect(try paths(try bonafide(["--fast", "-f", "json", "./in", "in/a.wav", "in"], in: folder)) == ["./in/a.wav"])
  }

  @Test func failuresDoNotHideFlags() throws {
    let folder = try TemporaryFolder()
    let again = try folder.write("again.wav", wav([promptSamples()]))
    let run = try bonafide([promptPath, "/nonexistent.wav", again, "-f", "json"] + Self.flagAll)
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("bonafide: /nonexistent.wav: "))
    #expect(run.errorLines.count == 1)
    let files = try document(run)
    #expect(files.map { $0["verdict"] } == [.string("synthetic"), .null, .string("synthetic")])
    #expect(files.first?["channels"] == files.last?["channels"])
  }

  @Test(arguments: [
    ([], "path"),
    (["--prior", "0", "a"], "--prior"),
    (["--prior", "1", "a"], "--prior"),
    (["--prior", "-0.5", "a"], "--prior"),
    (["--prior", "nan", "a"], "--prior"),
    (["--prior", "often", "a"], "--prior"),
    (["--alarm-at", "2", "--clear-at", "1", "a"], "--alarm-at (2.0) must be less than --clear-at (1.0)"),
    (["--alarm-at", "1", "--clear-at", "1", "a"], "must be less"),
    (["--alarm-at", "1e9", "a"], "give --clear-at too"),
    (["--clear-at", "-1e9", "a"], "give --alarm-at too"),
    (["--clear-at", "inf", "a"], "--clear-at"),
    (["--jobs", "0", "a"], "--jobs"),
    (["--jobs", "-1", "a"], "--jobs"),
    (["--format", "xml", "a"], "audacity"),
    (["--timeline", "a"], "json"),
    (["--raw", "mp3:8000", "a"], "ulaw"),
    (["--raw", "ulaw", "a"], "--raw"),
    (["--raw", "vox:8000:2", "a"], "vox has one channel"),
    (["--sort", "llr", "-f", "jsonl", "a"], "--sort"),
    (["--only", "fake", "a"], "'fake' is none of"),
    (["--mix", "--channel-names", "a,b", "a"], "--channel-names"),
    (["-", "a", "-"], "Standard input"),
    (["a", ""], "empty"),
    (["--frequency", "a"], "--frequency"),
    (["info", "--format", "csv"], "json"),
  ])
  func senselessArgumentsAreStatus64(_ arguments: [String], _ message: String) throws {
    let run = try bonafide(arguments)
    #expect(run.status == 64)
    #expect(run.errors.contains(message))
    #expect(run.output == "")
  }

  // MARK: Forms and options

  @Test func everyFormatIsWritten() throws {
    let begins = [
      "text": "  CHANNEL", "json": "{\"schema\":\"bonafide.scan/2\",", "jsonl": "{\"schema\":\"bonafide.scan/2\",",
      "csv": "path,channel,", "rttm": "SPEAKER prompt 1 ", "audacity": "0.",
    ]
    for (format, start) in begins {
      let run = try bonafide(["--format", format, promptPath] + Self.flagAll)
      #expect(run.output.hasPrefix(start))
      #expect(run.status == 1)
    }
  }

  @Test func linesFitTheSchema() throws {
    let run = try bonafide(["--fast", "-f", "jsonl", promptPath, "/nonexistent.wav", "--timeline"])
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines { #expect(try JSONSchema.ofReports().faults(in: line, as: "line") == []) }
    #expect(run.output.contains("\"hop_s\":0.04"))
  }

  @Test func channelsAreNamedAndCopiesAreFound() throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    let silence = [Int16](repeating: 0, count: voice.count)
    let path = try folder.write("call.wav", wav([voice, silence, voice]))
    let run = try bonafide(["--fast", "-f", "json", "--channel-names", "agent, caller", path] + Self.flagAll)
    guard case .array(let channels) = try document(run).first?["channels"] else {
      Issue.record("no channels")
      return
    }
    let parties = channels.compactMap { if case .object(let party) = $0 { party } else { nil } }
    #expect(parties.map { $0["name"] } == [.string("agent"), .string("caller"), .null])
    #expect(parties.map { $0["same_as"] } == [nil, nil, .number(1)])
    #expect(parties.map { $0["reason"] } == [.null, .string("no_speech"), .null])
    #expect(parties.map { $0["llr"] == .null } == [false, true, false])
    #expect(parties.first?["llr"] == parties.last?["llr"])

    let mixed = try bonafide(["--fast", "-f", "csv", "--mix", path])
    #expect(mixed.output.split(separator: "\n").count == 2)
  }

  @Test func priorMovesProbabilitiesOnly() throws {
    let results = try ["0.05", "0.5"].map { prior -> [String: JSONValue] in
      let run = try bonafide(["--fast", "-f", "json", "--prior", prior, promptPath])
      guard case .array(let channels) = try document(run).first?["channels"], case .object(let party) = channels.first
      else { return [:] }
      return party
    }
    #expect(results[0]["llr"] == results[1]["llr"])
    #expect(results[0]["verdict"] == results[1]["verdict"])
    guard case .number(let rare) = results[0]["synthetic_probability"],
      case .number(let even) = results[1]["synthetic_probability"], case .number(let llr) = results[0]["llr"]
    else {
      Issue.record("no probabilities")
      return
    }
    #expect(abs(rare - 1 / (1 + exp(llr + log(19)))) < 1e-3)
    #expect(abs(even - 1 / (1 + exp(llr))) < 1e-3)
  }

  @Test func standardInputAndHeaderlessSamples() throws {
    let voice = try promptSamples()
    let piped = try bonafide(["--fast", "-f", "csv", "-"], input: wav([voice]))
    let raw = try bonafide(["--fast", "-f", "csv", "--raw", "s16le:8000", "-"], input: voice.flatMap { little($0) })
    let fields = [piped, raw].map { run in
      (run.output.split(separator: "\n").last ?? "").split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(fields[0].count == 24)
    #expect(fields[0].first == "-")
    #expect(fields[0].prefix(11) == fields[1].prefix(11))
  }

  // MARK: Paths

  @Test func foldersAreWalkedAndPatternsExpanded() throws {
    let folder = try TemporaryFolder()
    let voice = try wav([Array(promptSamples().prefix(4000))])
    let inCalls = ["b.WAV", "a/2.wav", "a/1.wav", "a/3", "voice.txt", ".hidden.wav"].map { "calls/" + $0 }
    for name in inCalls + ["x1.dat", "x2.dat"] {
      try folder.write(name, voice)
    }
    try folder.write("calls/notes.txt", Array("What was said.".utf8))
    try folder.write("calls/utf16.txt", [0xFF, 0xFE] + Array("W\0h\0a\0t\0".utf8))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("calls/loop"), withDestinationPath: folder.path("calls"))
    let run = try bonafide(["--fast", "-f", "json", "calls", "x*.dat", "calls/voice.txt"], in: folder)
    #expect(
      try paths(run) == ["a/1.wav", "a/2.wav", "a/3", "b.WAV", "voice.txt"].map { "calls/" + $0 }
        + ["x1.dat", "x2.dat"])
    #expect(run.status == 0 || run.status == 1)
    let raw = try bonafide(["--fast", "-f", "json", "--raw", "ulaw:8000", "calls"], in: folder)
    #expect(raw.status == 2)
    #expect(raw.errors.contains("bonafide: calls: no recordings in this folder"))
    #expect(run.errorLines == ["bonafide: left out: 2 × .txt; 1 hidden; 1 linked folder"])
    try folder.write("calls/dump.ulaw", Array(repeating: 0xFF, count: 8000))
    let passed = try bonafide(["--fast", "-f", "json", "calls"], in: folder)
    #expect(passed.status == run.status)
    #expect(
      passed.errorLines
        == ["bonafide: left out: 1 × .ulaw, which takes --raw ulaw:8000; 2 × .txt; 1 hidden; 1 linked folder"])
  }

  @Test(arguments: ["1", "4", "40"]) func resultsComeInTheOrderOfPaths(_ jobs: String) throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    // The first takes the longest.
    let names = (0..<12).map { "\($0).wav" }
    for (index, name) in names.enumerated() {
      try folder.write(name, wav([Array(repeating: voice, count: index == 0 ? 8 : 1).flatMap { $0 }]))
    }
    let run = try bonafide(["--fast", "-f", "json", "-j", jobs] + names.reversed(), in: folder)
    #expect(try paths(run) == names.reversed())
  }

  // MARK: Output

  @Test func reportsGoToFilesWhole() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("report.csv", Array("old".utf8))
    let plain = try bonafide(["--fast", "-f", "csv", promptPath])
    let run = try bonafide(["--fast", "-f", "csv", "-o", "report.csv", promptPath], in: folder)
    #expect(run.status == plain.status)
    #expect(run.output == "")
    #expect(String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self) == plain.output)
    #expect(try folder.names == ["report.csv"])
  }

  @Test func failedRunsLeaveTheOldReport() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("report.csv", Array("old".utf8))
    #expect(try bonafide(["-o", file, "--model", "/nonexistent.safetensors", promptPath]).status == 2)
    #expect(try bonafide(["-o", file, "--prior", "3", promptPath]).status == 64)
    #expect(String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self) == "old")
    #expect(try folder.names == ["report.csv"])
  }

  @Test func recordingsAreNotOverwritten() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.wav", wav([promptSamples()]))
    let before = try Data(contentsOf: URL(filePath: path))
    let run = try bonafide(["-o", "./a.wav", path], in: folder)
    #expect(run.status == 64)
    #expect(run.errors.contains("bonafide: --output would overwrite \(path); name another file"))
    #expect(try bonafide(["calibrate", "--fast", "--genuine", "a.wav", "-o", "a.wav"], in: folder).status == 64)
    try folder.write("t.tsv", Array("file\tlabel\na.wav\tbonafide\n".utf8))
    #expect(try bonafide(["evaluate", "--fast", "t.tsv", "--audio", ".", "-o", path], in: folder).status == 64)
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
    let one = try bonafide(["evaluate", "--fast", "t.tsv", "--audio", ".", "--write-scores", "s.txt", "-o", "./s.txt"], in: folder)
    #expect(one.status == 64 && one.errors.contains("are the same file"))
    #expect(try folder.names == ["a.wav", "t.tsv"])
  }

  @Test func modelsAndProfilesAreNotOverwritten() throws {
    let folder = try TemporaryFolder()
    for ending in ["json", "safetensors"] {
      try FileManager.default.copyItem(
        at: packageFolder.appending(path: "Models/narrowband.\(ending)"), to: folder.url.appending(path: "m.\(ending)"))
    }
    for output in ["m.json", "./m.safetensors"] {
      let run = try bonafide(["--model", "m.safetensors", "-o", output, promptPath], in: folder)
      #expect(run.status == 64)
      #expect(run.errors.contains("--output would overwrite m."))
    }
    try folder.write("p.json", Array("{}".utf8))
    #expect(try bonafide(["calibrate", "--fast", "--genuine", promptPath, "-o", "no/where"], in: folder).errors.contains("cannot be created"))
    #expect(try folder.names == ["m.json", "m.safetensors", "p.json"])
  }

  @Test func impossibleOutputIsStatus2() throws {
    let run = try bonafide(["-o", "/nonexistent/report.txt", promptPath])
    #expect(run.status == 2)
    #expect(run.errorLines == ["bonafide: /nonexistent/report.txt: cannot be created: No such file or directory"])
    let full = try bonafide(["-o", "/dev/full", promptPath])
    #expect(full.status == 2)
    #expect(full.errorLines == ["bonafide: /dev/full: cannot be written: No space left on device"])
  }

  @Test func interruptedRunsLeaveNothing() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("report.csv", Array("old".utf8))
    // The command waits for input that never comes; the shell waits for its unfinished report, then ends it.
    let result = try shell(
      """
      exec 3< <(exec sleep 60); source=$!
      "$0" -f csv -o '\(file)' - <&3 & command=$!
      for _ in {1..200}; do compgen -G '\(file).*.part' > /dev/null && break; sleep 0.05; done
      compgen -G '\(file).*.part' > /dev/null && echo begun >&2
      kill -TERM $command; wait $command; echo "status $?" >&2
      kill $source
      """)
    #expect(result.errors == "begun\nstatus 143\n")
    #expect(try folder.names == ["report.csv"])
    #expect(String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self) == "old")
  }

  @Test func aHangUpThatIsIgnoredEndsNothing() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("report.csv")
    let result = try shell(
      """
      mkfifo '\(file).in'; exec 3<> '\(file).in'
      (trap '' HUP; exec "$0" -f csv -o '\(file)' - < '\(file).in' 3>&- 2> /dev/null) & command=$!
      for _ in {1..200}; do compgen -G '\(file).*.part' > /dev/null && break; sleep 0.05; done
      compgen -G '\(file).*.part' > /dev/null && echo begun >&2
      kill -HUP $command; sleep 0.1; cat "$1" >&3; exec 3>&-
      wait $command; echo "status $?" >&2
      """)
    #expect(result.errors == "begun\nstatus 0\n")
    #expect(try folder.names.sorted() == ["report.csv", "report.csv.in"])
  }

  @Test func whatAKilledRunLeftIsInNobodysWay() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("report.csv")
    let result = try shell(
      """
      bash -c 'touch "$2.$$.part"; exec "$0" -f csv -o "$2" "$1"' "$0" "$1" '\(file)'; echo "status $?" >&2
      """)
    #expect(result.errors == "status 0\n")
    #expect(try folder.names.count == 2)
    #expect(try Data(contentsOf: URL(filePath: file)).count > 100)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "script makes a terminal"))
  func terminalsGetColorsAndProgress() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("typescript")
    func typescript(_ command: String) throws -> String {
      _ = try shell("export COMMAND=\"$0\" PROMPT=\"$1\" TERM=xterm; script -qec '\(command)' '\(file)' < /dev/null")
      return String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    }
    let colorful = try typescript("unset NO_COLOR; $COMMAND $PROMPT")
    #expect(colorful.contains("\u{1B}[1m"))
    #expect(colorful.contains(" × real time"))
    let plain = try typescript("NO_COLOR=1 $COMMAND --no-progress $PROMPT /nonexistent.wav")
    #expect(plain.contains("CHANNEL"))
    #expect(!plain.contains("\u{1B}[1m"))
    #expect(!plain.contains("real time"))
    // The table says it, and once is enough.
    #expect(!plain.contains("bonafide: /nonexistent.wav"))
  }

  /// Runs a shell line with the command as `$0` and the prompt as `$1`; returns its standard error and status.
  private func shell(_ line: String) throws -> (errors: String, status: Int32) {
    let folder = try TemporaryFolder()
    let errors = try folder.write("err", [])
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    let command = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "bonafide").path
    process.arguments = ["-c", line, command, promptPath]
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
    process.standardOutput = FileHandle.nullDevice
    // Threads that run tests may block signals, and the command would take that over.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    process.waitUntilExit()
    return (String(decoding: try Data(contentsOf: URL(filePath: errors)), as: UTF8.self), process.terminationStatus)
  }

  @Test func readersThatGoAwayEndItQuietly() throws {
    // The reader of the pipe is gone for sure when the command writes.
    let result = try shell(#"{ sleep 0.3; "$0" -f json "$1"; echo "status $?" >&2; } | true"#)
    #expect(result.errors == "status 141\n")
  }

  @Test func closedStreamsAreNoCrash() throws {
    let result = try shell(#""$0" "$1" >&-"#)
    #expect(result.status == 2)
    #expect(result.errors == "bonafide: standard output is closed; write the report to a file with --output\n")
    #expect(try shell(#""$0" --alarm-at=-1001 --clear-at=-1000 "$1" <&- 2>&-"#).status == 0)
    #expect(try shell(#""$0" - <&-"#).status == 2)
  }

  // MARK: Models

  @Test func versionNamesTheModel() throws {
    let run = try bonafide(["--version"])
    let model = try Model.narrowband
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("bonafide "))
    #expect(run.output.contains(model.sha256))
    #expect(run.output.contains("\nkernels "))
    #expect(try bonafide(["scan", "--version"]) == run)
  }

  @Test func otherModelsAreLoaded() throws {
    let model = packageFolder.appending(path: "Models/narrowband.safetensors").path
    #expect(try bonafide(["info", "--model", model]).status == 0)
    #expect(try bonafide(["--model", model] + Self.clearAll + [promptPath]).status == 0)

    let folder = try TemporaryFolder()
    let broken = try folder.write("broken.safetensors", [1, 2, 3])
    for path in [broken, "/nonexistent.safetensors", "model.onnx"] {
      for arguments in [["info", "--model", path], ["--model", path, promptPath]] {
        let run = try bonafide(arguments)
        #expect(run.status == 2)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.hasPrefix("bonafide: "))
      }
    }
  }
}
