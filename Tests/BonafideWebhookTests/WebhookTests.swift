import Foundation
import Testing

@testable import BonafideWebhook

/// Messages, and what a receiver makes of them.
@Suite struct WebhookTests {
  private let secret: WebhookSecret

  init() throws {
    // What receivers break off, others go on without.
    signal(SIGPIPE, SIG_IGN)
    secret = try WebhookSecret(parsing: Receiver.secret)
  }

  /// The example of Standard Webhooks.
  @Test func signsAsStandardWebhooksDoes() throws {
    let secret = try WebhookSecret(parsing: " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    let body = Array(#"{"test": 2432232314}"#.utf8)
    let signature = secret.signature(of: body, id: "msg_p5jXN8AQM9LWM0D4loKWxJek", time: 1_614_265_330)
    #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test(arguments: ["", "short", "whsec_MfKQ9r8GKYqrTw==", "whsec_?", String(repeating: "x", count: 23) + "\n"])
  func whatIsTooShortIsNoSecret(_ text: String) {
    #expect(throws: WebhookError.self) { try WebhookSecret(parsing: text) }
  }

  @Test(arguments: [
    "", "calls", "ftp://host/", "file:///etc/passwd", "https://", "https:///path", "https://user@host/", "https://user:word@host/",
    "https://host/a b", "https://host/\nX: y",
  ])
  func whatIsNoAddressIsTold(_ url: String) {
    #expect(throws: WebhookError.self) { try Webhook(url: url, secret: secret) }
  }

  @Test(.enabled(if: isInstalled("python3"), "there is no python3"))
  func aMessageIsTakenOrToldWhy() throws {
    let receiver = try Receiver(plan: ["201", "204", "302 Location:/other", "400", "429 Retry-After:7", "500 Connection:close", "drop", "stall", "200"])
    let webhook = try Webhook(url: receiver.url, secret: secret, message: .milliseconds(1500))
    var connection = try WebhookConnection(to: webhook, agent: "bonafide/test")
    func failure() -> WebhookFailure? {
      do throws(WebhookFailure) {
        try connection.send(Array(#"{"é":1}"#.utf8), id: "one")
        return nil
      } catch {
        return error
      }
    }
    #expect(failure() == nil)
    #expect(failure() == nil)
    #expect(failure() == WebhookFailure(status: 302, wait: nil))
    #expect(failure() == WebhookFailure(status: 400, wait: nil))
    #expect(failure() == WebhookFailure(status: 429, wait: .seconds(7)))
    #expect(failure() == WebhookFailure(status: 500, wait: nil))
    let dropped = try #require(failure())
    let stalled = try #require(failure())
    #expect(dropped.reason.hasPrefix("cannot be posted: ") && !dropped.isRefusal)
    #expect(stalled.reason.contains("timed out") && !stalled.isRefusal)
    #expect(failure() == nil)
    let log = try receiver.log()
    #expect(log.allSatisfy { $0.method == "POST" && $0.path == "/hook" && $0.id == "one" && $0.signed && $0.body == #"{"é":1}"# })
    #expect(log.allSatisfy { $0.type == "application/json" && $0.agent == "bonafide/test" })
    #expect(log.count == 9)
  }

  @Test(.enabled(if: isInstalled("python3"), "there is no python3"))
  func aReceiverThatIsNotThereIsTold() throws {
    let receiver = try Receiver(plan: [])
    receiver.stop()
    var connection = try WebhookConnection(to: try Webhook(url: receiver.url, secret: secret), agent: "test")
    do throws(WebhookFailure) {
      try connection.send([], id: "one")
      Issue.record("was taken")
    } catch {
      #expect(error.reason.contains("connect"))
    }
  }

  /// A certificate that nobody vouches for.
  @Test(.enabled(if: isInstalled("python3") && isInstalled("openssl"), "there is no python3 or openssl"))
  func certificatesAreVerified() throws {
    let receiver = try Receiver(plan: [], isSecure: true)
    var connection = try WebhookConnection(to: try Webhook(url: receiver.url, secret: secret), agent: "test")
    do throws(WebhookFailure) {
      try connection.send([], id: "one")
      Issue.record("was taken")
    } catch {
      #expect(error.reason.contains("certificate"), "\(error.reason)")
    }
    #expect(try receiver.log().isEmpty)
  }

  @Test func waitsTwiceAsLongEachTime() {
    let backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    #expect((0...8).map { backoff.wait(after: $0, chance: 1) } == [0, 1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    #expect(backoff.wait(after: 3, chance: 0) == .seconds(2))
    #expect(backoff.wait(after: .max, chance: 0) == .seconds(30))
    #expect(Set((0..<20).map { _ in backoff.wait(after: 5) }).count > 10)
  }

  @Test func aMessageThatIsRefusedKeepsNoOtherFromTheReceiver() {
    var schedule = DeliverySchedule()
    let now = ContinuousClock.now
    let refused = schedule.noteFailure(WebhookFailure(status: 400, wait: nil), of: 1, at: now)
    #expect(refused.isNews && refused.pause <= .milliseconds(500))
    #expect(!schedule.isDue(1, at: now + .seconds(2)) && schedule.isDue(1, at: now + .seconds(5)) && schedule.isDue(2, at: now))
    #expect(schedule.nextDue.map { $0 > now } == true)
    #expect(schedule.noteTaken(2) == false)
    // In trouble: each that follows waits longer, and as long as the receiver asks for.
    var pauses: [Duration] = []
    for message in Int64(3)...12 {
      let (pause, isNews) = schedule.noteFailure(WebhookFailure(status: 503, wait: nil), of: message, at: now)
      pauses.append(pause)
      #expect(isNews == (message == 3))
    }
    #expect(zip(pauses.prefix(6), pauses.dropFirst()).allSatisfy { $0 <= $1 } && pauses.allSatisfy { $0 <= .seconds(60) })
    #expect(schedule.noteFailure(WebhookFailure(status: 429, wait: .seconds(100)), of: 3, at: now).pause == .seconds(100))
    #expect(schedule.noteFailure(WebhookFailure(status: 429, wait: .seconds(1_000_000)), of: 3, at: now).pause == .seconds(3600))
    var live = DeliverySchedule(longestWait: .seconds(60))
    #expect(live.noteFailure(WebhookFailure(status: 429, wait: .seconds(3600)), of: 1, at: now).pause == .seconds(60))
    #expect(schedule.noteTaken(3) == true)
    // What nobody has any more is not waited for.
    #expect(schedule.isWaiting(4) && !schedule.isWaiting(3) && !schedule.isWaiting(99))
    schedule.forget(allBut: [4])
    #expect(schedule.isWaiting(4) && !schedule.isWaiting(5) && schedule.nextDue != nil)
    schedule.forget(allBut: [])
    #expect(schedule.nextDue == nil)
  }
}

private func isInstalled(_ program: String) -> Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
  }
}

/// A server that answers as it is told to.
final class Receiver {
  static let secret = "a secret of the tests, long enough"

  struct Message: Decodable {
    var answer, method, path, id, body: String
    var type, agent: String?
    var signed: Bool
  }

  let folder: URL
  let url: String
  private let process = Process()

  init(plan: [String], isSecure: Bool = false) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "bonafide-webhook-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(plan.map { $0 + "\n" }.joined().utf8).write(to: folder.appending(path: "plan"))
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "receiver.py")
    var arguments = ["python3", script.path, folder.path, Self.secret]
    if isSecure {
      let certificate = folder.appending(path: "certificate.pem").path
      let maker = Process()
      maker.executableURL = URL(filePath: "/usr/bin/env")
      maker.arguments = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", certificate,
        "-out", certificate + ".crt",
      ]
      maker.standardError = FileHandle.nullDevice
      try maker.run()
      maker.waitUntilExit()
      let both = try String(contentsOfFile: certificate, encoding: .utf8) + String(contentsOfFile: certificate + ".crt", encoding: .utf8)
      try Data(both.utf8).write(to: URL(filePath: certificate))
      arguments.append(certificate)
    }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    try process.run()
    var port: String?
    for _ in 0..<300 where port == nil {
      usleep(50_000)
      port = try? String(contentsOf: folder.appending(path: "port"), encoding: .utf8)
    }
    url = "\(isSecure ? "https" : "http")://127.0.0.1:\(try #require(port))/hook"
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(at: folder)
  }

  func stop() {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  func log() throws -> [Message] {
    guard let text = try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8) else { return [] }
    return try text.split(separator: "\n").map { try JSONDecoder().decode(Message.self, from: Data($0.utf8)) }
  }
}
