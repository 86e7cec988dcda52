import BonafideServe
import Foundation
import NIOCore
import Testing

@Suite struct AudioSocketTests {
  private func events(_ pieces: [[UInt8]]) throws -> [WireEvent] {
    var parser = AudioSocketParser()
    var events: [WireEvent] = []
    for piece in pieces {
      parser.append(ByteBuffer(bytes: piece))
      while let event = try parser.next() { events.append(event) }
    }
    return events
  }

  private let call: [UInt8] =
    identifier(0xA5) + frame(0x10, bytes([1, -2])) + frame(0x03, [0x35]) + frame(0x10) + frame(0x10, bytes([300])) + frame(0x00)

  private let told: [WireEvent] = [
    .start(CallOrigin(adapter: "audiosocket", name: "a5a5a5a5-a5a5-a5a5-a5a5-a5a5a5a5a5a5")),
    .party(name: "caller", sampleRate: 8000), .audio(party: 0, .linear([1, -2])), .audio(party: 0, .linear([300])), .end(.hangUp),
  ]

  @Test func tellsACall() throws {
    #expect(try events([call]) == told)
  }

  @Test func piecesOfAnySizeTellTheSame() throws {
    for size in 1...9 {
      let pieces = stride(from: 0, to: call.count, by: size).map { Array(call[$0..<min($0 + size, call.count)]) }
      #expect(try events(pieces) == told)
    }
  }

  @Test(arguments: zip(UInt8(0x10)...0x18, [8000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000]))
  func theKindSaysTheRate(_ kind: UInt8, _ rate: Int) throws {
    #expect(try events([identifier(1) + frame(kind, [0, 0])])[1] == .party(name: "caller", sampleRate: rate))
  }

  @Test func whatMakesNoSenseIsAnError() {
    for wrong in [
      frame(0x10, [0, 0]), frame(0x01, [1, 2]), identifier(1) + identifier(1), identifier(1) + frame(0x10, [0, 0]) + frame(0x11, [0, 0]),
      identifier(1) + frame(0x10, [0, 0, 0]), Array("GET / HTTP/1.1\r\n".utf8),
    ] {
      #expect(throws: WireError.self) { _ = try events([wrong]) }
    }
  }

  @Test func anErrorOfTheOtherSideEndsTheCall() throws {
    #expect(try events([identifier(1) + frame(0xFF, [1]) + frame(0x10, [0, 0])]).last == .end(.error))
  }

