import BonafideReport
import FoundationEssentials

/// Genesys AudioHook, version 2: texts in JSON that are numbered and answered, audio in binary messages, PCMU, one channel or two.
package struct AudioHookParser: WebSocketParser {
  private enum State {
    case new
    /// A probe of the connection, with no call behind it.
    case probed
    case open(channels: [String], rate: Int)
    case closed
  }

  /// The conversation of a probe.
  private static let nobody = "00000000-0000-0000-0000-000000000000"
  /// What is taken where it is offered, the best first.
  private static let wanted = [["external", "internal"], ["external"], ["internal"]]

  private var state = State.new
  private var session = ""
  private var clientNumber = 0
  private var serverNumber = 0

  package init() {}

  package mutating func text(_ bytes: [UInt8]) throws(WireError) -> WireTurn {
    let message: AudioHookMessage
    do { message = try JSONDecoder().decode(AudioHookMessage.self, from: Data(bytes)) } catch { throw WireError("a message that is no AudioHook JSON") }
    guard message.version == "2" else { throw WireError("AudioHook version '\(message.version.prefix(20))'; 2 is spoken") }
    guard message.seq == clientNumber + 1 else { throw WireError("message \(message.seq) behind message \(clientNumber)") }
    clientNumber = message.seq
    switch (message.type, state) {
    case (_, .closed): return WireTurn()
    case ("open", .new):
      session = message.id
      return try open(message)
    case ("open", _): throw WireError("a second open in one session")
    case (_, .new): throw WireError("'\(message.type.prefix(20))' ahead of open")
    case _ where message.id != session: throw WireError("a message of another session")
    case ("ping", _): return WireTurn(replies: [reply("pong")])
    case ("update", _): return WireTurn(replies: [reply("updated")])
    case ("close", let before):
      state = .closed
      let events: [WireEvent] = if case .open = before { [.end(.hangUp)] } else { [] }
      return WireTurn(events, replies: [reply("closed")])
    case ("discarded", .open(let channels, let rate)), ("resumed", .open(let channels, let rate)):
      return WireTurn(try gap(message.parameters.discarded ?? "", channels, rate))
    // paused, error, and what later versions bring.
    default: return WireTurn()
    }
  }

  private mutating func open(_ message: AudioHookMessage) throws(WireError) -> WireTurn {
    let offered = (message.parameters.media ?? []).filter { $0.type == "audio" && $0.format == "PCMU" && (6000...192_000).contains($0.rate) }
    guard let media = Self.wanted.lazy.compactMap({ channels in offered.first { $0.channels == channels } }).first else {
      throw WireError("no audio that is taken is offered: PCMU of external, internal or both")
    }
    let opened = reply("opened", [("startPaused", .bool(false)), ("media", .array([media.json]))])
    let conversation = message.parameters.conversationId ?? session
    guard conversation != Self.nobody else {
      state = .probed
      return WireTurn(replies: [opened])
    }
    state = .open(channels: media.channels, rate: media.rate)
    var details = ["session": session]
    details["organization"] = message.parameters.organizationId
    details["ani"] = message.parameters.participant?.ani
    details["aniName"] = message.parameters.participant?.aniName
    details["dnis"] = message.parameters.participant?.dnis
    details = details.mapValues { String($0.prefix(500)) }
    let origin = CallOrigin(adapter: "audiohook", name: conversation, details: details)
    return WireTurn([.start(origin)] + media.channels.map { .party(name: $0, sampleRate: media.rate) }, replies: [opened])
  }

  /// Audio that the other side has thrown away.
  private func gap(_ duration: String, _ channels: [String], _ rate: Int) throws(WireError) -> [WireEvent] {
    guard let seconds = AudioHookMessage.seconds(duration) else { throw WireError("discarded '\(duration.prefix(40))' is no duration") }
    let samples = Int((seconds * Double(rate)).rounded())
    return samples == 0 ? [] : channels.indices.map { .audio(party: $0, .missing(samples)) }
  }

  package mutating func binary(_ bytes: [UInt8]) throws(WireError) -> WireTurn {
    switch state {
    case .new: throw WireError("audio ahead of open")
    case .probed, .closed: return WireTurn()
    case .open(let channels, _):
      guard bytes.count.isMultiple(of: channels.count) else { throw WireError("\(bytes.count) bytes of \(channels.count) channels") }
      guard !bytes.isEmpty else { return WireTurn() }
      guard channels.count > 1 else { return WireTurn([.audio(party: 0, .muLaw(bytes))]) }
      return WireTurn(
        channels.indices.map { channel in
          .audio(party: channel, .muLaw(stride(from: channel, to: bytes.count, by: channels.count).map { bytes[$0] }))
        })
    }
  }

  package mutating func flush() -> [WireEvent] { [] }

  package mutating func farewell(_ why: String) -> [String] {
    guard clientNumber > 0 else { return [] }
    state = .closed
    return [reply("disconnect", [("reason", .string("error")), ("info", .string(why))])]
  }

  package mutating func takeBack(_ replies: Int) { serverNumber -= replies }

  private mutating func reply(_ type: String, _ parameters: [(String, JSON)] = []) -> String {
    serverNumber += 1
    return JSON.object([
      ("version", .string("2")), ("type", .string(type)), ("seq", .integer(serverNumber)), ("clientseq", .integer(clientNumber)),
      ("id", .string(session)), ("parameters", .object(parameters)),
    ]).text
  }
}
