import Bonafide
import BonafideReport
import BonafideServe
import Foundation
import Glibc
import Testing

/// `POST /v1/scan`, over TCP.
@Suite struct ScanTests {
  private final class Host {
    let server: Server
    let calls: Calls
    let scans: Scans
    let reader: Reader
    let port: Int

    init(change: (inout ServerSettings, inout Scans.Limits) -> Void = { _, _ in }) throws {
      (calls, reader) = try makeCalls()
      var settings = ServerSettings(http: .init(host: "127.0.0.1", port: 0))
      settings.gate.isOpen = true
      var limits = Scans.Limits()
      limits.niceness = 0
      change(&settings, &limits)
      scans = Scans(calls, limits: limits)
      server = Server(settings, calls: calls, scans: scans, log: HostLog { _ in })
      port = try server.start().first.flatMap { Int($0.split(separator: ":").last ?? "") } ?? 0
    }

    deinit {
      scans.stop()
      try? server.stop()
    }

    /// Sends a request with a body, and reads until the connection is closed.
    func post(_ body: [UInt8], query: String = "", headers: String = "", method: String = "POST") throws -> Answer {
      let client = try Client(port: port, seconds: 60)
      client.send(
        "\(method) /v1/scan\(query) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\(headers)\r\n")
      client.send(body)
      return Answer(client.receiveAll())
    }
  }

  private struct Answer {
    let status: Int
    let head: String
    let body: String

    init(_ bytes: [UInt8]) {
      let text = String(decoding: bytes, as: UTF8.self)
      let end = text.firstRange(of: "\r\n\r\n") ?? text.endIndex..<text.endIndex
      head = String(text[..<end.lowerBound])
      body = String(text[end.upperBound...])
      status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    var members: [String: Any] {
      get throws { try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) }
    }
  }

  /// A telephone prompt of 6.5 s as WAV.
  private let recording: [UInt8]

  init() throws {
    let data = bytes(try promptSamples())
    func number(_ value: Int, _ count: Int = 4) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    recording =
      Array("RIFF".utf8) + number(36 + data.count) + Array("WAVEfmt ".utf8) + number(16) + number(1, 2) + number(1, 2) + number(8000)
      + number(16_000) + number(2, 2) + number(16, 2) + Array("data".utf8) + number(data.count) + data
  }

  /// What a scan of the file writes.
  private func expected(_ host: Host, named name: String, change: (inout ScanOptions) -> Void = { _ in }) throws -> String {
    let file = FileManager.default.temporaryDirectory.appending(path: "bonafide-scan-test-\(UInt64.random(in: 0...UInt64.max)).wav")
    try Data(recording).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    var options = host.calls.screening.options
    change(&options)
    var result = host.calls.screening.detector.scan(file.path, options: options)
    result.path = name
    var report = JSONReport(engine: EngineInfo(host.calls.screening.detector), prior: options.prior)
    return report.opening + report.entry(for: result) + report.closing
  }

