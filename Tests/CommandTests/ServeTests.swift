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

  func start(_ options: [String] = [], environment: [String: String] = [:], auth: [String] = ["--no-auth"]) throws -> Host {
    for name in ["out", "err"] { try folder.write(name, []) }
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "bonafide")
    process.arguments = ["serve", "--fast", "--http", "0", "--audiosocket", "0"] + auth + options
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardOutput = try FileHandle(forWritingTo: folder.url.appending(path: "out"))
    process.standardError = try FileHandle(forWritingTo: folder.url.appending(path: "err"))
    try process.run()
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
    for _ in 0..<600 where try !holds() { usleep(50_000) }
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

  @Test func whoMayComeInIsToBeSaid() throws {
    for (options, message) in [
      ([], "Say who may come in"), (["--no-auth", "--http", "0.0.0.0:0"], "would let everybody in"),
      (["--no-auth", "--audiosocket", "0.0.0.0:0"], "--audiosocket-from"), (["--no-auth", "--token-file", "x"], "asks for no token"),
      (["--no-auth", "--false-alarms-per-call", "0"], "--false-alarms-per-call"), (["--no-auth", "--http", "nowhere"], "is no HOST:PORT"),
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
