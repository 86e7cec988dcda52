import Bonafide
import Foundation
import GRDB
import Glibc
import Testing

private let hasPython = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
  FileManager.default.isExecutableFile(atPath: "\($0)/python3")
}

/// Where `bonafide serve` tells what happens, beside standard output.
extension ServeTests {
  @Test func endedCallsAreKeptInALedger() throws {
    let host = try start(["--ledger", folder.path("state.sqlite")])
    let client = try connection(host.audioSocket)
    try client.write(contentsOf: call + [0x00, 0, 0])
    try wait { try text("out").contains(#""event":"call_ended""#) }
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 0)
    let events = try events()
    guard case .object(let result) = try #require(member("result", of: events[events.count - 1])), case .array(let channels)? = result["channels"]
    else { return #expect(Bool(false)) }
    let export = try bonafide(["ledger", "export", folder.path("state.sqlite"), "--format", "jsonl"])
    guard case .object(let kept) = try JSONDecoder().decode(JSONValue.self, from: Data(export.output.utf8)) else { return #expect(Bool(false)) }
    #expect(kept["channels"] == .array(channels) && kept["duration_s"] == result["duration_s"] && kept["verdict"] == result["verdict"])
    guard case .string(let path)? = kept["path"] else { return #expect(Bool(false)) }
    #expect(path.hasPrefix("live:audiosocket-11111111-1111-1111-1111-111111111111@20"))
    let list = try bonafide(["ledger", "list", folder.path("state.sqlite")])
    #expect(list.status == 0 && list.output.contains(path))
    #expect(try bonafide(["ledger", "forget", folder.path("state.sqlite"), path]).status == 0)
    let count = try DatabaseQueue(path: folder.path("state.sqlite")).read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM live_call") }
    #expect(count == 0)
  }

  private struct Message: Decodable {
    var answer, id, body: String
    var signed: Bool
  }

  private func messages() throws -> [Message] {
    guard let text = try? text("receiver/log") else { return [] }
    return try text.split(separator: "\n").map { try JSONDecoder().decode(Message.self, from: Data($0.utf8)) }
  }

  /// SIGTERM is blocked in it, as it is where it was started.
  private func stop(_ server: Process) {
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
  }

  /// Starts a server that answers as `plan` says, and gives its options to a host.
  private func receiver(_ plan: String) throws -> (process: Process, options: [String]) {
    let secret = "a secret of the tests, long enough"
    try folder.write("receiver/plan", Array(plan.utf8))
    try folder.write("secret", Array(secret.utf8))
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", packageFolder.appending(path: "Tests/receiver.py").path, folder.path("receiver"), secret]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    look(300, every: 50_000) { FileManager.default.fileExists(atPath: folder.path("receiver/port")) }
    return (process, ["--webhook", "http://127.0.0.1:\(try text("receiver/port"))/hook", "--webhook-secret", folder.path("secret")])
  }

  @Test(.enabled(if: hasPython, "there is no python3"))
  func eventsArePostedUntilTheyAreTaken() throws {
    let (server, options) = try receiver("500\n400\ndrop\n")
    defer { stop(server) }
    let host = try start(options + ["--update-every", "0.5"])
    let client = try connection(host.audioSocket)
    try client.write(contentsOf: call + [0x00, 0, 0])
    func taken(_ kind: String) throws -> [Message] { try messages().filter { $0.answer == "200" && $0.body.contains(#""event":"\#(kind)""#) } }
    let kinds = ["call_started", "party_started", "call_ended"]
    try wait { try kinds.allSatisfy { try taken($0).count == 1 } }
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 0)
    let lines = try text("out").split(separator: "\n").map { String($0) }
    for kind in kinds { #expect(lines.contains(try #require(taken(kind).first).body), "\(kind)") }
    #expect(try messages().allSatisfy { $0.signed && $0.id.contains(/^[0-9a-f]{32}$/) })
    // The same name means the same event.
    #expect(try Set(messages().map(\.id)).count == Set(messages().map(\.body)).count)
    #expect(try messages().prefix(3).map(\.answer) == ["500", "400", "drop"])
    #expect(try text("err").contains("--webhook: call_started of audiosocket-11111111-1111-1111-1111-111111111111 is answered with 500"))
  }

  @Test(.enabled(if: hasPython, "there is no python3"))
  func whatAWebhookHasNotTakenIsSaid() throws {
    let (server, options) = try receiver("always 500\n")
    defer { stop(server) }
    let host = try start(options)
    let client = try connection(host.audioSocket)
    try client.write(contentsOf: call + [0x00, 0, 0])
    try wait { try text("out").contains(#""event":"call_ended""#) }
    kill(host.process.processIdentifier, SIGTERM)
    host.process.waitUntilExit()
    #expect(host.process.terminationStatus == 2)
    #expect(try text("err").contains("3 events were not taken by the webhook"))
  }
}
