import Foundation
import GRDB
import Testing

private let hasPython = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
  FileManager.default.isExecutableFile(atPath: "\($0)/python3")
}

/// `bonafide watch --webhook`: each result reaches the receiver, whatever happens on the way.
@Suite(.enabled(if: hasPython, "there is no python3"))
struct WatchWebhookTests {
  private let folder: TemporaryFolder
  private let secret = "a secret of the tests, long enough"

  init() throws {
    folder = try TemporaryFolder()
    for name in ["calls/.keep", "receiver/.keep"] { try folder.write(name, []) }
    try folder.write("secret", Array((secret + "\n").utf8))
  }

  private func launch(_ program: URL, _ arguments: [String], errors: String? = nil) throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    if let errors { FileManager.default.createFile(atPath: folder.path(errors), contents: nil) }
    process.standardError = try errors.map { try FileHandle(forWritingTo: folder.url.appending(path: $0)) } ?? FileHandle.nullDevice
    try process.run()
    return process
  }

  private func stop(_ process: Process) {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Starts a server that answers as `plan` says.
  private func receiver(_ plan: String) throws -> Process {
    try folder.write("receiver/plan", Array(plan.utf8))
    try? FileManager.default.removeItem(atPath: folder.path("receiver/port"))
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "receiver.py")
    let process = try launch(URL(filePath: "/usr/bin/env"), ["python3", script.path, folder.path("receiver"), secret])
    look(300, every: 50_000) { FileManager.default.fileExists(atPath: folder.path("receiver/port")) }
    return process
  }

  private func watch(errors: String? = nil) throws -> Process {
    let port = try String(contentsOfFile: folder.path("receiver/port"), encoding: .utf8)
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "bonafide")
    let arguments = [
      "watch", "--fast", "--ledger", folder.path("state.sqlite"), "--settle", "0.2", "--webhook", "http://127.0.0.1:\(port)/hook",
      "--webhook-secret", folder.path("secret"), folder.path("calls"),
    ]
    return try launch(program, arguments, errors: errors)
  }

  private struct Message: Decodable, Equatable {
    var answer, method, path, id, body: String
    var signed: Bool
  }

  private func messages() throws -> [Message] {
    guard let text = try? String(contentsOfFile: folder.path("receiver/log"), encoding: .utf8) else { return [] }
    return try text.split(separator: "\n").map { try JSONDecoder().decode(Message.self, from: Data($0.utf8)) }
  }

  private func taken() throws -> [Message] { try messages().filter { $0.answer == "200" } }

  private func makeCalls(_ numbers: Range<Int>) throws {
    for number in numbers { try folder.write("calls/\(number).wav", wav([Array(try promptSamples()[number * 10..<number * 10 + 8000])])) }
  }

  private func waiting() throws -> Int {
    try DatabaseQueue(path: folder.path("state.sqlite")).read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? -1 }
  }

  @Test func eachResultIsPostedUntilItIsTaken() throws {
    let server = try receiver("drop\n500\n503 Retry-After:1\n302 Location:/other\n429\n")
    defer { stop(server) }
    let process = try watch(errors: "errors.txt")
    try makeCalls(0..<4)
    try look(600, every: 100_000) { try taken().count >= 4 }
    usleep(500_000)
    stop(process)
    #expect(try messages().map(\.answer).prefix(5) == ["drop", "500", "503 Retry-After:1", "302 Location:/other", "429"])
    #expect(try messages().allSatisfy { $0.method == "POST" && $0.path == "/hook" && $0.signed && $0.id.contains(/^[0-9a-f]{32}$/) })
    #expect(try taken().count == 4 && Set(taken().map(\.id)).count == 4 && messages().count == 9)
    // The same name means the same message.
    #expect(try Set(messages().map { $0.id + $0.body }).count == 4)
    try FileManager.default.removeItem(atPath: folder.path("calls/.keep"))
    let scan = try bonafide(["scan", "--fast", "--format", "jsonl", folder.path("calls")])
    let wanted = scan.output.split(separator: "\n").map(String.init).sorted()
    for (body, line) in zip(try taken().map(\.body).sorted(), wanted) { #expect(body == line) }
    #expect(try waiting() == 0)
    let errors = try String(contentsOfFile: folder.path("errors.txt"), encoding: .utf8)
    #expect(errors.hasPrefix("bonafide: --webhook: results can be read on the way; https is for that\nbonafide: --webhook: the result of "))
    #expect(errors.contains("it is posted again until it is taken\n"))
  }

  @Test func whatAKilledWatchHasNotPostedTheNextOneDoes() throws {
    let broken = try receiver("always 500\n")
    try makeCalls(0..<6)
    let first = try watch()
    try look(600, every: 100_000) { try messages().count >= 2 && waiting() >= 6 }
    stop(first)
    stop(broken)
    #expect(try waiting() == 6)
    let server = try receiver("")
    let second = try watch()
    try look(600, every: 100_000) { try taken().count >= 6 }
    usleep(500_000)
    stop(second)
    #expect(try taken().count == 6 && Set(messages().map(\.id)).count == 6 && waiting() == 0)
    let third = try watch()
    try makeCalls(6..<7)
    try look(600, every: 100_000) { try taken().count >= 7 }
    stop(third)
    stop(server)
    #expect(try taken().count == 7)
  }

  @Test func whatMakesNoSenseIsTold() throws {
    let (ledger, calls, secret) = (folder.path("state.sqlite"), folder.path("calls"), folder.path("secret"))
    let watch = ["watch", "--fast", "--ledger", ledger, calls]
    let url = ["--webhook", "http://127.0.0.1:1/"]
    #expect(try bonafide(watch + url).status == 64)
    #expect(try bonafide(watch + ["--webhook-secret", secret]).status == 64)
    #expect(try bonafide(watch + url + ["--webhook-secret", secret, "--results", folder.path("results")]).status == 64)
    let short = try folder.write("short", Array("short".utf8))
    let run = try bonafide(watch + url + ["--webhook-secret", short])
    #expect(run.status == 2 && run.errorLines == ["bonafide: \(short): is too short for a secret; it has at least 24 bytes"])
    let wrong = try bonafide(watch + ["--webhook", "calls", "--webhook-secret", secret])
    #expect(wrong.status == 2 && wrong.errorLines == ["bonafide: --webhook: is no address to post to; write https://host/path"])
    #expect(!FileManager.default.fileExists(atPath: ledger))
  }
}
