import Foundation
import Testing

/// Where a report goes, and what an end in the middle leaves of it.
@Suite struct OutputTests {
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
}
