/// Samples of one party, in the form in which the wire brings them.
package enum Audio: Sendable, Equatable {
  /// G.711 µ-law, a byte each.
  case muLaw([UInt8])
  /// G.711 A-law, a byte each.
  case aLaw([UInt8])
  /// 16-bit integers.
  case linear([Int16])
  /// G.722, a byte for two samples at 16 kHz.
  case g722([UInt8])
  /// So many samples that never came.
  case missing(Int)

  /// Samples.
  package var count: Int {
    switch self {
    case .muLaw(let bytes), .aLaw(let bytes): bytes.count
    case .linear(let samples): samples.count
    case .g722(let bytes): 2 * bytes.count
    case .missing(let count): count
    }
  }

  /// Takes up what follows, where it has the same form.
  mutating func join(_ next: Audio) -> Bool {
    switch (self, next) {
    case (.muLaw(var bytes), .muLaw(let more)):
      self = .missing(0)
      bytes += more
      self = .muLaw(bytes)
    case (.aLaw(var bytes), .aLaw(let more)):
      self = .missing(0)
      bytes += more
      self = .aLaw(bytes)
    case (.linear(var samples), .linear(let more)):
      self = .missing(0)
      samples += more
      self = .linear(samples)
    case (.g722(var bytes), .g722(let more)):
      self = .missing(0)
      bytes += more
      self = .g722(bytes)
    case (.missing(let count), .missing(let more)):
      self = .missing(count + more)
    default:
      return false
    }
    return true
  }
}

/// What an adapter reads off its wire.
package enum WireEvent: Sendable, Equatable {
  /// A call begins.
  case start(CallOrigin)
  /// A party of it, the next by number from 0.
  case party(name: String, sampleRate: Int)
  /// Audio of a party, in order.
  case audio(party: Int, Audio)
  /// Audio that came, and that no party could take: of one source too many, or in a form that is not known.
  case unheard(seconds: Double)
  /// The call ends.
  case end(CallEnd)
}

/// Where a call comes from.
package struct CallOrigin: Sendable, Equatable {
  /// The adapter: `audiosocket`, `twilio`, `rtp`.
  package var adapter: String
  /// What the telephone system calls it.
  package var name: String
  /// What else it says of it, in its own words, by name.
  package var details: [String: String] = [:]

  package init(adapter: String, name: String, details: [String: String] = [:]) {
    self.adapter = adapter
    self.name = name
    self.details = details
  }
}

/// Why a call ended.
package enum CallEnd: String, Sendable, Equatable, CaseIterable {
  /// The telephone system says so.
  case hangUp = "hang_up"
  /// The connection was closed without a word.
  case closed
  /// Nothing came for a while.
  case idle
  /// The other side sent what makes no sense, or too much.
  case error
  /// This host stops.
  case shutdown
}

/// What a telephone system sent that cannot be taken; its connection is closed.
package struct WireError: Error, Equatable, CustomStringConvertible {
  /// What is wrong with what was sent, in one line.
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// Why a new call is not taken.
package enum Refusal: String, Error, Sendable, Equatable, CaseIterable {
  /// As many calls are under way as `--max-calls` allows.
  case full
  /// Updates of the calls under way are late.
  case late
  /// Nobody takes the events.
  case backlog
  /// This host stops.
  case shutdown
}

/// Why a datagram is not taken.
enum DroppedDatagram: String, Sendable, CaseIterable {
  /// Of a sender that is not on the list.
  case stranger
  /// Of a sender beyond those that can be told apart.
  case full
  /// Behind the end of its call, or behind its refusal.
  case ended
  /// More than a call sends.
  case flood
  /// Of a type of payload that is not known.
  case payload
  /// Neither RTP nor RTCP.
  case malformed
}
