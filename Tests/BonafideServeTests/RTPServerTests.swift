import Bonafide
import BonafideServe
import Foundation
import Glibc
import NIOCore
import Synchronization
import Testing

/// RTP over real datagrams.
@Suite struct RTPServerTests {
  private final class Host {
    private static let free = Atomic(15_000 + Int(getpid()) % 1700 * 10)

    let server: Server
    let scans: Scans
    let calls: Calls
    let reader: Reader
    let http: Int
    let rtp: Int

    init(most: Int = 100, ports: Int = 1, change: (inout ServerSettings) -> Void = { _ in }) throws {
      (calls, reader) = try makeCalls(most: most)
      var settings = ServerSettings(http: .init(host: "127.0.0.1", port: 0))
      settings.gate.isOpen = true
      // Ports in a row that nothing else listens at, mostly.
      let first = ports > 1 ? Self.free.add(10, ordering: .relaxed).oldValue : 0
      settings.rtp = RTPSettings(host: "127.0.0.1", ports: first...(first + ports - 1))
      change(&settings)
      scans = Scans(calls)
      server = Server(settings, calls: calls, scans: scans, log: HostLog { _ in })
      let places = try server.start()
      http = Int(places[0].split(separator: ":").last ?? "") ?? 0
      rtp = Int(places[1].split(separator: ":").last?.prefix { $0 != "-" } ?? "") ?? 0
    }

    deinit {
      scans.stop()
      try? server.stop()
    }

