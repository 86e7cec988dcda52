import BonafideServe
import Foundation
import NIOCore
import Testing

@Suite struct G722Tests {
  /// As ffmpeg decodes them.
  @Test func bytesAreTheSamplesOfTheRecommendation() {
    var decoder = G722Decoder()
    let bytes = (0..<40).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let expected: [Int16] = [
      -1, 0, 0, -1, -1, 1, -1, -3, 0, 6, -6, -28, -13, 4, 14, -13, -18, -17, 14, 7, -33, -105, -40, 76, 61, -103, -92, -3, 73, 2, -86, -169, 118, 452,
      19, -784, -394, 813, 684, -674, -865, 116, 612, 71, -569, -676, 604, 2113, 684, -2352, -1866, 1585, 1877, -1286, -2079, 44, 1345, 418, -887,
      -1287, 670, 3290, 1445, -2936, -2846, 1244, 2523, 135, -2708, -3322, 3796, 11_013, 573, -18_497, -12_383, 13_277, 14_099, -9407, -15_446, 1680,
    ]
    #expect(decoder.decode(Array(bytes[..<13])) + decoder.decode(Array(bytes[13...])) == expected)
  }

  @Test(.enabled(if: isInstalled("ffmpeg"), "ffmpeg is not installed"))
  func samplesAreThoseOfFFmpegToTheBit() throws {
    let voice = try ffmpeg(["-f", "s16le", "-ar", "8000", "-i", "-", "-c:a", "g722", "-ar", "16000", "-f", "g722", "-"], input: bytes(promptSamples()))
    var numbers = SeededNumbers(7)
    // Whatever comes, the largest steps too.
    let noise = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    let loud = [UInt8](repeating: 0x84, count: 500) + [UInt8](repeating: 0x3F, count: 500)
    for coded in [voice, noise, loud] {
      var decoder = G722Decoder()
      let expected = try ffmpeg(["-f", "g722", "-i", "-", "-f", "s16le", "-"], input: coded)
      #expect(coded.count > 900 && bytes(decoder.decode(coded)) == expected)
    }
  }
}

@Suite struct RTPPacketTests {
  private func packet(_ bytes: [UInt8]) -> RTPPacket? { RTPPacket(ByteBuffer(bytes: bytes)) }

  private let head: [UInt8] = [0x80, 0x80, 0x12, 0x34, 0, 0, 0x10, 0, 0xA1, 0xB2, 0xC3, 0xD4]

  @Test func theHeaderIsRead() {
    let plain = RTPPacket(type: 0, number: 0x1234, time: 4096, source: 0xA1B2_C3D4, payload: [1, 2, 3])
    #expect(packet(head + [1, 2, 3]) == plain)
    // Two contributing sources, an extension of a word, and two bytes of padding.
    #expect(packet([0xB2] + head[1...] + [UInt8](repeating: 9, count: 8) + [0xBE, 0xDE, 0, 1, 7, 7, 7, 7] + [1, 2, 3, 0, 2]) == plain)
    #expect(packet(head)?.payload == [])
  }

