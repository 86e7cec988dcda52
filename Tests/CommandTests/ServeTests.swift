import Bonafide
import Foundation
import Glibc
import Testing

/// Whether a Python module is there.
private func hasModule(_ name: String) -> Bool {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["python3", "-c", "import \(name)"]
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return false }
  process.waitUntilExit()
  return process.terminationStatus == 0
}

/// Whether a program is on the path.
private func isInstalled(_ program: String) -> Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
  }
}

/// `bonafide serve`: the program around the host.
@Suite struct ServeTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A program that runs until it is told to stop.
  struct Host {
    let process: Process
    let http: Int
    let audioSocket: Int
  }

  func start(
    _ options: [String] = [], environment: [String: String] = [:], auth: [String] = ["--no-auth"], errors: FileHandle? = nil
  ) throws -> Host {
    for name in ["out", "err"] { try folder.write(name, []) }
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "bonafide")
    process.arguments = ["serve", "--fast", "--http", "0", "--audiosocket", "0"] + auth + options
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardOutput = try FileHandle(forWritingTo: folder.url.appending(path: "out"))
    process.standardError = try errors ?? FileHandle(forWritingTo: folder.url.appending(path: "err"))
    try process.run()
    if errors != nil { return Host(process: process, http: 0, audioSocket: 0) }
    var ports: [Int] = []
    for _ in 0..<600 where ports.count < 2 {
      usleep(50_000)
      ports = try text("err").matches(of: /listening at \w+:\/\/127\.0\.0\.1:(\d+)/).compactMap { Int($0.output.1) }
    }
    try #require(ports.count == 2)
    return Host(process: process, http: ports[0], audioSocket: ports[1])
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: folder.path(name), encoding: .utf8) }

  func events() throws -> [JSONValue] {
    try text("out").split(separator: "\n").map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
  }

  func member(_ name: String, of event: JSONValue) -> JSONValue? {
    if case .object(let members) = event { members[name] } else { nil }
  }

  func wait(until holds: () throws -> Bool) throws {
    try look(600, every: 50_000) { try holds() }
  }

  func connection(_ port: Int) throws -> FileHandle {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    try #require(status == 0)
    return FileHandle(fileDescriptor: handle, closeOnDealloc: true)
  }

  /// Frames of AudioSocket: the call's UUID, and two seconds of audio.
  var call: [UInt8] {
    get throws {
      [0x01, 0, 16] + [UInt8](repeating: 0x11, count: 16)
        + (try promptSamples().prefix(16_000)).withUnsafeBytes(Array.init).chunked(by: 320).flatMap { [0x10, 1, 0x40] + $0 }
    }
  }

  @Test func whatHappensIsWrittenAndASignalEndsItInOrder() throws {
    let host = try start(["--drain", "20"])
    let client = try connection(host.audioSocket)
    try client.write(contentsOf: call)
    try wait { try text("out").contains(#""event":"update""#) }
    kill(host.process.processIdentifier, SIGTERM)
    try wait { try text("err").contains("1 call is under way") }
    // The call under way goes on, and ends by itself.
    try client.write(contentsOf: Data([0x10, 0, 2, 0, 0, 0x00, 0, 0]))
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 0)
    let events = try events()
    #expect(member("event", of: events[0]) == .string("call_started"))
    #expect(member("event", of: events[events.count - 1]) == .string("call_ended"))
    #expect(member("why", of: events[events.count - 1]) == .string("hang_up"))
    let schema = try JSONSchema(Data(contentsOf: packageFolder.appending(path: "docs/bonafide.live-1.schema.json")))
    for event in events { #expect(schema.faults(in: event) == []) }
    let result = try #require(member("result", of: events[events.count - 1]))
    #expect(try JSONSchema.ofReports().faults(in: result, as: "line") == [])
  }

  @Test func aSecondSignalEndsCallsUnderWay() throws {
    let host = try start()
    let client = try connection(host.audioSocket)
    try client.write(contentsOf: call)
    try wait { try text("out").contains(#""event":"update""#) }
    kill(host.process.processIdentifier, SIGINT)
    try wait { try text("err").contains("1 call is under way") }
    kill(host.process.processIdentifier, SIGINT)
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 0)
    let events = try events()
    #expect(member("why", of: events[events.count - 1]) == .string("shutdown"))
  }

  /// Killed in a call, it leaves nothing behind that keeps it from starting.
  @Test func whatWasKilledStartsAgainAtOnce() throws {
    let first = try start()
    let client = try connection(first.audioSocket)
    try client.write(contentsOf: call)
    try wait { try text("out").contains(#""event":"update""#) }
    kill(first.process.processIdentifier, SIGKILL)
    first.process.waitUntilExit()
    let second = try start(["--http", "\(first.http)", "--audiosocket", "\(first.audioSocket)"])
    #expect(second.http == first.http && second.audioSocket == first.audioSocket)
    let again = try connection(second.audioSocket)
    try again.write(contentsOf: call + [0x00, 0, 0])
    try wait { try text("out").contains(#""event":"call_ended""#) }
    #expect(try member("why", of: #require(events().last)) == .string("hang_up"))
    kill(second.process.processIdentifier, SIGTERM)
    second.process.waitUntilExit()
    #expect(second.process.terminationStatus == 0)
  }

  /// Calls come and go for a minute, some by hanging up, some by breaking off: memory does not grow with them.
  @Test func callsThatComeAndGoLeaveNoMemoryBehind() throws {
    let host = try start(["--max-calls", "50"])
    let bytes = try call
    func memory() throws -> Int {
      let status = try String(contentsOfFile: "/proc/\(host.process.processIdentifier)/status", encoding: .utf8)
      return try #require(status.firstMatch(of: /VmRSS:\s+(\d+) kB/).flatMap { Int($0.output.1) })
    }
    let begun = ContinuousClock.now
    var (calls, first) = (0, 0)
    while ContinuousClock.now - begun < .seconds(60) {
      let clients = try (0..<10).map { _ in try connection(host.audioSocket) }
      for (index, client) in clients.enumerated() {
        calls += 1
        try client.write(contentsOf: bytes + (index.isMultiple(of: 2) ? [0x00, 0, 0] : []))
      }
      usleep(300_000)
      if first == 0, ContinuousClock.now - begun > .seconds(20) { first = try memory() }
    }
    let last = try memory()
    #expect(calls > 300 && first > 0)
    // A stream alone takes 266 kB.
    #expect(last - first < 8000, "\(first) kB, then \(last) kB behind \(calls) calls")
    // One that finds no room is refused, and is no call.
    func count(_ pattern: Regex<(Substring, Substring)>) throws -> Int {
      let asking = try connection(host.http)
      try asking.write(contentsOf: Data("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8))
      let answer = String(decoding: try asking.readToEnd() ?? Data(), as: UTF8.self)
      return answer.matches(of: pattern).reduce(0) { $0 + (Int($1.output.1) ?? 0) }
    }
    let ended = /bonafide_calls_ended_total\{why="[a-z_]+"\} (\d+)/
    let started = try count(/bonafide_calls_started_total (\d+)/)
    try wait { try count(ended) == started }
    #expect(try count(ended) == started && started > 100)
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
  }

  /// Twilio's simulator of another maker, with losses and jitter: what is lost is told, and the time is right.
  @Test(.enabled(if: hasModule("streamdouble"), "streamdouble is not installed (pip install streamdouble)"))
  func aSimulatorOfTwilioIsUnderstood() throws {
    let host = try start()
    let samples = try promptSamples()
    let audio = try folder.write("caller.wav", wav([samples]))
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", "-m", "streamdouble.cli", "call", "ws://127.0.0.1:\(host.http)/twilio", "--audio", audio, "--fork", "--packet-loss", "0.1", "--jitter", "30",
      "--chaos-seed", "7", "--param", "agent=Ann", "--quiet", "--allow-no-audio", "--max-drain", "1",
    ]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try wait { try text("out").contains(#""event":"call_ended""#) }
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    let events = try events()
    guard case .object(let details) = try #require(member("details", of: events[0])) else { return #expect(Bool(false)) }
    #expect(details["parameter.agent"] == .string("Ann"))
    guard case .object(let result) = try #require(member("result", of: events[events.count - 1])),
      case .number(let duration) = try #require(result["duration_s"]), case .number(let heard) = try #require(result["heard_s"])
    else { return #expect(Bool(false)) }
    #expect(abs(duration - Double(samples.count) / 8000) < 0.15)
    #expect(duration - heard > 0.1 && duration - heard < 1)
  }

  /// By curl and by Python's `ssl`, with a certificate of an authority of the test's own.
  @Test(.enabled(if: isInstalled("openssl") && isInstalled("curl"), "openssl or curl is not installed"))
  func callsComeBySecureWebSockets() throws {
    let path = { (name: String) in folder.path(name) }
    func openssl(_ arguments: String) throws {
      #expect(try program("openssl", arguments.split(separator: " ").map { String($0).replacing("@", with: folder.url.path + "/") }) == 0, "\(arguments)")
    }
    try openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout @ca.key -out @ca.pem -subj /CN=test -days 2")
    try openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout @host.key -out @host.csr -subj /CN=host")
    try folder.write("host.ext", Array("subjectAltName=IP:127.0.0.1\n".utf8))
    try openssl("x509 -req -in @host.csr -CA @ca.pem -CAkey @ca.key -CAcreateserial -extfile @host.ext -out @host.pem -days 2")
    let host = try start(["--tls-certificate", path("host.pem"), "--tls-key", path("host.key")])
    let address = "https://127.0.0.1:\(host.http)/healthz"
    #expect(try program("curl", ["-s", "--cacert", path("ca.pem"), "-o", path("body"), address]) == 0)
    #expect(try text("body") == "ok\n")
    // 60: a certificate of nobody it knows. 35: no version of TLS in common.
    #expect(try program("curl", ["-s", "-o", path("body"), address]) == 60)
    #expect(try program("curl", ["-s", "--cacert", path("ca.pem"), "--tls-max", "1.1", "-o", path("body"), address]) == 35)
    // In the clear it says nothing.
    #expect(try program("curl", ["-s", "-o", path("body"), address.replacing("https", with: "http")]) != 0)
    let client = packageFolder.appending(path: "Tests/secure_call.py").path
    let audio = try folder.write("caller.s16", promptSamples().prefix(16_000).withUnsafeBytes(Array.init))
    #expect(try program("python3", [client, "\(host.http)", path("ca.pem"), audio]) == 0)
    try wait { try text("out").contains(#""event":"call_ended""#) }
    let ended = try #require(events().last)
    #expect(member("why", of: ended) == .string("closed") && member("call", of: ended) == .string("audio-fork-tls-1"))
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    for (certificate, key, message) in [("host.pem", "ca.key", "not the key of"), ("none", "host.key", "no certificate"), ("host.pem", "none", "no key")] {
      let run = try bonafide(["serve", "--fast", "--no-auth", "--http", "0", "--tls-certificate", path(certificate), "--tls-key", path(key)])
      #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
    }
  }

  private func program(_ name: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test func whoMayComeInIsToBeSaid() throws {
    for (options, message) in [
      ([], "Say who may come in"), (["--no-auth", "--http", "0.0.0.0:0"], "would let everybody in"),
      (["--no-auth", "--audiosocket", "0.0.0.0:0"], "--audiosocket-from"), (["--no-auth", "--token-file", "x"], "asks for no token"),
      (["--no-auth", "--false-alarms-per-call", "0"], "--false-alarms-per-call"), (["--no-auth", "--http", "nowhere"], "is no HOST:PORT"),
      (["--no-auth", "--rtp", "0.0.0.0:4000"], "--rtp-from"), (["--no-auth", "--rtp", "4100-4000"], "is no HOST:PORT"),
      (["--no-auth", "--rtp-from", "10.0.0.4"], "go with --rtp"), (["--no-auth", "--rtp", "4000", "--rtp-from", "10.0.0"], "is no address"),
      (["--no-auth", "--rtp", "4000", "--rtp-payload", "96=opus/48000"], "PCMU, PCMA, G722 and L16"),
      (["--no-auth", "--audiosocket-from", "pbx"], "is no address"), (["--no-auth", "--tls-key", "x"], "go together"),
    ] as [([String], String)] {
      let run = try bonafide(["serve"] + options)
      #expect(run.status == 64 && run.errors.contains(message), "\(options): \(run.errors)")
    }
    let short = try folder.write("token", Array("short\n".utf8))
    let run = try bonafide(["serve", "--token-file", short])
    #expect(run.status == 2 && run.errors.contains("16 characters"))
    let taken = try start()
    let second = try bonafide(["serve", "--fast", "--no-auth", "--http", "\(taken.http)"])
    #expect(second.status == 2 && second.errors.contains("cannot listen"))
    // In the clear on a network: said as the log is, also in JSON.
    let token = try folder.write("long", Array("0123456789abcdef\n".utf8))
    let open = ["serve", "--fast", "--token-file", token, "--http", "0.0.0.0:\(taken.http)"]
    for (options, isWarned) in [([], true), (["--public-url", "wss://calls.example.com"], false), (["--public-url", "http://calls.example.com"], true)] {
      let run = try bonafide(open + options)
      #expect(run.status == 2 && run.errors.contains("can be read on their way to 0.0.0.0:\(taken.http)") == isWarned, "\(run.errors)")
    }
    let lines = try bonafide(open + ["--log-format", "json"]).errors.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String])
    }
    #expect(lines.map { $0["level"] } == ["warning", "critical"])
    kill(taken.process.processIdentifier, SIGTERM)
    taken.process.waitUntilExit()
  }
}

extension Array {
  /// In pieces of a size, the last may be shorter.
  fileprivate func chunked(by size: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
  }
}