    func metric(_ name: String) throws -> String? {
      try Client.get("/metrics", port: http).split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + " ") }
        .flatMap { $0.split(separator: " ").last.map { String($0) } }
    }
  }

  private let samples: [Int16]

  init() throws { samples = Array(try promptSamples().prefix(32_000)) }

  private func goodbye(_ source: UInt8) -> [UInt8] { [0x81, 203, 0, 1, 0, 0, 0, source] }

  /// The high byte first, as L16 has it.
  private func bigEndian(_ samples: some Sequence<Int16>) -> [UInt8] {
    samples.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
  }

  private func result(_ event: CallEvent) throws -> (llrs: [Double], duration: Double, heard: Double) {
    let result = try #require(event.members["result"] as? [String: Any])
    let parties = try #require(result["channels"] as? [[String: Any]])
    return try (
      parties.compactMap { $0["llr"] as? Double }, #require(result["duration_s"] as? Double), (result["heard_s"] as? Double) ?? -1
    )
  }

  @Test func aSenderIsACallThatIsScreenedHoweverItsPacketsAreMixed() throws {
    var settings = RTPPayloads()
    try settings.add("96=L16/8000")
    let host = try Host { $0.rtp?.payloads = settings }
    let sender = DatagramSender(port: host.rtp)
    let packets = stride(from: 0, to: samples.count, by: 160).map { ($0 / 160, bigEndian(samples[$0..<($0 + 160)])) }
    for pair in stride(from: 0, to: packets.count, by: 2) {
      // The first begins.
      for (number, payload) in pair == 0 ? [packets[0], packets[1]] : [packets[pair + 1], packets[pair], packets[pair + 1]] {
        sender.send(96, 60_000 + number, at: 160 * number, payload)
      }
      usleep(500)
    }
    sender.send(goodbye(1))
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    #expect(ended.call.hasPrefix("rtp-127.0.0.1_"))
    #expect(try ended.members["why"] as? String == "hang_up")
    let expected = try host.calls.screening.detector.score(samples.map { Float($0) / 32_768 }, sampleRate: 8000)
    #expect(try abs(result(ended).llrs[0] - #require(expected.llr)) < 1e-3)
    #expect(try result(ended).duration == 4)
    // What comes behind the end is no call.
    for number in 0..<5 { sender.send(96, number, at: 160 * number, packets[number].1) }
    try look(500, every: 10_000) { try host.metric("bonafide_datagrams_dropped_total{why=\"ended\"}") == "5" }
    #expect(try host.metric("bonafide_datagrams_dropped_total{why=\"ended\"}") == "5")
    #expect(host.reader.all.count { $0.kind == .callStarted } == 1)
  }

  /// Both sides of a call, from two senders to one port; RTCP comes to the next.
  @Test func aPortOfSeveralIsACall() throws {
    let host = try Host(ports: 4)
    let senders = [DatagramSender(port: host.rtp + 2), DatagramSender(port: host.rtp + 2)]
    for number in 0..<100 {
      for (index, sender) in senders.enumerated() {
        sender.send(0, number, at: 160 * number, source: UInt8(index + 1), [UInt8](repeating: 0xFF, count: 160))
      }
      usleep(500)
    }
    #expect(host.reader.wait(for: 2, .partyStarted).count == 2)
    let control = DatagramSender(port: host.rtp + 3)
    control.send(goodbye(1))
    control.send(goodbye(2))
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    #expect(ended.call == "rtp-\(host.rtp + 2)")
    #expect(try ended.members["why"] as? String == "hang_up" && result(ended).duration == 2)
  }

  /// A port is free as soon as its call has ended, but for what is still under way of that.
  @Test func anotherCallMayFollowAtOnce() throws {
    let host = try Host(ports: 2)
    let sender = DatagramSender(port: host.rtp)
    for source in 1...2 {
      for number in 0..<50 {
        sender.send(0, number, at: 160 * number, source: UInt8(source), [UInt8](repeating: 0xFF, count: 160))
        // Of the call before.
        if source == 2 { sender.send(0, 50 + number, at: 160 * (50 + number), source: 1, [UInt8](repeating: 0xFF, count: 160)) }
        usleep(500)
      }
      sender.send(goodbye(UInt8(source)))
      #expect(host.reader.wait(for: source, .callEnded).count == source)
    }
    for ended in host.reader.wait(for: 2, .callEnded) { #expect(try ended.members["why"] as? String == "hang_up" && result(ended).duration == 1) }
    #expect(try host.metric("bonafide_datagrams_dropped_total{why=\"ended\"}") == "50")
  }

  /// One call is heard for a second, then it goes on in a codec that is not known.
  @Test func whatCouldNotBeHeardIsSaid() throws {
    let host = try Host()
    let sender = DatagramSender(port: host.rtp)
    for number in 0..<80 {
      sender.send(number < 50 ? 0 : 111, number, at: 160 * number, [UInt8](repeating: 0xFF, count: 160))
      usleep(20_000)
    }
    sender.send(goodbye(1))
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    let result = try #require(ended.members["result"] as? [String: Any])
    #expect(try #require(result["unheard_s"] as? Double) > 0.4)
    let party = try #require((result["channels"] as? [[String: Any]])?.first)
    #expect(party["verdict"] as? String == "inconclusive" && party["reason"] as? String == "incomplete")
    #expect(try host.metric("bonafide_datagrams_dropped_total{why=\"payload\"}") == "30")
  }

  @Test func aSilentSenderEnds() throws {
    let host = try Host { $0.idleSeconds = 1 }
    let sender = DatagramSender(port: host.rtp)
    for number in 0..<3 { sender.send(0, number, at: 160 * number, [UInt8](repeating: 0xFF, count: 160)) }
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    #expect(try ended.members["why"] as? String == "idle")
    #expect(try result(ended).duration == 0.06)
  }

  @Test func whatIsNotWantedIsDropped() throws {
    let list = try PeerList("192.0.2.1")
    let stranger = try Host { $0.rtp?.peers = list }
    let full = try Host(most: 0)
    let flooded = try Host { $0.mostBytesPerSecond = 1000 }
    for (host, why) in [(stranger, "stranger"), (full, "ended"), (flooded, "flood")] {
      let sender = DatagramSender(port: host.rtp)
      for number in 0..<50 { sender.send(0, number, at: 160 * number, [UInt8](repeating: 0xFF, count: 160)) }
      try look(500, every: 10_000) { try host.metric("bonafide_datagrams_dropped_total{why=\"\(why)\"}") != "0" }
      #expect(try host.metric("bonafide_datagrams_dropped_total{why=\"\(why)\"}").flatMap { Int($0) } ?? 0 > 0, "\(why)")
      #expect(host.reader.all.contains { $0.kind == .callStarted } == (why == "flood"))
    }
    #expect(try full.metric("bonafide_calls_refused_total{why=\"full\"}") == "1")
  }

  /// ffmpeg as the sender: what it makes of a recording is heard as the recording is.
  @Test(.enabled(if: isInstalled("ffmpeg"), "ffmpeg is not installed"), arguments: [("pcm_mulaw", 8000), ("pcm_alaw", 8000), ("g722", 16_000)])
  func aStreamOfFFmpegIsHeardAsItsFile(_ codec: String, _ rate: Int) throws {
    let host = try Host(ports: 2)
    let input = ["-f", "s16le", "-ar", "8000", "-i", "-", "-ar", "\(rate)", "-c:a", codec]
    _ = try ffmpeg(["-readrate", "8"] + input + ["-f", "rtp", "-rtpflags", "send_bye", "rtp://127.0.0.1:\(host.rtp)?pkt_size=172"], input: bytes(samples))
    let ended = try #require(host.reader.wait(for: 1, .callEnded).first)
    #expect(try ended.members["why"] as? String == "hang_up")
    let decoded = try ffmpeg(input + ["-f", codec == "g722" ? "g722" : codec.replacing("pcm_", with: ""), "-"], input: bytes(samples))
    let form = codec == "g722" ? ["-f", "g722"] : ["-f", codec.replacing("pcm_", with: ""), "-ar", "8000"]
    let linear = try ffmpeg(form + ["-i", "-", "-f", "s16le", "-"], input: decoded)
    let expected = stride(from: 0, to: linear.count - 1, by: 2).map { Float(Int16(bitPattern: UInt16(linear[$0]) | UInt16(linear[$0 + 1]) << 8)) / 32_768 }
    let score = try host.calls.screening.detector.score(expected, sampleRate: rate)
    #expect(try abs(result(ended).llrs[0] - #require(score.llr)) < 1e-3 && abs(result(ended).duration - 4) < 0.03)
  }
}

@Suite struct PeerListTests {
  @Test func addressesAndNetworksAreFound() throws {
    let peers = try PeerList(" 10.0.0.4, 2001:DB8:0::4 ,[fd00::1],192.168.8.0/22")
    for (address, isIn) in [
      ("10.0.0.4", true), ("10.0.0.5", false), ("::ffff:10.0.0.4", true), ("2001:db8::4", true), ("2001:db8::5", false), ("fd00::1", true),
      ("192.168.11.255", true), ("192.168.12.0", false), ("::1", false),
    ] {
      #expect(try peers.contains(SocketAddress(ipAddress: address, port: 1)) == isIn, "\(address)")
    }
    #expect(!peers.contains(nil))
    for wrong in ["", ",", "10.0.0", "10.0.0.4/33", "10.0.0.4/x", "::1/129", "name", "10.0.0.4;10.0.0.5"] {
      #expect(throws: SettingError.self, "\(wrong)") { try PeerList(wrong) }
    }
  }
}