  @Test func whatIsNoneIsLeft() {
    let rest = Array(head[1...])
    let others: [[UInt8]] = [
      Array("OPTIONS sip:a@b SIP/2.0".utf8), [0, 1, 0, 8, 0x21, 0x12, 0xA4, 0x42] + [UInt8](repeating: 0, count: 20), [0x80, 200] + Array(head[2...]),
    ]
    let short: [[UInt8]] = [[], Array(head[..<11]), [0x81] + rest, [0x90] + rest, [0x90] + rest + [0, 0, 0, 2, 1, 1, 1, 1]]
    let wrong: [[UInt8]] = [[0x40] + rest, [0xA0] + rest, [0xA0] + rest + [0], [0xA0] + rest + [1, 3]]
    for bytes in others + short + wrong { #expect(packet(bytes) == nil, "\(bytes)") }
  }

  @Test func goodbyesAreHeard() {
    let report: [UInt8] = [0x80, 200, 0, 6] + [UInt8](repeating: 1, count: 24)
    let goodbye: [UInt8] = [0x82, 203, 0, 2, 0, 0, 0, 7, 0, 0, 1, 0]
    #expect(RTCP.goodbyes(in: ByteBuffer(bytes: report + goodbye)) == [7, 256])
    #expect(RTCP.goodbyes(in: ByteBuffer(bytes: report)) == [])
    let many = (0..<100).flatMap { _ in goodbye }
    #expect(RTCP.goodbyes(in: ByteBuffer(bytes: many)).count == 31)
    #expect(RTCP.goodbyes(in: ByteBuffer(bytes: report + [0x9F, 203, 0, 1, 0, 0, 0, 7])) == [7])
    #expect(RTCP.goodbyes(in: ByteBuffer(bytes: [0x81, 203, 0, 9, 0, 0, 0, 7])) == [])
    #expect(RTCP.goodbyes(in: ByteBuffer(bytes: head + [1])) == [])
  }

  @Test func typesAreAddedAsInSDP() throws {
    var payloads = RTPPayloads()
    for text in ["96=L16/16000", "97=l16/8000/2", "98=G722/8000", "0=PCMA/8000"] { try payloads.add(text) }
    #expect(payloads[96] == .init(.linear, sampleRate: 16_000) && payloads[97] == .init(.linear, sampleRate: 8000, channels: 2))
    #expect(payloads[98] == .init(.g722, sampleRate: 16_000) && payloads[0] == .init(.aLaw, sampleRate: 8000))
    #expect(payloads[8] == .init(.aLaw, sampleRate: 8000) && payloads[13] == nil && payloads[101] == nil)
    for wrong in ["", "96", "128=L16/8000", "x=L16/8000", "96=opus/48000/2", "96=L16", "96=L16/4000", "96=L16/8000/3", "96=PCMU/8000/2", "96=G722/16000"] {
      #expect(throws: SettingError.self, "\(wrong)") { try payloads.add(wrong) }
    }
  }
}

/// A call as RTP, without a socket.
@Suite struct RTPCallTests {
  /// Packets of 20 ms, each at the time at which a call has it.
  private struct Line {
    var call = RTPCall("x", payloads: RTPPayloads())
    var events: [WireEvent] = []
    var now = 1000.0

    mutating func send(_ packet: RTPPacket, from address: String = "a", after seconds: Double = 0.02) {
      now += seconds
      events += call.take(packet, from: address, at: now)
    }

    /// Samples of a party: those that came, by number of the packet that they came in, and those that are missing as `nil`.
    func heard(_ party: Int = 0) -> [Int?] {
      events.flatMap { event -> [Int?] in
        guard case .audio(party, let audio) = event else { return [] }
        switch audio {
        case .muLaw(let bytes): return stride(from: 0, to: bytes.count, by: 160).map { Int(bytes[$0]) }
        case .missing(let count): return [Int?](repeating: nil, count: count / 160) + (count % 160 == 0 ? [] : [-count])
        default: return [-1]
        }
      }
    }

    /// Seconds.
    var unheard: Double { events.reduce(0) { if case .unheard(let seconds) = $1 { $0 + seconds } else { $0 } } }

    var parties: [String] { events.compactMap { if case .party(let name, _) = $0 { name } else { nil } } }
  }

  private func packet(_ number: Int, at time: Int? = nil, source: UInt32 = 0xABC, type: UInt8 = 0, payload: [UInt8]? = nil) -> RTPPacket {
    RTPPacket(
      type: type, number: UInt16(truncatingIfNeeded: number + 65_530), time: UInt32(truncatingIfNeeded: (time ?? number * 160) + 0xFFFF_FE00),
      source: source, payload: payload ?? [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 160))
  }

  /// Numbers and times go around within.
  @Test func packetsComeInOrder() {
    var line = Line()
    for number in [0, 1, 3, 2, 2, 4, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15] { line.send(packet(number)) }
    #expect(line.heard() == Array(0...15))
    #expect(line.events.first == .start(CallOrigin(adapter: "rtp", name: "x")) && line.parties == ["ssrc-abc"])
  }

  @Test func oneDatagramIsNoCall() {
    var line = Line()
    line.send(packet(0))
    line.send(packet(9000))
    line.send(packet(1, source: 7))
    #expect(line.events.isEmpty && !line.call.hasBegun)
  }

  @Test func whatIsLostIsMissing() {
    var line = Line()
    for number in 0...60 where !(10...12).contains(number) { line.send(packet(number)) }
    #expect(line.heard() == Array(0...9) + [nil, nil, nil] + Array(13...60))
  }

