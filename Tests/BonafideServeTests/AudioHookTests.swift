import BonafideServe
import Foundation
import NIOHTTP1
import Testing

@Suite struct AudioHookTests {
  private let stereo = #"{"type":"audio","format":"PCMU","channels":["external","internal"],"rate":8000}"#
  private let external = #"{"type":"audio","format":"PCMU","channels":["external"],"rate":8000}"#

  private func message(_ type: String, _ seq: Int, _ parameters: String = "{}", id: String = "s1") -> String {
    #"{"version":"2","id":"\#(id)","type":"\#(type)","seq":\#(seq),"serverseq":0,"position":"PT1.5S","parameters":\#(parameters)}"#
  }

  private func open(_ media: String, conversation: String = "c1") -> String {
    message(
      "open", 1,
      #"{"organizationId":"o1","conversationId":"\#(conversation)","participant":{"id":"p","ani":"+1555","aniName":"Ann","dnis":"+1666"},"media":[\#(media)],"language":"en-US"}"#
    )
  }

  private func turn(_ parser: inout AudioHookParser, _ text: String) throws -> WireTurn { try parser.text(Array(text.utf8)) }

  @Test func tellsACallAndAnswers() throws {
    var parser = AudioHookParser()
    let opened = try turn(&parser, open(external + "," + stereo))
    let origin = CallOrigin(
      adapter: "audiohook", name: "c1", details: ["session": "s1", "organization": "o1", "ani": "+1555", "aniName": "Ann", "dnis": "+1666"])
    #expect(opened.events == [.start(origin), .party(name: "external", sampleRate: 8000), .party(name: "internal", sampleRate: 8000)])
    #expect(
      opened.replies == [
        #"{"version":"2","type":"opened","seq":1,"clientseq":1,"id":"s1","parameters":{"startPaused":false,"media":[\#(stereo)]}}"#
      ])
    #expect(try parser.binary([1, 2, 3, 4]).events == [.audio(party: 0, .muLaw([1, 3])), .audio(party: 1, .muLaw([2, 4]))])
    #expect(
      try turn(&parser, message("ping", 2, #"{"rtt":"PT0.05S"}"#)).replies
        == [#"{"version":"2","type":"pong","seq":2,"clientseq":2,"id":"s1","parameters":{}}"#])
    #expect(
      try turn(&parser, message("discarded", 3, #"{"start":"PT1S","discarded":"PT0.25S"}"#)).events
        == [.audio(party: 0, .missing(2000)), .audio(party: 1, .missing(2000))])
    #expect(try turn(&parser, message("paused", 4)) == WireTurn())
    #expect(try turn(&parser, message("resumed", 5, #"{"start":"PT2S","discarded":"PT1M1S"}"#)).events.first == .audio(party: 0, .missing(488_000)))
    #expect(try turn(&parser, message("error", 6, #"{"code":400,"message":"no"}"#)) == WireTurn())
    let closed = try turn(&parser, message("close", 7, #"{"reason":"end"}"#))
    #expect(closed.events == [.end(.hangUp)])
    #expect(closed.replies == [#"{"version":"2","type":"closed","seq":3,"clientseq":7,"id":"s1","parameters":{}}"#])
    #expect(try parser.binary([1, 2]) == WireTurn())
  }

  @Test func oneChannelIsTakenWhereThatIsAll() throws {
    var parser = AudioHookParser()
    #expect(try turn(&parser, open(external)).events.count == 2)
    #expect(try parser.binary([1, 2, 3]).events == [.audio(party: 0, .muLaw([1, 2, 3]))])
  }

  /// Genesys tries a connection before calls go over it.
  @Test func aProbeIsAnsweredAndIsNoCall() throws {
    var parser = AudioHookParser()
    let opened = try turn(&parser, open(stereo, conversation: "00000000-0000-0000-0000-000000000000"))
    #expect(opened.events.isEmpty && opened.replies.count == 1)
    #expect(try parser.binary([1, 2]) == WireTurn())
    let closed = try turn(&parser, message("close", 2, #"{"reason":"end"}"#))
    #expect(closed.events.isEmpty && closed.replies.count == 1)
  }

  @Test func whatMakesNoSenseIsAnErrorThatIsTold() throws {
    let right = open(stereo)
    for wrong in [
      ["{}"], [message("ping", 1)], [right, right], [right, message("ping", 3)], [right, message("open", 2)], [right, message("ping", 2, id: "s2")],
      [open("")], [open(stereo.replacing("PCMU", with: "L16"))], [right.replacing(#""version":"2""#, with: #""version":"3""#)],
      [right, message("discarded", 2, #"{"discarded":"1 s"}"#)], [right, message("discarded", 2)],
    ] {
      var parser = AudioHookParser()
      #expect(throws: WireError.self, "\(wrong)") { for text in wrong { _ = try turn(&parser, text) } }
    }
    var parser = AudioHookParser()
    #expect(throws: WireError.self) { _ = try parser.binary([1]) }
    #expect(parser.farewell("x").isEmpty)
    _ = try turn(&parser, right)
    #expect(throws: WireError.self) { _ = try parser.binary([1]) }
    #expect(
      parser.farewell("no more") == [
        #"{"version":"2","type":"disconnect","seq":2,"clientseq":1,"id":"s1","parameters":{"reason":"error","info":"no more"}}"#
      ])
  }

  @Test(arguments: [("PT0S", 0), ("PT1.5S", 12_000), ("PT1H0M1S", 28_808_000), ("PT0.0001S", 1)])
  func durationsAreThoseOfISO8601(_ text: String, _ samples: Int) throws {
    var parser = AudioHookParser()
    _ = try turn(&parser, open(external))
    let events = try turn(&parser, message("discarded", 2, #"{"discarded":"\#(text)"}"#)).events
    #expect(events == (samples == 0 ? [] : [.audio(party: 0, .missing(samples))]))
  }

  @Test(arguments: ["PT", "P1D", "PT1", "PT-1S", "PTS", "PT1S1S", "PT1..5S", "PT99H", "PT1e3S", ""])
  func otherDurationsAreErrors(_ text: String) throws {
    var parser = AudioHookParser()
    _ = try turn(&parser, open(external))
    #expect(throws: WireError.self) { _ = try turn(&parser, message("discarded", 2, #"{"discarded":"\#(text)"}"#)) }
  }

  @Test func survivesWhateverComes() {
    for seed in 0..<300 {
      var numbers = SeededNumbers(UInt64(seed))
      var parser = AudioHookParser()
      let texts = [open(stereo), message("ping", 2), message("discarded", 3, #"{"discarded":"PT9.5S"}"#), message("close", 4, #"{"reason":"end"}"#)]
      messages: for text in texts {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...2, using: &numbers) {
          bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
        }
        do {
          let turn = try parser.text(bytes)
          #expect(turn.events.count <= 3 && turn.replies.count <= 1)
          _ = try parser.binary((0..<Int.random(in: 0...9, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) })
        } catch {
          break messages
        }
      }
    }
  }

  /// The example in Genesys' documentation.
  @Test func theSignatureOpens() {
    var gate = Gate()
    let key = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
    gate.audioHook = (key, [UInt8](Data(base64Encoded: "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=") ?? Data()))
    let headers = [
      ("Host", "audiohook.example.com"), ("Audiohook-Organization-Id", "d7934305-0972-4844-938e-9060eef73d05"),
      ("Audiohook-Session-Id", "30b0e395-84d3-4570-ac13-9a62d8f514c0"), ("Audiohook-Correlation-Id", "e160e428-53e2-487c-977d-96989bf5c99d"),
      ("X-API-KEY", key), ("Signature", "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:"),
      (
        "Signature-Input",
        #"sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "x-api-key")"#
          + #";keyid="\#(key)";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";created=1641013200;expires=3282026430"#
      ),
    ]
    func admits(_ headers: [(String, String)], uri: String = "/api/v1/voicebiometrics/ws", now: Double = 1_641_013_202) -> Bool {
      gate.admitsAudioHook(HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: HTTPHeaders(headers)), now: now)
    }
    #expect(admits(headers))
    #expect(!admits(headers, uri: "/api/v1/voicebiometrics/ws?"))
    #expect(!admits(headers, now: 1_641_013_220))
    #expect(!admits(headers, now: 1_641_013_190))
    for left in headers.indices { #expect(!admits(headers.indices.filter { $0 != left }.map { headers[$0] }), "\(headers[left].0)") }
    for (index, pair) in headers.enumerated() {
      var changed = headers
      changed[index].1 = pair.1.replacing("1", with: "7")
      if changed[index].1 != pair.1 { #expect(!admits(changed), "\(pair.0)") }
    }
    gate.audioHook?.secret = nil
    #expect(admits([("X-API-KEY", key)]) && !admits([("X-API-KEY", key + "x")]) && !admits([]))
  }
}

@Suite struct AudioForkTests {
  @Test func tellsACallOfTwoVoices() throws {
    var parser = try AudioForkParser(uri: "/audio-fork?rate=16000&mix=stereo")
    let started = try parser.text(Array(#"{"callId":"abc","to":"100","nested":{"a":1},"count":3}"#.utf8))
    #expect(
      started.events == [
        .start(CallOrigin(adapter: "audio-fork", name: "abc", details: ["callId": "abc", "to": "100"])),
        .party(name: "caller", sampleRate: 16_000), .party(name: "callee", sampleRate: 16_000),
      ])
    #expect(
      try parser.binary([1, 0, 2, 0, 0xFF, 0xFF, 0, 1]).events == [.audio(party: 0, .linear([1, -1])), .audio(party: 1, .linear([2, 256]))])
    #expect(try parser.text(Array("more".utf8)) == WireTurn())
  }

  @Test func audioMayComeFirst() throws {
    var parser = try AudioForkParser(uri: "/audio-fork?id=x")
    #expect(
      try parser.binary([1, 0]).events
        == [.start(CallOrigin(adapter: "audio-fork", name: "x")), .party(name: "caller", sampleRate: 8000), .audio(party: 0, .linear([1]))])
  }

  @Test func whatMakesNoSenseIsAnError() throws {
    for wrong in ["/audio-fork?rate=0", "/audio-fork?rate=x", "/audio-fork?mix=quadro", "/audio-fork?rate=1&rate=8000"] {
      #expect(throws: WireError.self) { _ = try AudioForkParser(uri: wrong) }
    }
    var parser = try AudioForkParser(uri: "/audio-fork?mix=stereo&other&=&x=")
    #expect(throws: WireError.self) { _ = try parser.binary([1, 2]) }
  }

  @Test func survivesWhateverComes() throws {
    for seed in 0..<200 {
      var numbers = SeededNumbers(UInt64(seed))
      var parser = try AudioForkParser(uri: "/audio-fork?mix=\(["mono", "mixed", "stereo"][seed % 3])")
      for _ in 0..<20 {
        let bytes = (0..<Int.random(in: 0...50, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        guard let turn = try? Bool.random(using: &numbers) ? parser.text(bytes) : parser.binary(bytes) else { break }
        let heard = turn.events.reduce(0) { if case .audio(_, let audio) = $1 { $0 + audio.count } else { $0 } }
        #expect(heard * 2 <= bytes.count)
      }
    }
  }
}