  /// Bytes at random behind a right beginning, in pieces: each is taken or refused, and audio is never more than was sent.
  @Test func survivesWhateverComes() {
    for seed in 0..<400 {
      var numbers = SeededNumbers(UInt64(seed))
      var parser = AudioSocketParser()
      if seed.isMultiple(of: 2) { parser.append(ByteBuffer(bytes: identifier(7))) }
      var (sent, heard) = (0, 0)
      pieces: for _ in 0..<50 {
        var piece = (0..<Int.random(in: 0...40, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        if Bool.random(using: &numbers) { piece = frame([0x00, 0x01, 0x03, 0x10, 0x10, 0x12, 0xFF].randomElement(using: &numbers) ?? 0, piece) }
        sent += piece.count
        parser.append(ByteBuffer(bytes: piece))
        do {
          while let event = try parser.next() { if case .audio(_, let audio) = event { heard += audio.count } }
        } catch {
          break pieces
        }
      }
      #expect(heard * 2 <= sent)
    }
  }
}

@Suite struct PacketOrderTests {
  private func packet(_ number: Int, at time: Int? = nil, _ value: UInt8? = nil) -> PacketOrder.Packet {
    PacketOrder.Packet(number: number, time: time, audio: .muLaw([UInt8](repeating: value ?? UInt8(truncatingIfNeeded: number), count: 160)))
  }

  private func heard(_ packets: [PacketOrder.Packet]) -> [Audio] {
    var order = PacketOrder(sampleRate: 8000)
    return packets.flatMap { order.take($0) } + order.finish()
  }

  @Test func packetsComeInOrderOnce() {
    let right = (1...40).map { packet($0, at: $0 * 20) }
    #expect(heard(right) == right.map(\.audio))
    // Pairs change places, and each comes twice.
    let mixed = stride(from: 0, to: 40, by: 2).flatMap { [right[$0 + 1], right[$0], right[$0 + 1]] }
    // The first begins: what would have been before it is too late.
    #expect(heard([right[0]] + mixed) == right.map(\.audio))
  }

  @Test func lostPacketsAreMissing() {
    let lost = (1...60).filter { !(20...22).contains($0) }
    let expected = (1...19).map { packet($0).audio } + [.missing(480)] + (23...60).map { packet($0).audio }
    #expect(heard(lost.map { packet($0, at: 5 + $0 * 20) }) == expected)
    #expect(heard(lost.map { packet($0) }) == expected)
  }

  /// As Twilio has it where its side lost audio: numbers go on, time jumps.
  @Test func packetsThatWereLostAheadOfTheirNumberAreMissing() {
    let packets = (1...30).map { packet($0, at: ($0 > 10 ? $0 + 1 : $0) * 20) }
    #expect(heard(packets) == (1...10).map { packet($0).audio } + [.missing(160)] + (11...30).map { packet($0).audio })
  }

  @Test func silenceThatIsNotSentIsMissing() {
    let packets = (1...10).map { packet($0, at: $0 * 20) } + (11...20).map { packet($0, at: $0 * 20 + 3000) }
    #expect(heard(packets).filter { if case .missing = $0 { true } else { false } } == [.missing(24_000)])
  }

  @Test func jitterOfTheClockIsNoGap() {
    let packets = (1...500).map { packet($0, at: $0 * 20 + [5, 0, 12, -2][$0 % 4]) }
    #expect(heard(packets) == packets.map(\.audio))
  }

  @Test func aClockThatBeginsAnewIsNoGap() {
    for time in [0, -5_000_000, 9_000_000, .max, .min] {
      let packets = (1...10).map { packet($0, at: 1_000_000 + $0 * 20) } + [packet(11, at: time)]
      let missing = heard(packets).reduce(0) { if case .missing(let count) = $1 { $0 + count } else { $0 } }
      #expect(missing == 0)
    }
  }

  /// A sender that does not count, and one whose numbers begin anew, are heard as they come.
  @Test func numbersThatAreNoneAreLeftAlone() {
    let constant = (1...200).map { _ in packet(7) }
    #expect(heard(constant).count == 1 + 200 - 1 - PacketOrder.mostDropped)
    let anew = (1...100).map { packet($0) } + (1...100).map { packet($0) }
    #expect(heard(anew).count == 200 - PacketOrder.mostDropped)
  }

  /// Numbers go back a little, times go on; then again.
  @Test func aSenderThatCountsAnewLosesNothing() {
    let numbers = (1...100).map { $0 } + (41...100).map { $0 } + (81...120).map { $0 }
    let packets = numbers.enumerated().map { packet($0.element, at: 20 * $0.offset, UInt8($0.offset)) }
    #expect(heard(packets) == packets.map(\.audio))
    // Packets that come a second time do not count anew.
    #expect(heard(Array(packets[0..<60] + packets[20..<60] + packets[60..<100])) == packets[0..<100].map(\.audio))
  }

  @Test func numbersAtTheirEndsAreTaken() {
    #expect(heard([packet(.min), packet(.max - 1), packet(0)]) == [packet(.min), packet(0), packet(.max - 1)].map(\.audio))
    #expect(heard([packet(1), packet(.max), packet(.max), packet(.min)]) == [packet(1).audio])
  }

  /// As many samples are told as time says, and each packet once at most.
  @Test func anyOrderKeepsTime() {
    for seed in 0..<200 {
      var numbers = SeededNumbers(UInt64(seed))
      var packets = (1...100).filter { $0 == 1 || $0 == 100 || Int.random(in: 0..<10, using: &numbers) > 0 }.map { packet($0, at: $0 * 20) }
      let (first, last) = (packets.removeFirst(), packets.removeLast())
      // As far as packets wait for each other.
      packets = stride(from: 0, to: packets.count, by: 8).flatMap { packets[$0..<min($0 + 8, packets.count)].shuffled(using: &numbers) }
      let result = heard([first] + packets + [last])
      #expect(result.reduce(0) { $0 + $1.count } == 100 * 160)
      #expect(result.filter { if case .missing = $0 { false } else { true } } == ([first] + packets + [last]).sorted { $0.number < $1.number }.map(\.audio))
    }
  }
}

@Suite struct MediaStreamTests {
  private func turn(_ parser: inout MediaStreamParser, _ text: String) throws -> [WireEvent] { try parser.text(Array(text.utf8)).events }

  private func media(_ chunk: Int, _ bytes: [UInt8], track: String = "inbound") -> String {
    #"{"event":"media","sequenceNumber":"\#(chunk + 1)","media":{"track":"\#(track)","chunk":"\#(chunk)","timestamp":"\#(chunk * 20)","#
      + #""payload":"\#(Data(bytes).base64EncodedString())"},"streamSid":"MZ1"}"#
  }

  private let connected = #"{"event":"connected","protocol":"Call","version":"1.0.0"}"#
  private let start =
    #"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],"#
    + #""mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"agent":"Ann"}},"streamSid":"MZ1"}"#

  @Test func tellsACallOfTwilio() throws {
    var parser = MediaStreamParser()
    #expect(try turn(&parser, connected) == [])
    guard case .start(let origin) = try #require(turn(&parser, start).first) else { return #expect(Bool(false)) }
    #expect(origin.name == "CA1" && origin.adapter == "twilio")
    #expect(origin.details["parameter.agent"] == "Ann" && origin.details["stream"] == "MZ1" && origin.details["accountSid"] == "AC1")
    let audio = [UInt8](repeating: 0x7F, count: 160)
    #expect(try turn(&parser, media(1, audio)) == [.party(name: "inbound", sampleRate: 8000), .audio(party: 0, .muLaw(audio))])
    #expect(try turn(&parser, media(1, audio, track: "outbound")) == [.party(name: "outbound", sampleRate: 8000), .audio(party: 1, .muLaw(audio))])
    #expect(try turn(&parser, #"{"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"1"}}"#) == [])
    // The third waits for the second, which never comes.
    #expect(try turn(&parser, media(3, audio)) == [])
    #expect(
      try turn(&parser, #"{"event":"stop","stop":{"callSid":"CA1"}}"#) == [.audio(party: 0, .missing(160)), .audio(party: 0, .muLaw(audio)), .end(.hangUp)])
    #expect(try turn(&parser, media(4, audio)) == [])
  }

  @Test func tellsACallOfTelnyx() throws {
    var parser = MediaStreamParser()
    let start =
      #"{"event":"start","sequence_number":"1","start":{"user_id":"u","call_control_id":"v3:x","media_format":{"encoding":"PCMA","sample_rate":8000,"channels":1}},"stream_id":"s"}"#
    guard case .start(let origin) = try #require(turn(&parser, start).first) else { return #expect(Bool(false)) }
    #expect(origin.name == "v3:x" && origin.details["stream"] == "s")
    #expect(
      try turn(&parser, #"{"event":"media","media":{"track":"inbound","chunk":2,"timestamp":5,"payload":"1dU="},"stream_id":"s"}"#)
        == [.party(name: "inbound", sampleRate: 8000), .audio(party: 0, .aLaw([0xD5, 0xD5]))])
  }

  @Test func samplesOfSixteenBitsAreThoseOfRTP() throws {
    var parser = MediaStreamParser()
    _ = try turn(&parser, #"{"event":"start","start":{"media_format":{"encoding":"L16","sample_rate":16000,"channels":1}},"stream_id":"s"}"#)
    #expect(
      try turn(&parser, #"{"event":"media","media":{"payload":"AQL//g=="}}"#)
        == [.party(name: "inbound", sampleRate: 16_000), .audio(party: 0, .linear([0x0102, -2]))])
  }

  @Test func whatMakesNoSenseIsAnError() throws {
    let long = media(1, [UInt8](repeating: 0, count: 8001))
    for wrong in [
      [media(1, [0])], [start, start], ["{}"], ["text"], [""], [start, #"{"event":"media"}"#], [#"{"event":"start"}"#], [start, long],
      [start, #"{"event":"media","media":{"payload":"*"}}"#], [start, #"{"event":"media","media":{"chunk":"x","payload":""}}"#],
      [start.replacing("x-mulaw", with: "opus")], [start.replacing("8000", with: "4000")], [start.replacing(#""channels":1"#, with: #""channels":2"#)],
      [start] + (0...Call.mostParties).map { media(1, [0], track: "\($0)") },
    ] {
      var parser = MediaStreamParser()
      #expect(throws: WireError.self, "\(wrong)") { for text in wrong { _ = try turn(&parser, text) } }
    }
    var parser = MediaStreamParser()
    #expect(throws: WireError.self) { _ = try parser.binary([1]) }
  }

  /// Messages with bytes changed at random: each is taken or refused.
  @Test func survivesWhateverComes() {
    for seed in 0..<300 {
      var numbers = SeededNumbers(UInt64(seed))
      var parser = MediaStreamParser()
      var heard = 0
      messages: for text in [connected, start] + (1...20).map({ media($0, [UInt8](repeating: 0, count: 10)) }) {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...2, using: &numbers) {
          bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
        }
        do {
          for event in try parser.text(bytes).events { if case .audio(_, .muLaw(let audio)) = event { heard += audio.count } }
        } catch {
          break messages
        }
      }
      #expect(heard <= 200)
    }
  }
}
