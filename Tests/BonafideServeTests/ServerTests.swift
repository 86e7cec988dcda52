import Bonafide
import BonafideServe
import Foundation
import Glibc
import Synchronization
import Testing

/// A host on ports of its own, with clients over TCP.
@Suite struct ServerTests {
  /// A host that is stopped with the value.
  private final class Host {
    let server: Server
    let calls: Calls
    let reader: Reader
    let http: Int
    let audioSocket: Int
    let lines = Mutex<[String]>([])

    init(most: Int = 100, limits: Scans.Limits = Scans.Limits(), change: (inout ServerSettings) -> Void = { _ in }) throws {
      (calls, reader) = try makeCalls(most: most)
      var settings = ServerSettings(http: .init(host: "127.0.0.1", port: 0))
      settings.audioSocket = .init(host: "127.0.0.1", port: 0)
      settings.gate.isOpen = true
      change(&settings)
      server = Server(settings, calls: calls, scans: Scans(calls, limits: limits), log: HostLog { _ in })
      let ports = try server.start().map { Int($0.split(separator: ":").last ?? "") ?? 0 }
      (http, audioSocket) = (ports[0], ports[1])
    }

    deinit { try? server.stop() }
  }

  private let samples: [Int16]

  init() throws { samples = Array(try promptSamples().prefix(40_000)) }

  private func llr(_ event: CallEvent) throws -> Double {
    let result = try #require(event.members["result"] as? [String: Any])
    let parties = try #require(result["channels"] as? [[String: Any]])
    return try #require(parties.first?["llr"] as? Double)
  }

  private func muLaw(_ sample: Int16) -> UInt8 {
    let magnitude = min(abs(Int(sample)), 32_635) + 132
    let segment = (0..<8).last { magnitude >> ($0 + 7) > 0 } ?? 0
    return ~(UInt8(sample < 0 ? 0x80 : 0) | UInt8(segment << 4) | UInt8(magnitude >> (segment + 3) & 0x0F))
  }

  /// The messages of a call, 20 ms of audio each, without its end.
  private func media(_ bytes: [UInt8], track: String = "inbound") -> [String] {
    stride(from: 0, to: bytes.count, by: 160).map { start in
      let payload = Data(bytes[start..<min(start + 160, bytes.count)]).base64EncodedString()
      let chunk = start / 160 + 1
      return #"{"event":"media","media":{"track":"\#(track)","chunk":"\#(chunk)","timestamp":"\#(chunk * 20)","payload":"\#(payload)"},"streamSid":"MZ1"}"#
    }
  }

  private let start =
    #"{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"streamSid":"MZ1"}"#
  private let stop = #"{"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA1"}}"#

  @Test func aCallOfAudioSocketIsScreened() throws {
    let host = try Host()
    let client = try Client(port: host.audioSocket)
    client.send(identifier(1))
    for start in stride(from: 0, to: samples.count, by: 160) {
      client.send(frame(0x10, bytes(samples[start..<min(start + 160, samples.count)])))
      usleep(1000)
    }
    client.send(frame(0x00))
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    #expect(ended.call == "audiosocket-01010101-0101-0101-0101-010101010101")
    #expect(try ended.members["why"] as? String == "hang_up")
    let expected = try host.calls.screening.detector.score(samples.map { Float($0) / 32_768 }, sampleRate: 8000)
    #expect(abs(try llr(ended) - #require(expected.llr)) < 1e-3)
    #expect(client.receive().isEmpty)
  }

