import Foundation
import Glibc
import Testing

@testable import bonafide

/// Options of `bonafide serve` from a file and the environment.
@Suite struct ServeConfigurationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func completed(_ arguments: [String], file: String? = nil, environment: [String: String] = [:]) throws -> [String] {
    var all = arguments
    if let file { all += ["--config", try folder.write("serve.json", Array(file.utf8))] }
    return Array(try ServeConfiguration().completed(all, environment: environment).arguments.dropLast(file == nil ? 0 : 2))
  }

  private func fault(_ arguments: [String] = [], file: String? = nil, environment: [String: String] = [:]) -> String {
    do { return "\(try completed(arguments, file: file, environment: environment))" } catch { return "\(error)" }
  }

  @Test func theCommandLineGoesAheadOfTheEnvironmentAndThatOfTheFile() throws {
    let file = #"{"max-calls": 10, "max-scans": 3, "drain": 7, "fast": true, "alarm-at": -3.5, "audiosocket-from": ["10.0.0.4", "10.0.0.5"]}"#
    let environment = ["BONAFIDE_SERVE_MAX_SCANS": "4", "BONAFIDE_SERVE_DRAIN": "8", "HOME": "/"]
    #expect(
      try completed(["--drain", "9"], file: file, environment: environment)
        == ["--alarm-at=-3.5", "--audiosocket-from=10.0.0.4,10.0.0.5", "--fast", "--max-calls=10", "--max-scans=4", "--drain", "9"])
    #expect(try completed(["-j3"], file: #"{"jobs": 2}"#) == ["-j3"])
    #expect(try completed([], file: #"{"fast": true}"#, environment: ["BONAFIDE_SERVE_FAST": "false"]) == [])
    let path = try folder.write("other.json", Array(#"{"drain": 1}"#.utf8))
    #expect(try completed([], environment: ["BONAFIDE_SERVE_CONFIG": path]) == ["--drain=1"])
  }

  @Test func whatIsUnknownIsNamed() {
    #expect(fault(file: #"{"max-call": 10}"#).hasSuffix("serve.json: serve has no option --max-call"))
    #expect(fault(environment: ["BONAFIDE_SERVE_MAX_CALL": "10"]) == "BONAFIDE_SERVE_MAX_CALL: serve has no option --max-call")
    #expect(fault(file: #"{"max-calls": {"a": 1}}"#).hasSuffix("max-calls is text, a number, true or false, or a list of text"))
    #expect(fault(file: #"{"fast": "yes"}"#).hasSuffix("serve.json: fast is true or false, not 'yes'"))
    #expect(fault(file: "[]").contains("is no object"))
    #expect(fault(file: "{").contains("is no JSON"))
    #expect(fault(["--config", folder.path("none.json")]).contains("none.json: cannot be opened"))
  }

  /// Kubernetes tells what runs beside a service called `bonafide-serve` where that is.
  @Test func variablesOfServiceLinksArePassedOver() throws {
    let links = ["SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": "80", "SERVICE_PORT_HTTP": "80", "PORT": "tcp://10.0.0.1:80", "PORT_80_TCP_ADDR": "10.0.0.1"]
    let environment = Dictionary(uniqueKeysWithValues: links.map { ("BONAFIDE_SERVE_" + $0.key, $0.value) })
    #expect(try completed(["--fast"], environment: environment) == ["--fast"])
  }

  @Test func aSecretMayBeNamedTwice() throws {
    setenv("BONAFIDE_TEST_SECRET", "0123456789abcdef", 1)
    #expect(try readSecret("env:BONAFIDE_TEST_SECRET") == "0123456789abcdef")
    #expect(getenv("BONAFIDE_TEST_SECRET") == nil)
    #expect(try readSecret("env:BONAFIDE_TEST_SECRET") == "0123456789abcdef")
  }

  @Test func theProgramTakesThem() throws {
    let file = try folder.write("serve.json", Array(#"{"no-auth": true, "http": "nowhere"}"#.utf8))
    let wrong = try bonafide(["serve", "--config", file])
    #expect(wrong.status == 64 && wrong.errors.contains("is no HOST:PORT") && wrong.errors.contains("options are also from \(file): http, \(file): no-auth"))
    let unknown = try bonafide(["serve", "--no-auth"], environment: ["BONAFIDE_SERVE_HTPP": "0"])
    #expect(unknown.status == 64 && unknown.errors.contains("BONAFIDE_SERVE_HTPP: serve has no option --htpp"))
    let short = try bonafide(["serve", "--token-file", "env:SECRET"], environment: ["SECRET": "short"])
    #expect(short.status == 2 && short.errors.contains("env:SECRET: a token has 16 characters or more"))
    let none = try bonafide(["serve", "--token-file", "env:SECRET", "--log-format", "json"])
    #expect(none.status == 2)
    let line = try #require(JSONSerialization.jsonObject(with: Data(none.errors.utf8)) as? [String: String])
    #expect(line["level"] == "critical" && line["message"] == "env:SECRET: there is no variable SECRET")
  }
}

extension ServeTests {
  /// All of it by the environment, the secret too; and what the log says.
  @Test func aHostIsSetUpWithoutACommandLine() throws {
    let environment = ["BONAFIDE_SERVE_TOKEN_FILE": "env:TOKEN", "TOKEN": "0123456789abcdef", "BONAFIDE_SERVE_LOG_FORMAT": "json"]
    let host = try start(["--log-level", "info"], environment: environment, auth: [])
    let client = try connection(host.audioSocket)
    try client.write(contentsOf: call + [0x00, 0, 0])
    try wait { try text("err").contains("call_ended") }
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 0)
    let lines = try text("err").split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }
    #expect(lines.map { $0["message"] }.suffix(2) == ["call_started", "call_ended"])
    #expect(lines.last?["call"] == "audiosocket-11111111-1111-1111-1111-111111111111" && lines.last?["level"] == "info")
  }

  /// The log has the end of each call, also of those that the host ends itself.
  @Test func theLogIsWrittenToItsEnd() throws {
    let host = try start(["--log-level", "info", "--drain", "0"])
    let clients = try (0..<40).map { _ in try connection(host.audioSocket) }
    for client in clients { try client.write(contentsOf: call) }
    try wait { try text("err").matches(of: /call_started|refused/).count >= clients.count }
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 0)
    // A busy machine may have refused some.
    let started = try text("err").matches(of: /call_started, call audiosocket-/).count
    #expect(try text("err").matches(of: /call_ended, call audiosocket-/).count == started && started > 0)
  }

  /// Nobody reads standard error any more: calls go on, and what was not said is counted.
  @Test func aLogThatNobodyReadsHoldsNothingUp() throws {
    let errors = Pipe()
    let host = try start(["--log-format", "json"], errors: errors.fileHandleForWriting)
    var log = ""
    let reading = errors.fileHandleForReading.fileDescriptor
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
    func read() {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = Glibc.read(reading, &buffer, buffer.count)
      log += String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
    var ports: [Int] { log.matches(of: /listening at \w+:\/\/127\.0\.0\.1:(\d+)/).compactMap { Int($0.output.1) } }
    try wait {
      read()
      return ports.count == 2
    }
    let port = try #require(ports.last)
    let writing = errors.fileHandleForWriting.fileDescriptor
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    while Glibc.write(writing, "x", 1) == 1 {}
    // Of the pipe, and so of the program, too.
    _ = fcntl(writing, F_SETFL, 0)
    func refused() throws {
      let stranger = try connection(port)
      try stranger.write(contentsOf: Data("GET / HTTP/1.1\r\n\r\n".utf8))
      _ = try stranger.readToEnd()
    }
    for _ in 0..<5 { try refused() }
    let client = try connection(port)
    try client.write(contentsOf: call + [0x00, 0, 0])
    try wait { try text("out").contains(#""event":"call_ended""#) }
    #expect(try text("out").contains(#""event":"call_ended""#))
    while log.utf8.count < 65_536 { read() }
    try refused()
    try wait {
      read()
      return log.contains("closed: ")
    }
    #expect(log.contains(#""level":"warning","message":"5 lines were left out, for nobody read standard error""#))
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
  }
}
