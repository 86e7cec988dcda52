import Bonafide
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import BonafideServe

@Suite struct SequentialAlarmTests {
  private func changes(_ llrs: [Double?], _ alarm: SequentialAlarm = SequentialAlarm(falseAlarmsPerCall: 0.01, alarmPoint: -3, leastSpeech: 3)) -> [Int:
    SequentialAlarm.Change]
  {
    var alarm = alarm
    return [Int: SequentialAlarm.Change](
      uniqueKeysWithValues: llrs.enumerated().compactMap { index, llr in alarm.take(llr: llr, speech: Double(index)).map { (index, $0) } })
  }

  @Test func thePointIsTheLogOfTheRate() {
    // ln 0.01, and the detector's own where that asks for more.
    #expect(abs(SequentialAlarm(falseAlarmsPerCall: 0.01, alarmPoint: -3, leastSpeech: 3).point - -4.605170) < 1e-6)
    #expect(SequentialAlarm(falseAlarmsPerCall: 0.5, alarmPoint: -3, leastSpeech: 3).point == -3)
  }

  @Test func itIsRaisedOnceAtThePoint() {
    #expect(changes([0, -2, -4, -4.6, -4.61, -6, -5, -9]) == [4: .raised])
  }

  @Test func itTakesSpeech() {
    #expect(changes([-9, -9, -9, -9]) == [3: .raised])
    #expect(changes([nil, nil, nil, nil]) == [:])
  }

  @Test func itIsWithdrawnWellAboveThePoint() {
    #expect(changes([0, 0, 0, -5, -4, -2.4, -2.2, -4, -5]) == [3: .raised, 6: .withdrawn, 8: .raised])
  }

  @Test func goingToAndFroHasAnEnd() {
    let all = changes([0, 0, 0] + (0..<100).map { $0.isMultiple(of: 2) ? -9 : 9 })
    #expect(all.values.count { $0 == .raised } == SequentialAlarm.mostRaises)
    #expect(all.values.count { $0 == .withdrawn } == SequentialAlarm.mostRaises - 1)
  }

  /// A ratio of likelihoods of which each step is what it says: Ville's inequality holds, at any length.
  @Test func genuinePartiesAreAlarmedAboutAsSeldomAsAsked() {
    var numbers = SeededNumbers(1)
    let (parties, steps, shift) = (4000, 400, 0.4)
    var alarmed = 0
    for _ in 0..<parties {
      var alarm = SequentialAlarm(falseAlarmsPerCall: 0.05, alarmPoint: 0, leastSpeech: 0)
      var llr = 0.0
      for step in 0..<steps {
        // Of a genuine party the evidence is normal around +shift²/2 with a deviation of shift: its exponential has mean 1 under 'genuine'.
        let (u, v) = (Double.random(in: 1e-12...1, using: &numbers), Double.random(in: 0..<1, using: &numbers))
        llr += shift * shift / 2 + shift * (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
        _ = alarm.take(llr: llr, speech: Double(step))
      }
      if alarm.wasRaised { alarmed += 1 }
    }
    #expect(alarmed > parties / 50 && alarmed <= parties / 20)
  }
}

@Suite struct CallTests {
  private func feed(_ calls: Calls, _ samples: [Int16], name: String = "a") throws -> CallFeed {
    var feed = CallFeed(calls)
    try feed.take(.start(CallOrigin(adapter: "test", name: name)))
    try feed.take(.party(name: "caller", sampleRate: 8000))
    for start in stride(from: 0, to: samples.count, by: 160) {
      try feed.take(.audio(party: 0, .linear(Array(samples[start..<min(start + 160, samples.count)]))))
      // No more than may wait for a worker.
      if start % 8000 == 0 { usleep(20_000) }
    }
    return feed
  }

  private func channel(_ event: CallEvent) throws -> [String: Any] {
    let result = try #require(event.members["result"] as? [String: Any])
    return try #require((result["channels"] as? [[String: Any]])?.first)
  }

  @Test func aCallEndsWithTheResultOfAScan() throws {
    let samples = try promptSamples()
    let (calls, reader) = try makeCalls()
    var feed = try feed(calls, samples)
    feed.end(.hangUp)
    let ended = try #require(reader.wait(for: 1, .callEnded).first)
    let expected = try calls.screening.detector.score(samples.map { Float($0) / 32_768 }, sampleRate: 8000)
    let party = try channel(ended)
    #expect(abs(try #require(party["llr"] as? Double) - #require(expected.llr)) < 1e-3)
    #expect(party["verdict"] as? String == expected.verdict.rawValue)
    #expect(abs(try #require(party["speech_s"] as? Double) - expected.speech) < 0.01)
    #expect(reader.all.map(\.kind).first == .callStarted && reader.all.map(\.kind).last == .callEnded)
    let updates = try reader.all.filter { $0.kind == .update }.map { try $0.members }
    // One at a time for what came at once.
    #expect(updates.count >= 1 && updates.allSatisfy { $0["llr"] != nil && $0["party"] as? Int == 1 && $0["name"] as? String == "caller" })
    #expect(calls.count == 0)
  }

