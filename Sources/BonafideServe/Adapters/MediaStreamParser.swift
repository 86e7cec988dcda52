import FoundationEssentials
import NIOCore

/// Twilio's Media Streams over a WebSocket: texts in JSON, audio in base64. A track is a party; its packets are put in order by
/// `chunk`, and in place by `timestamp`.
package struct MediaStreamParser: WebSocketParser {
  private enum Encoding {
    case muLaw, aLaw, linear

    init?(_ name: String) {
      switch name.lowercased() {
      case "audio/x-mulaw", "audio/mulaw", "pcmu": self = .muLaw
      case "audio/x-alaw", "audio/alaw", "pcma": self = .aLaw
      case "audio/x-l16", "audio/l16", "l16": self = .linear
      default: return nil
      }
    }
  }

  private struct Track {
    let name: String
    var order: PacketOrder
    /// Of packets that have no number.
    var counted = 0
  }

  private enum State {
    case new
    case talking(Encoding, sampleRate: Int)
    case ended
  }

  /// Seconds of audio of one message.
  private static let longestPacket = 1

  private var state = State.new
  private var tracks: [Track] = []

  package init() {}

  package mutating func text(_ bytes: [UInt8]) throws(WireError) -> WireTurn {
    let message: MediaStreamMessage
    do { message = try JSONDecoder().decode(MediaStreamMessage.self, from: Data(bytes)) } catch {
      throw WireError("a message that is no Media Streams JSON")
    }
    switch (message.event, state) {
    case (_, .ended): return WireTurn()
    case ("start", .new): return WireTurn(try start(message))
    case ("start", .talking): throw WireError("a second start in one stream")
    case ("media", .talking(let encoding, let rate)):
      guard let media = message.media else { throw WireError("a media message without media") }
      return WireTurn(try take(media, encoding, rate))
    case ("media", .new): throw WireError("media ahead of start")
    case ("stop", _):
      state = .ended
      return WireTurn(flush() + [.end(.hangUp)])
    // connected, dtmf, mark, and what later versions bring.
    default: return WireTurn()
    }
  }

  package mutating func binary(_ bytes: [UInt8]) throws(WireError) -> WireTurn {
    throw WireError("a binary message; Media Streams are text")
  }

  private mutating func start(_ message: MediaStreamMessage) throws(WireError) -> [WireEvent] {
    guard let start = message.start else { throw WireError("a start message without start") }
    let name = start.format?.encoding ?? "audio/x-mulaw"
    guard let encoding = Encoding(name) else { throw WireError("encoding '\(name.prefix(40))'; audio/x-mulaw, PCMU, PCMA and L16 are taken") }
    let channels = start.format?.channels?.value ?? 1
    guard channels == 1 else { throw WireError("\(channels) channels in a track; one is taken") }
    let rate = start.format?.sampleRate?.value ?? 8000
    guard (6000...192_000).contains(rate) else { throw WireError("audio at \(rate) Hz; 6000 to 192000 Hz can be screened") }
    state = .talking(encoding, sampleRate: rate)
    let id =
      start.details["callSid"] ?? start.details["call_sid"] ?? start.details["call_control_id"] ?? message.streamSid
      ?? message.streamID ?? "stream"
    var details = start.details
    if let stream = message.streamSid ?? message.streamID { details["stream"] = stream }
    return [.start(CallOrigin(adapter: "twilio", name: id, details: details))]
  }

  private mutating func take(_ media: MediaStreamMessage.Media, _ encoding: Encoding, _ rate: Int) throws(WireError) -> [WireEvent] {
    guard let payload = Data(base64Encoded: media.payload) else { throw WireError("a payload that is no base64") }
    let audio: Audio =
      switch encoding {
      case .muLaw: .muLaw([UInt8](payload))
      case .aLaw: .aLaw([UInt8](payload))
      // As RTP has it.
      case .linear: .linear(bigEndian([UInt8](payload)))
      }
    guard audio.count <= rate * Self.longestPacket else { throw WireError("more than \(Self.longestPacket) s of audio in a message") }
    guard audio.count > 0 else { return [] }
    let name = media.track ?? "inbound"
    var events: [WireEvent] = []
    let party: Int
    if let known = tracks.firstIndex(where: { $0.name == name }) {
      party = known
    } else {
      guard tracks.count < Call.mostParties else { throw WireError("more than \(Call.mostParties) tracks") }
      party = tracks.count
      tracks.append(Track(name: name, order: PacketOrder(sampleRate: rate)))
      events.append(.party(name: String(name.prefix(100)), sampleRate: rate))
    }
    tracks[party].counted += 1
    let number = media.chunk?.value ?? tracks[party].counted
    let packet = PacketOrder.Packet(number: number, time: media.timestamp?.value, audio: audio)
    return events + tracks[party].order.take(packet).map { .audio(party: party, $0) }
  }

  package mutating func flush() -> [WireEvent] {
    tracks.indices.flatMap { party in tracks[party].order.finish().map { .audio(party: party, $0) } }
  }
}

/// 16-bit samples, the high byte first; an odd byte at the end is left out.
func bigEndian(_ bytes: [UInt8]) -> [Int16] {
  stride(from: 0, to: bytes.count - 1, by: 2).map { Int16(bitPattern: UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])) }
}