  @Test func aCallOfMediaStreamsIsScreenedHoweverItsPacketsAreMixed() throws {
    let host = try Host()
    let client = try WebSocketClient(port: host.http, path: "/twilio")
    #expect(client.answer.hasPrefix("HTTP/1.1 101 "))
    let bytes = samples.map(muLaw)
    client.send(#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#)
    client.send(start)
    var messages = media(bytes)
    for index in stride(from: 1, to: messages.count - 1, by: 2) { messages.swapAt(index, index + 1) }
    for (index, message) in messages.enumerated() {
      client.send(message)
      if index % 7 == 0 { client.send(message) }
      usleep(1000)
    }
    client.send([1, 2], opcode: 9)
    client.send(stop)
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    #expect(ended.call == "twilio-CA1")
    let expected = try host.calls.screening.detector.makeStream(sampleRate: 8000)
    try expected.append(muLaw: bytes)
    #expect(abs(try llr(ended) - #require(expected.finish().llr)) < 1e-3)
  }

  @Test func aMessageInPartsIsOne() throws {
    let host = try Host()
    let client = try WebSocketClient(port: host.http, path: "/twilio")
    let bytes = Array(start.utf8)
    client.send(Array(bytes[..<20]), opcode: 1, isFinal: false)
    client.send(Array(bytes[20..<50]), opcode: 0, isFinal: false)
    client.send(Array(bytes[50...]), opcode: 0)
    #expect(host.reader.wait(for: 1, .callStarted).first?.call == "twilio-CA1")
  }

  @Test func aCallThatBreaksOffEnds() throws {
    let host = try Host()
    do {
      let client = try Client(port: host.audioSocket)
      client.send(identifier(2) + frame(0x10, bytes(samples.prefix(8000))))
      #expect(host.reader.wait(for: 1, .partyStarted).count == 1)
      let media = try WebSocketClient(port: host.http, path: "/twilio")
      media.send(start)
      #expect(host.reader.wait(for: 2, .callStarted).count == 2)
    }
    #expect(try Set(host.reader.wait(for: 2, .callEnded).map { try $0.members["why"] as? String }) == ["closed"])
  }

  @Test func aSilentConnectionIsClosed() throws {
    let host = try Host { $0.idleSeconds = 1 }
    let clients = try [Client(port: host.audioSocket), WebSocketClient(port: host.http, path: "/twilio").client, Client(port: host.http)]
    clients[0].send(identifier(3))
    #expect(host.reader.wait(for: 1, .callStarted).count == 1)
    for client in clients { _ = client.receiveAll() }
    #expect(try host.reader.wait(for: 1, .callEnded).first?.members["why"] as? String == "idle")
  }

  @Test func theStateIsTold() throws {
    let host = try Host()
    #expect(try Client.get("/healthz", port: host.http).hasSuffix("\r\n\r\nok\n"))
    #expect(try Client.get("/readyz", port: host.http).hasSuffix("\r\n\r\nready\n"))
    let client = try Client(port: host.audioSocket)
    client.send(identifier(4) + frame(0x10, bytes(samples.prefix(16_000))))
    #expect(host.reader.wait(for: 1, .update).count >= 1)
    let calls = try Client.get("/v1/calls", port: host.http)
    #expect(calls.contains(#""call":"audiosocket-04040404-"#) && calls.contains(#""name":"caller""#))
    #expect(try Client.get("/v1/calls/audiosocket-04040404-0404-0404-0404-040404040404", port: host.http).contains(#""llr":"#))
    #expect(try Client.get("/v1/calls/none", port: host.http).hasPrefix("HTTP/1.1 404 "))
    #expect(try Client.get("/nothing", port: host.http).hasPrefix("HTTP/1.1 404 "))
    #expect(try Client.get("/twilio", port: host.http).hasPrefix("HTTP/1.1 426 "))
    let metrics = try Client.get("/metrics", port: host.http)
    #expect(metrics.contains("\nbonafide_calls 1\n") && metrics.contains("\nbonafide_parties 1\n"))
    #expect(metrics.contains(#"bonafide_update_lateness_seconds_bucket{le="+Inf"} "#))
    host.calls.stopTaking()
    #expect(try Client.get("/readyz", port: host.http).hasSuffix("\r\n\r\nshutdown\n"))
  }

  @Test func eventsAreStreamed() throws {
    let host = try Host()
    let client = try Client(port: host.audioSocket)
    // Half a second, ahead of the first update.
    client.send(identifier(5) + frame(0x10, bytes(samples.prefix(4000))))
    #expect(host.reader.wait(for: 1, .partyStarted).count == 1)
    let reader = try Client(port: host.http)
    reader.send("GET /v1/calls/audiosocket-05050505-0505-0505-0505-050505050505/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    var text = String(decoding: reader.receive(), as: UTF8.self)
    #expect(text.contains("Content-Type: text/event-stream"))
    client.send(frame(0x10, bytes(samples[4000..<32_000])))
    #expect(host.reader.wait(for: 1, .update).count >= 1)
    client.send(frame(0x00))
    text += String(decoding: reader.receiveAll(), as: UTF8.self)
    #expect(text.contains("event: state\ndata: {\"call\":\"audiosocket-05"))
    #expect(text.contains("event: update\ndata: {\"schema\":\"bonafide.live/1\""))
    #expect(text.contains("event: call_ended\n"))
    // The last chunk: the stream has ended.
    #expect(text.hasSuffix("0\r\n\r\n"))
  }

  @Test func nobodyComesInWithoutAToken() throws {
    let host = try Host {
      $0.gate.isOpen = false
      $0.gate.token = "0123456789abcdef"
    }
    for path in ["/v1/calls", "/v1/events", "/metrics", "/v1/calls/x/events", "/nothing"] {
      #expect(try Client.get(path, port: host.http).hasPrefix("HTTP/1.1 401 "), "\(path)")
      #expect(try Client.get(path, port: host.http, headers: "Authorization: Bearer 0123456789abcdeX\r\n").hasPrefix("HTTP/1.1 401 "))
    }
    #expect(try Client.get("/v1/calls", port: host.http, headers: "Authorization: Bearer 0123456789abcdef\r\n").hasPrefix("HTTP/1.1 200 "))
    #expect(try Client.get("/healthz", port: host.http).hasPrefix("HTTP/1.1 200 "))
    #expect(try WebSocketClient(port: host.http, path: "/twilio").answer.hasPrefix("HTTP/1.1 401 "))
    let right = try WebSocketClient(port: host.http, path: "/twilio", headers: "Authorization: Bearer 0123456789abcdef\r\n")
    #expect(right.answer.hasPrefix("HTTP/1.1 101 "))
    // Who has none is no call that was refused, also while none is taken.
    host.calls.stopTaking()
    let authorization = "Authorization: Bearer 0123456789abcdef\r\n"
    #expect(try WebSocketClient(port: host.http, path: "/twilio").answer.hasPrefix("HTTP/1.1 401 "))
    #expect(try Client.get("/metrics", port: host.http, headers: authorization).contains("calls_refused_total{why=\"shutdown\"} 0\n"))
    #expect(try WebSocketClient(port: host.http, path: "/twilio", headers: authorization).answer.hasPrefix("HTTP/1.1 503 "))
    #expect(try Client.get("/metrics", port: host.http, headers: authorization).contains("calls_refused_total{why=\"shutdown\"} 1\n"))
  }

  @Test func audioSocketIsTakenFromThoseNamed() throws {
    let peers = try PeerList("192.0.2.1")
    let host = try Host { $0.audioSocketPeers = peers }
    let client = try Client(port: host.audioSocket)
    client.send(identifier(6))
    #expect(client.receiveAll().isEmpty)
    #expect(host.reader.all.isEmpty)
  }

  /// Bytes that come one at a time keep no connection.
  @Test func aCallThatIsNeverNamedIsClosed() throws {
    let host = try Host { $0.patience.request = 0.5 }
    let (long, slow) = (try Client(port: host.audioSocket), try Client(port: host.audioSocket))
    long.send([0x01, 0xFF, 0xFF])
    #expect(long.receiveAll() == AudioSocketParser.refusal)
    slow.send([0x01, 0])
    #expect(slow.receiveAll().isEmpty)
    #expect(host.reader.all.isEmpty)
  }

  @Test func moreCallsThanMayAreRefusedInTheWordsOfTheirProtocol() throws {
    let host = try Host(most: 1)
    let first = try Client(port: host.audioSocket)
    first.send(identifier(7) + frame(0x10, bytes(samples.prefix(160))))
    #expect(host.reader.wait(for: 1, .partyStarted).count == 1)
    let second = try Client(port: host.audioSocket)
    second.send(identifier(8))
    #expect(second.receiveAll() == AudioSocketParser.refusal)
    let third = try WebSocketClient(port: host.http, path: "/twilio")
    #expect(third.answer.hasPrefix("HTTP/1.1 503 ") && third.answer.contains("Retry-After: 5\r\n"))
    #expect(try Client.get("/readyz", port: host.http).hasPrefix("HTTP/1.1 503 "))
    #expect(host.reader.all.count { $0.kind == .callStarted } == 1)
  }

  /// Half of the connections are for calls alone.
  @Test func moreConnectionsThanMayAreRefused() throws {
    let host = try Host { $0.mostConnections = 20 }
    let others = try (0..<9).map { _ in try eventReader(host.http) }
    let call = try WebSocketClient(port: host.http, path: "/twilio")
    #expect(call.answer.hasPrefix("HTTP/1.1 101 "))
    let last = try eventReader(host.http)
    #expect(try Client.get("/healthz", port: host.http).hasPrefix("HTTP/1.1 503 "))
    let calls = try (0..<9).map { _ in try Client(port: host.audioSocket) }
    #expect(try Client(port: host.audioSocket).receiveAll() == AudioSocketParser.refusal)
    #expect(others.count + calls.count == 18)
    withExtendedLifetime(last) {}
  }

  /// A connection over which events are read.
  private func eventReader(_ port: Int) throws -> Client {
    let client = try Client(port: port)
    client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(String(decoding: client.receive(), as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
    return client
  }

  @Test func whoAsksForNothingMakesRoom() throws {
    let host = try Host { $0.mostConnections = 6 }
    let idle = try (0..<3).map { _ in try Client(port: host.http) }
    usleep(1_200_000)
    let call = try WebSocketClient(port: host.http, path: "/twilio")
    #expect(call.answer.hasPrefix("HTTP/1.1 101 "))
    #expect(idle[0].receiveAll().isEmpty)
    idle[2].send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(String(decoding: idle[2].receive(), as: UTF8.self).contains("\nbonafide_connections_refused_total 1\n"))
  }

  /// Who asks again and again and does not read has one answer kept for him, not thousands.
  @Test func answersThatNobodyReadsDoNotPileUp() throws {
    let host = try Host()
    let client = try Client(port: host.http)
    #expect(try Client.get("/openapi.json", port: host.http).utf8.count > 20_000)
    let before = try residentPages()
    client.send(String(repeating: "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", count: 4000))
    usleep(500_000)
    #expect(try Client.get("/healthz", port: host.http).hasPrefix("HTTP/1.1 200 "))
    // All answers are more than 100 MB.
    #expect(try residentPages() - before < 50_000_000 / Int(getpagesize()))
    // They come when they are read.
    var count = 0
    while count < 5_000_000 {
      let bytes = client.receive().count
      guard bytes > 0 else { break }
      count += bytes
    }
    #expect(count >= 5_000_000)
  }

  private func residentPages() throws -> Int {
    try Int(String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]) ?? 0
  }

  /// The other side goes on sending, and reads what it was told after that.
  @Test func aRefusalIsReadBehindWhatWasSent() throws {
    let host = try Host(most: 0)
    for _ in 0..<20 {
      let client = try Client(port: host.audioSocket)
      client.send(identifier(7))
      for _ in 0..<20 { client.send(frame(0x10, [UInt8](repeating: 0, count: 320))) }
      usleep(20_000)
      client.send(frame(0x10, [UInt8](repeating: 0, count: 320)))
      usleep(2000)
      #expect(client.receiveAll() == AudioSocketParser.refusal)
    }
  }

  /// A gap costs as much as some audio: a few bytes that tell of many are too much.
  @Test func gapsAreChargedForAsWhatTheyCost() throws {
    let host = try Host { $0.mostBytesPerSecond = 20_000 }
    let client = try WebSocketClient(port: host.http, path: "/twilio")
    client.send(start)
    for number in 1...20 {
      client.send(
        #"{"event":"media","media":{"chunk":"\#(number)","timestamp":"\#(number * 5000)","payload":"\#(Data([UInt8](repeating: 0xFF, count: 8)).base64EncodedString())"}}"#
      )
    }
    #expect(client.closeStatus() == 1008)
    #expect(try host.reader.wait(for: 1, .callEnded).first?.members["why"] as? String == "error")
  }

  /// Whatever is wrong with one connection, it is closed, and the call beside it goes on.
  @Test func whatMakesNoSenseEndsItsOwnConnectionAlone() throws {
    let host = try Host { $0.mostBytesPerSecond = 20_000 }
    let good = try Client(port: host.audioSocket)
    good.send(identifier(9) + frame(0x10, bytes(samples.prefix(8000))))
    #expect(host.reader.wait(for: 1, .partyStarted).count == 1)
    for wrong in [frame(0x10, [0, 0]), identifier(1) + frame(0x10, [1]), Array("GET / HTTP/1.1\r\n\r\n".utf8)] {
      let client = try Client(port: host.audioSocket)
      client.send(wrong)
      #expect(client.receiveAll() == AudioSocketParser.refusal)
    }
    for (text, opcode) in [("{}", 1), ("\u{1}", 2), ("no", 1)] as [(String, UInt8)] {
      let client = try WebSocketClient(port: host.http, path: "/twilio")
      client.send(Array(text.utf8), opcode: opcode)
      #expect(client.closeStatus() == 1008)
    }
    // A reserved kind of frame, a frame that is not masked, a ping of more than may be.
    for raw: [UInt8] in [[0x83, 0x80, 0, 0, 0, 0], [0x81, 0x02, 0x7B, 0x7D], [0x89, 0xFE, 0x01, 0x00, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 256)] {
      let client = try WebSocketClient(port: host.http, path: "/twilio")
      client.client.send(raw)
      client.send("{}")
      #expect(client.closeStatus() != nil)
    }
    let long = try Client(port: host.http)
    long.send("GET /healthz HTTP/1.1\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n")
    #expect(!String(decoding: long.receiveAll(), as: UTF8.self).hasPrefix("HTTP/1.1 200"))
    let flood = try Client(port: host.audioSocket)
    flood.send(identifier(10))
    for _ in 0..<40 { flood.send(frame(0x10, [UInt8](repeating: 0, count: 8000))) }
    #expect(host.reader.wait(for: 1, .callEnded).count >= 1)
    good.send(frame(0x10, bytes(samples[8000..<16_000])) + frame(0x00))
    look(500, every: 10_000) { host.calls.count == 0 }
    let ended = host.reader.all.filter { $0.kind == .callEnded && $0.call.contains("-09090909-") }
    #expect(try ended.map { try $0.members["why"] as? String } == ["hang_up"])
  }
}