  @Test func missingAudioIsTold() throws {
    let (calls, reader) = try makeCalls()
    var feed = try feed(calls, Array(try promptSamples().prefix(16_000)))
    try feed.take(.audio(party: 0, .missing(4000)))
    feed.end(.hangUp)
    let result = try #require(reader.wait(for: 1, .callEnded).first?.members["result"] as? [String: Any])
    #expect(result["duration_s"] as? Double == 2.5 && result["heard_s"] as? Double == 2 && result["unheard_s"] as? Double == 0)
    #expect(result["warnings"] as? [String] == ["caller: 0.5 s of audio never came"])
  }

  /// An hour that comes while the worker is held up cannot wait: what is beyond the bound is missing, at its time, and the party is not cleared.
  @Test func audioBeyondTheBoundIsMissing() throws {
    let (calls, reader) = try makeCalls { $0.bounds.waiting = 10 }
    let (isHeld, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let holding = EventQueue(limit: 1, kinds: [.update]) {
      isHeld.signal()
      goOn.wait()
    }
    _ = calls.hub.add(holding)
    var feed = try feed(calls, Array(try promptSamples().prefix(8000)))
    isHeld.wait()
    // Ten seconds, which may wait, and the rest.
    for _ in 0..<360 { try feed.take(.audio(party: 0, .linear([Int16](repeating: 8000, count: 80_000)))) }
    feed.end(.hangUp)
    goOn.signal()
    let ended = try #require(reader.wait(for: 1, .callEnded).first)
    let result = try #require(ended.members["result"] as? [String: Any])
    #expect(result["duration_s"] as? Double == 3601 && result["unheard_s"] as? Double == 3590)
    #expect(try channel(ended)["verdict"] as? String == "inconclusive" && channel(ended)["reason"] as? String == "incomplete")
  }

  @Test func callsBeyondTheLimitAreRefused() throws {
    let (calls, reader) = try makeCalls(most: 1)
    var first = CallFeed(calls)
    try first.take(.start(CallOrigin(adapter: "test", name: "a")))
    var second = CallFeed(calls)
    #expect(throws: CallFeed.Failure.refused(.full)) { try second.take(.start(CallOrigin(adapter: "test", name: "b"))) }
    first.end(.hangUp)
    #expect(reader.wait(for: 1, .callEnded).count == 1)
    try second.take(.start(CallOrigin(adapter: "test", name: "b")))
    calls.stopTaking()
    #expect(calls.refusal == .shutdown)
    calls.endAll()
    #expect(reader.wait(for: 2, .callEnded).count == 2)
  }

  @Test func callsOfOneNameHaveTheirOwnIds() throws {
    let (calls, _) = try makeCalls()
    var feeds = [CallFeed(calls), CallFeed(calls)]
    for index in feeds.indices { try feeds[index].take(.start(CallOrigin(adapter: "test", name: "a/b ü"))) }
    #expect(feeds.map(\.id) == ["test-a_b___", "test-a_b___~2"])
    for index in feeds.indices { feeds[index].end(.hangUp) }
  }
}

@Suite struct EventQueueTests {
  /// One reader takes everything as it comes, the other nothing until the end.
  @Test func aSlowReaderLosesUpdatesAndNothingElse() throws {
    let (calls, quick) = try makeCalls { $0.updateInterval = 0.1 }
    let slow = Reader(calls.hub)
    let samples = Array(try promptSamples().prefix(16_000))
    for call in 0..<3 {
      var feed = CallFeed(calls)
      try feed.take(.start(CallOrigin(adapter: "test", name: "\(call)")))
      try feed.take(.party(name: "caller", sampleRate: 8000))
      for (index, start) in stride(from: 0, to: samples.count, by: 1600).enumerated() {
        try feed.take(.audio(party: 0, .linear(Array(samples[start..<start + 1600]))))
        #expect(quick.wait(for: call * 10 + index + 1, .update).count == call * 10 + index + 1)
      }
      if call < 2 { feed.end(.hangUp) }
    }
    #expect(quick.wait(for: 2, .callEnded).count == 2)
    func told(_ reader: Reader, _ kind: CallEvent.Kind) -> [String] { reader.all.filter { $0.kind == kind }.map(\.call) }
    for kind in [CallEvent.Kind.callStarted, .partyStarted, .callEnded, .stretch] { #expect(told(slow, kind) == told(quick, kind)) }
    // The last of the one call under way.
    #expect(told(slow, .update) == ["test-2"])
    #expect(slow.queue.dropped == 29)
  }

  @Test func newCallsAreRefusedWhileNobodyTakesEvents() throws {
    let (calls, _) = try makeCalls()
    let slow = Reader(calls.hub, limit: 20)
    calls.wait(for: slow.queue)
    var opened = 0
    for number in 0..<100 {
      var feed = CallFeed(calls)
      do {
        try feed.take(.start(CallOrigin(adapter: "test", name: "\(number)")))
        opened += 1
      } catch {
        #expect(error == .refused(.backlog))
      }
      feed.end(.hangUp)
    }
    #expect((5...21).contains(opened))
    #expect(slow.all.count { $0.kind == .callStarted } == opened)
    #expect(calls.refusal == nil)
  }
}

@Suite struct GateTests {
  private func head(_ headers: [(String, String)], uri: String = "/twilio") -> HTTPRequestHead {
    HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: HTTPHeaders(headers))
  }