  /// No packet comes, numbers go on without a gap, time jumps; between, comfort noise and a key that is pressed.
  @Test func silenceThatIsNotSentIsMissing() {
    var line = Line()
    for number in 0...5 { line.send(packet(number)) }
    line.send(packet(6, type: 13, payload: [60]))
    line.send(packet(7, at: 56 * 160, payload: [UInt8](repeating: 7, count: 160)), after: 1)
    line.send(packet(8, at: 57 * 160, type: 101, payload: [5, 10, 0, 160]))
    line.send(packet(9, at: 57 * 160))
    line.send(packet(10, at: 58 * 160))
    #expect(line.heard() == Array(0...5) + [Int?](repeating: nil, count: 50) + [7, 9, 10])
  }

  /// What no clock of calls does, a clock that begins anew does: no time is missing but that which went by.
  @Test(arguments: [(50_000, 0.02, 0), (-50_000, 0.02, 0), (200_000, 1.0, 49)])
  func aClockThatBeginsAnewIsNoGap(_ jump: Int, _ pause: Double, _ missing: Int) {
    var line = Line()
    for number in 0...9 { line.send(packet(number)) }
    line.send(packet(10, at: 1600 + jump), after: pause)
    for number in 11...20 { line.send(packet(number, at: number * 160 + jump)) }
    #expect(line.heard().count { $0 == nil } == missing && line.heard().compactMap(\.self) == Array(0...20))
  }

  @Test func numbersThatBeginAnewAreNoLoss() {
    var line = Line()
    for number in 0...9 { line.send(packet(number)) }
    for number in 10...20 { line.send(packet(number + 20_000, at: number * 160)) }
    #expect(line.heard() == (0...9).map { $0 } + (10...20).map { ($0 + 20_000) & 0xFF })
  }

  /// The network holds up three seconds, some of which it loses; the time is right again behind it.
  @Test func whatAStallHeldUpIsNoGap() {
    var line = Line()
    for number in 0...9 { line.send(packet(number)) }
    line.send(packet(10), after: 3)
    for number in 11...160 where !(20...139).contains(number) { line.send(packet(number), after: 0) }
    #expect(line.heard() == (0...19).map { $0 } + [Int?](repeating: nil, count: 120) + (140...160).map { $0 })
  }

  @Test func sourcesBesideEachOtherAreParties() {
    var line = Line()
    for number in 0...20 {
      line.send(packet(number), after: 0.01)
      line.send(packet(number + 100, source: 0xDEF), after: 0.01)
    }
    #expect(line.parties == ["ssrc-abc", "ssrc-def"])
    #expect(line.heard(0) == Array(0...20) && line.heard(1) == Array(100...120))
    // From another address too.
    line.send(packet(0, source: 1), from: "b")
    line.send(packet(1, source: 1), from: "b")
    #expect(line.parties.count == 3)
  }

  @Test func aSourceThatTakesThePlaceOfAnotherIsTheSameParty() {
    var line = Line()
    for number in 0...20 { line.send(packet(number)) }
    for number in 100...130 { line.send(packet(number, at: 7_000_000 + number * 160, source: 0xDEF)) }
    #expect(line.parties == ["ssrc-abc"] && line.heard() == Array(0...20) + Array(100...130))
    // One that comes later is another.
    line.send(packet(0, source: 5), after: 2)
    line.send(packet(1, source: 5))
    #expect(line.parties == ["ssrc-abc", "ssrc-5"])
  }

  @Test func anotherEncodingAtTheSameRateIsTheSameParty() {
    var line = Line()
    for number in 0...3 { line.send(packet(number)) }
    for number in 4...5 { line.send(packet(number, type: 8)) }
    #expect(line.parties.count == 1 && line.events.last == .audio(party: 0, .aLaw([UInt8](repeating: 5, count: 160))))
    // At another rate it cannot be.
    line.send(packet(6, type: 9))
    #expect(line.parties.count == 2 && line.events.last == .audio(party: 1, .g722([UInt8](repeating: 6, count: 160))))
    #expect(line.events.dropLast().last == .party(name: "ssrc-abc", sampleRate: 16_000))
  }

