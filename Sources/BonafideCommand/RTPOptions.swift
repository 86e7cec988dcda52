import ArgumentParser
import BonafideServe

/// Where a live host takes RTP, and in which forms.
struct RTPOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where RTP is taken (default: nowhere). At one port each sender is a call; of several, as in 10.0.0.5:4000-4099, each port is one.",
      valueName: "host:ports"),
    transform: { text in
      guard let place = RTPSettings(text) else { throw ValidationError("'\(text)' is no HOST:PORT or HOST:PORT-PORT, such as 127.0.0.1:4000-4099.") }
      return place
    })
  var rtp: RTPSettings?

  @Option(
    help: ArgumentHelp(
      "Addresses and networks that RTP is taken from, with commas between: it has no password. Needed where other machines reach it.",
      valueName: "addresses"),
    transform: peers)
  var rtpFrom: PeerList?

  @Option(
    help: ArgumentHelp(
      "A type of payload beside those of RTP/AVP (PCMU, PCMA, G722, L16 at 44.1 kHz), as SDP has it: 96=L16/16000. Several with commas between.",
      valueName: "type=encoding/rate"))
  var rtpPayload: [String] = []

  /// Ports that may be listened at.
  private static let mostPorts = 2000

  func validate() throws {
    _ = try table
    guard let rtp else { return try check(rtpFrom == nil && rtpPayload.isEmpty, "--rtp-from and --rtp-payload go with --rtp.") }
    try check(rtp.isLoopback || rtpFrom != nil, "--rtp \(rtp.description) is reached by other machines: --rtp-from says by which ones.")
    try check(rtp.ports.count <= Self.mostPorts, "--rtp has \(Self.mostPorts) ports at most.")
  }

  private var table: RTPPayloads {
    get throws {
      var table = RTPPayloads()
      let texts = rtpPayload.flatMap { $0.split(separator: ",") }
      do throws(SettingError) { for text in texts { try table.add(String(text)) } } catch { throw ValidationError("--rtp-payload: \(error).") }
      return table
    }
  }

  /// As the host takes them.
  var settings: RTPSettings? {
    get throws {
      guard var settings = rtp else { return nil }
      settings.peers = rtpFrom
      settings.payloads = try table
      return settings
    }
  }
}

/// Reads addresses of the command line.
@Sendable func peers(_ text: String) throws -> PeerList {
  do throws(SettingError) { return try PeerList(text) } catch { throw ValidationError("\(error).") }
}