  @Test func theTokenOpens() {
    var gate = Gate()
    #expect(!gate.admits(head([("Authorization", "Bearer ")])))
    gate.token = "0123456789abcdef"
    // "x:0123456789abcdef" in base64.
    for right in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef", "Basic eDowMTIzNDU2Nzg5YWJjZGVm"] {
      #expect(gate.admits(head([("Authorization", right)])))
    }
    for wrong in ["Bearer 0123456789abcdeg", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Bearer", "0123456789abcdef", "Basic eA==", "Basic *"] {
      #expect(!gate.admits(head([("Authorization", wrong)])))
    }
    #expect(!gate.admits(head([])))
  }

  /// Pages of other sites, which a browser gives the token that it keeps; and names that are made to mean this machine.
  @Test func pagesOfOtherSitesStayOut() {
    var gate = Gate()
    gate.token = "0123456789abcdef"
    let token = ("Authorization", "Bearer 0123456789abcdef")
    let host = ("Host", "calls.example.com:8080")
    #expect(gate.admits(head([host, token, ("Origin", "http://calls.example.com:8080")])))
    #expect(!gate.admits(head([host, token, ("Origin", "https://evil.example")])))
    #expect(!gate.admits(head([host, token, ("Origin", "null")])))
    gate.publicURL = "wss://calls.example.com"
    #expect(gate.admits(head([host, token, ("Origin", "https://calls.example.com")])))

    var open = Gate()
    open.isOpen = true
    for own in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "localhost", "127.1.2.3"] { #expect(open.admits(head([("Host", own)]))) }
    for other in ["127.evil.example:8080", "127.0.0.1.nip.example", "localhost.evil.example", "[::2]:8080", "128.0.0.1"] {
      #expect(!open.admits(head([("Host", other)])), "\(other)")
    }
    #expect(!open.admits(head([("Host", "evil.example:8080")])))
    #expect(!open.admits(head([("Host", "127.0.0.1:8080"), ("Origin", "http://evil.example")])))
    #expect(open.admits(head([])))
  }

  /// However often it is asked.
  @Test func flowIsWhatItIsSaidToBe() {
    var now = NIODeadline.now()
    var allowance = FlowAllowance(bytesPerSecond: 1000, at: now)
    #expect(allowance.take(5000, at: now) && !allowance.take(1, at: now))
    for _ in 0..<1000 {
      now = now + .microseconds(1900)
      _ = allowance.take(0, at: now)
    }
    #expect(!allowance.take(1905, at: now) && allowance.take(1895, at: now) && !allowance.take(10, at: now))
  }

  /// Signatures by Python's hmac: base64(HMAC-SHA1(token, URL)).
  @Test func twiliosSignatureOpens() {
    var gate = Gate()
    gate.twilioToken = "12345678901234567890123456789012"
    let headers = [("Host", "calls.example.com"), ("X-Twilio-Signature", "h7FY6VAg5pD8AlftW/CAHQxfOy8=")]
    #expect(gate.admitsMediaStream(head(headers)))
    #expect(!gate.admitsMediaStream(head(headers, uri: "/twilio?x=1")))
    #expect(!gate.admitsMediaStream(head([("Host", "other.example.com"), headers[1]])))
    #expect(!gate.admitsMediaStream(head([headers[0], ("X-Twilio-Signature", "")])))
    gate.publicURL = "wss://calls.example.com"
    #expect(gate.admitsMediaStream(head([("Host", "127.0.0.1:8080"), headers[1]])))
    // The signature is for streams alone.
    #expect(!gate.admits(head(headers, uri: "/v1/calls")))
  }
}