  /// From one rate to another and back, again and again.
  @Test func aFormatThatComesAgainIsTheSameParty() {
    var line = Line()
    for number in 0..<400 { line.send(packet(number, type: number / 50 % 2 == 0 ? 0 : 9)) }
    #expect(line.parties == ["ssrc-abc", "ssrc-abc"])
    let came = line.events.reduce(into: [0, 0]) { sums, event in
      if case .audio(let party, let audio) = event {
        if case .missing = audio {} else { sums[party] += audio.count }
      }
    }
    #expect(came == [200 * 160, 200 * 320])
    #expect(line.call.goodbye(of: 0xABC).isLast)
  }

  /// Another type of payload, which nobody said what it is, in the place of audio that was heard; then beside it.
  @Test func audioOfATypeThatIsNotKnownIsTold() {
    var line = Line()
    for number in 0..<10 { line.send(packet(number)) }
    for number in 10..<60 { line.send(packet(number, type: 111)) }
    #expect(abs(line.unheard - 1) < 1e-6)
    for number in 60..<70 { line.send(packet(number, type: 13, payload: [60])) }
    for number in 70..<80 { line.send(packet(number, type: 101, payload: [5, 10, 0, 160])) }
    #expect(abs(line.unheard - 1) < 1e-6)
    for number in 0..<51 { line.send(packet(number, source: 5, type: 111)) }
    #expect(abs(line.unheard - 2) < 1e-6)
    // Where nothing was heard, there is no call that it would be missing from.
    var other = Line()
    for number in 0..<50 { other.send(packet(number, type: 111)) }
    #expect(other.events.isEmpty)
  }

  @Test func manySourcesMayBeginAtOnce() {
    var line = Line()
    for number in 0..<3 { for source in 0..<12 { line.send(packet(number, source: UInt32(source)), after: 0.001) } }
    #expect(line.parties.count == 12)
  }

  @Test func channelsAreParties() throws {
    var payloads = RTPPayloads()
    try payloads.add("96=L16/8000/2")
    var line = Line(call: RTPCall("x", payloads: payloads))
    for number in 0...1 { line.send(packet(number, at: number, type: 96, payload: [0, 1, 1, 0])) }
    #expect(line.parties == ["ssrc-abc-1", "ssrc-abc-2"])
    #expect(
      line.events.suffix(4) == [
        .audio(party: 0, .linear([1])), .audio(party: 1, .linear([256])), .audio(party: 0, .linear([1])), .audio(party: 1, .linear([256])),
      ])
  }

  @Test func aCallHasSoManyPartiesAndNoMore() {
    var line = Line()
    for source in 0..<20 { for number in 0...1 { line.send(packet(number, source: UInt32(source)), after: 1) } }
    #expect(line.parties.count == Call.mostParties)
    #expect(abs(line.unheard - Double(20 - Call.mostParties) * 0.04) < 1e-6)
    #expect(line.call.goodbye(of: 0).isLast == false && line.call.goodbye(of: 99).isLast == false)
    for source in 1..<Call.mostParties { #expect(line.call.goodbye(of: UInt32(source)).isLast == (source == Call.mostParties - 1)) }
  }

  /// Datagrams changed at random: each is taken or left, what is told never lasts longer than the call did.
  @Test func survivesWhateverComes() {
    for seed in 0..<400 {
      var numbers = SeededNumbers(UInt64(seed))
      var line = Line()
      for number in 0..<100 {
        let plain: [UInt8] = [0x80, 0, 0, UInt8(number), 0, 0, UInt8(number * 160 >> 8), UInt8(number * 160 & 0xFF), 0, 0, 0, 1]
        var bytes = plain + [UInt8](repeating: 0, count: 160)
        for _ in 0..<Int.random(in: 0...2, using: &numbers) {
          bytes[Int.random(in: 0..<(Bool.random(using: &numbers) ? 12 : bytes.count), using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
        }
        _ = RTCP.goodbyes(in: ByteBuffer(bytes: bytes))
        line.now += 0.02
        if let packet = RTPPacket(ByteBuffer(bytes: bytes)) { line.send(packet, after: 0) }
      }
      line.events += line.call.flush()
      for party in 0..<Call.mostParties {
        let seconds = line.events.reduce(0.0) { sum, event in
          guard case .audio(party, let audio) = event else { return sum }
          return sum + Double(audio.count) / 8000
        }
        // Two seconds of drift may be believed, now and then.
        #expect(seconds < 30, "seed \(seed), party \(party)")
      }
    }
  }
}