  @Test func theAnswerIsWhatAScanWrites() throws {
    let host = try Host()
    let plain = try host.post(recording, query: "?file=call%20one.wav", headers: "Content-Type: audio/wav\r\n")
    #expect(plain.status == 200)
    #expect(plain.head.contains("Content-Type: application/json"))
    #expect(try plain.body == expected(host, named: "call one.wav"))
    let options = try host.post(recording, query: "?channel-names=caller&timeline=true&mix=true&fast=true")
    #expect(
      try options.body
        == expected(host, named: "recording") {
          $0.channelNames = ["caller"]
          $0.timeline = true
          $0.mix = true
        })
    let raw = try host.post(Array(recording.dropFirst(44)), query: "?raw=s16le:8000")
    #expect(raw.status == 200 && raw.body.contains(#""format":"RAW/"#), "\(raw.body)")
    look(100, every: 10_000) { host.scans.count == 0 }
    #expect(host.scans.count == 0)
    #expect(try Client.get("/metrics", port: host.port).contains("\nbonafide_scans_total{outcome=\"screened\"} 3\n"))
  }

  /// In chunks, behind a go-ahead, and two on one connection.
  @Test func recordingsComeInChunks() throws {
    let host = try Host()
    let client = try Client(port: host.port, seconds: 60)
    let expected = try expected(host, named: "recording")
    for round in 0..<2 {
      client.send("POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
      #expect(String(decoding: client.receive(), as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n", "\(round)")
      for start in stride(from: 0, to: recording.count, by: 5000) {
        let piece = recording[start..<min(start + 5000, recording.count)]
        client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
      }
      client.send("0\r\n\r\n")
      var text = ""
      for _ in 0..<20 where !text.hasSuffix("]}\n") { text += String(decoding: client.receive(), as: UTF8.self) }
      #expect(Answer(Array(text.utf8)).body == expected, "\(round)")
    }
  }

  @Test func whatIsWrongIsSaid() throws {
    let host = try Host { _, limits in limits.mostBytes = 200_000 }
    let noise = (0..<1000).map { UInt8($0 * 7 & 0xFF) | 1 }
    for (answer, status, detail) in [
      (try host.post(recording, query: "?colour=red"), 400, "there is no parameter 'colour'"),
      (try host.post(recording, query: "?mix=maybe"), 400, "mix is true or false, not 'maybe'"),
      (try host.post(recording, query: "?mix=true&mix=true"), 400, "mix is given twice"),
      (try host.post(recording, query: "?file=%FF"), 400, "'file=%FF' is not percent-encoded text in UTF-8"),
      (try host.post(recording, query: "?file=a%0Ab"), 400, "without control characters"),
      (try host.post(recording, query: "?raw=mp3:8000"), 400, "raw: "),
      (try host.post(recording, query: "?fast=false"), 400, "without a second stage"),
      (try host.post([]), 400, "the body is empty"),
      (try host.post(recording, headers: "Content-Type: multipart/form-data; boundary=x\r\n"), 415, "the recording itself"),
      (try host.post(recording, headers: "Content-Encoding: gzip\r\n"), 415, "Content-Encoding"),
      (try host.post([UInt8](repeating: 0, count: 200_001)), 413, "200000 bytes"),
      (try host.post(noise), 422, "recording: "), (try host.post(Array("just a text\n".utf8)), 422, "text, not audio"),
      (try host.post([], method: "GET"), 405, "takes POST"),
    ] {
      #expect(answer.status == status, "\(detail): \(answer.head)")
      #expect(answer.head.contains("Content-Type: application/problem+json"))
      let members = try answer.members
      #expect(members["status"] as? Int == status)
      #expect((members["detail"] as? String)?.contains(detail) == true, "\(members)")
    }
    let chunked = try Client(port: host.port, seconds: 60)
    chunked.send("POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in 0..<3 where chunked.send(Array("11170\r\n".utf8) + [UInt8](repeating: 1, count: 70_000) + Array("\r\n".utf8)) {}
    chunked.send("0\r\n\r\n")
    #expect(Answer(chunked.receiveAll()).status == 413)
    look(100, every: 10_000) { host.scans.count == 0 }
    #expect(host.scans.count == 0)
  }

  @Test func noMoreThanMayAreTaken() throws {
    let none = try Host { _, limits in limits.most = 0 }
    let refused = try none.post(recording)
    #expect(refused.status == 503 && refused.head.contains("Retry-After: 5"))
    let host = try Host { _, limits in limits.most = 2 }
    let first = try Client(port: host.port, seconds: 60)
    first.send("POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(recording.count)\r\n\r\n")
    first.send(Array(recording.prefix(1000)))
    look(200, every: 10_000) { host.scans.count > 0 }
    #expect(host.scans.count == 1)
    let second = try host.post(recording)
    #expect(second.status == 429 && second.head.contains("Retry-After: 5"))
    first.send(Array(recording.dropFirst(1000)))
    #expect(Answer(first.receive()).status == 200)
    host.scans.stopTaking()
    let last = try host.post(recording)
    #expect(try last.status == 503 && last.members["detail"] as? String == "the host stops")
  }

  @Test func nobodySendsOneWithoutAToken() throws {
    let host = try Host { settings, _ in
      settings.gate.isOpen = false
      settings.gate.token = "0123456789abcdef"
    }
    #expect(try host.post(recording).status == 401)
    // Ahead of the body.
    let client = try Client(port: host.port, seconds: 60)
    client.send("POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
    #expect(Answer(client.receive()).status == 401)
    #expect(try host.post(recording, headers: "Authorization: Bearer 0123456789abcdef\r\n").status == 200)
  }

  @Test func whoGoesAwayIsNotWaitedFor() throws {
    let host = try Host { _, limits in limits.threads = 1 }
    // Two minutes of white noise take a while.
    var numbers = SeededNumbers(1)
    let long = (0..<16_000_000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    do {
      let client = try Client(port: host.port, seconds: 60)
      client.send("POST /v1/scan?raw=ulaw:8000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(long.count)\r\n\r\n")
      client.send(long)
      usleep(300_000)
      #expect(host.scans.count == 1)
    }
    look(500, every: 10_000) { host.scans.count == 0 }
    #expect(host.scans.count == 0)
    #expect(try Client.get("/metrics", port: host.port).contains("\nbonafide_scans_total{outcome=\"cancelled\"} 1\n"))
  }

  /// Who sends little, or nothing, has no connection for long.
  @Test func slowRequestsEnd() throws {
    let host = try Host { settings, _ in
      (settings.patience.request, settings.patience.next, settings.patience.rest, settings.patience.flow) = (0.5, 0.5, 0.5, 0.5)
    }
    let slow = try Client(port: host.port, seconds: 60)
    slow.send("POST /v1/scan HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nRIFF")
    let answer = Answer(slow.receiveAll())
    #expect(answer.status == 408)
    let start = ContinuousClock.now
    let next = try Client(port: host.port, seconds: 60)
    next.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(Answer(next.receive()).status == 200)
    next.send("GET /healthz HTTP/1.1\r\nHost: ")
    #expect(next.receiveAll().isEmpty)
    let body = try Client(port: host.port, seconds: 60)
    body.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx")
    #expect(body.receiveAll().isEmpty)
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}
