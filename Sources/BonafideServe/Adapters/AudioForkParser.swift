import FoundationEssentials

/// FreeSWITCH's mod_audio_fork and mod_audio_stream: a text with what the dialplan says of the call, then 16-bit samples, the low byte
/// first, in binary messages. Rate and channels are in the address, for the module does not tell: `?rate=16000&mix=stereo`.
package struct AudioForkParser: WebSocketParser {
  /// Which voices the channels carry.
  private enum Mix: String {
    case mono, mixed, stereo

    var parties: [String] {
      switch self {
      case .mono: ["caller"]
      case .mixed: ["mixed"]
      case .stereo: ["caller", "callee"]
      }
    }
  }

  private let rate: Int
  private let parties: [String]
  private let id: String?
  private var isStarted = false

  /// Names under which the metadata may have the call's own.
  private static let names = ["uuid", "callId", "callid", "call_id", "callSid", "call_sid", "id"]

  /// - Parameter uri: as requested, such as `/audio-fork?rate=8000&mix=mono`; `id` names the call.
  /// - Throws: where the query makes no sense.
  package init(uri: String) throws(WireError) {
    var (rate, mix, id) = (8000, Mix.mono, String?.none)
    for item in uri.drop(while: { $0 != "?" }).dropFirst().split(separator: "&") {
      let parts = item.split(separator: "=", maxSplits: 1).map { String($0) }
      switch (parts.first, parts.last) {
      case ("rate", let value?):
        guard let number = Int(value), (6000...192_000).contains(number) else { throw WireError("rate=\(value.prefix(20)) is no rate from 6000 to 192000 Hz") }
        rate = number
      case ("mix", let value?):
        guard let known = Mix(rawValue: value) else { throw WireError("mix=\(value.prefix(20)) is not mono, mixed or stereo") }
        mix = known
      case ("id", let value?): id = value
      default: break
      }
    }
    (self.rate, parties, self.id) = (rate, mix.parties, id)
  }

  package mutating func text(_ bytes: [UInt8]) throws(WireError) -> WireTurn {
    guard !isStarted else { return WireTurn() }
    var details: [String: String] = [:]
    if let object = try? JSONDecoder().decode([String: Text].self, from: Data(bytes)) {
      for (name, text) in object.prefix(50) { details[String(name.prefix(100))] = text.value.map { String($0.prefix(500)) } }
    }
    return WireTurn(start(details))
  }

  package mutating func binary(_ bytes: [UInt8]) throws(WireError) -> WireTurn {
    let before = isStarted ? [] : start([:])
    guard bytes.count.isMultiple(of: 2 * parties.count) else { throw WireError("\(bytes.count) bytes of \(parties.count) × 16 bits") }
    guard !bytes.isEmpty else { return WireTurn(before) }
    let samples = littleEndian(bytes)
    guard parties.count > 1 else { return WireTurn(before + [.audio(party: 0, .linear(samples))]) }
    return WireTurn(
      before
        + parties.indices.map { party in
          .audio(party: party, .linear(stride(from: party, to: samples.count, by: parties.count).map { samples[$0] }))
        })
  }

  private mutating func start(_ details: [String: String]) -> [WireEvent] {
    isStarted = true
    let name = id ?? Self.names.lazy.compactMap { details[$0] }.first ?? "call"
    return [.start(CallOrigin(adapter: "audio-fork", name: name, details: details))] + parties.map { .party(name: $0, sampleRate: rate) }
  }

  package mutating func flush() -> [WireEvent] { [] }

  /// A member that is a text; others are left out.
  private struct Text: Decodable {
    let value: String?

    init(from decoder: any Decoder) throws { value = try? decoder.singleValueContainer().decode(String.self) }
  }
}
