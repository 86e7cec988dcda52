/// What the payload of an RTP packet is, by its type: types that the RTP/AVP profile fixes (RFC 3551), and those that are agreed on.
package struct RTPPayloads: Sendable, Equatable {
  /// A form of audio.
  package struct Format: Sendable, Equatable {
    package enum Encoding: String, Sendable {
      case muLaw = "PCMU"
      case aLaw = "PCMA"
      case g722 = "G722"
      case linear = "L16"
    }

    package var encoding: Encoding
    /// Hz.
    package var sampleRate: Int
    package var channels: Int

    package init(_ encoding: Encoding, sampleRate: Int, channels: Int = 1) {
      self.encoding = encoding
      self.sampleRate = sampleRate
      self.channels = channels
    }

    /// Ticks a second of its timestamps: those of G.722 count 8000 by an old mistake.
    var clock: Int { encoding == .g722 ? 8000 : sampleRate }

    /// Whether samples and ticks are as many as of another.
    func isInStep(with other: Format) -> Bool { (sampleRate, clock, channels) == (other.sampleRate, other.clock, other.channels) }

    /// The samples of a payload, by channel.
    func audio(_ payload: [UInt8]) -> [Audio] {
      switch encoding {
      case .muLaw: return [.muLaw(payload)]
      case .aLaw: return [.aLaw(payload)]
      case .g722: return [.g722(payload)]
      case .linear:
        let samples = bigEndian(payload)
        guard channels > 1 else { return [.linear(samples)] }
        return (0..<channels).map { channel in
          .linear(stride(from: channel, to: samples.count - samples.count % channels, by: channels).map { samples[$0] })
        }
      }
    }
  }

  private var formats: [UInt8: Format] = [
    0: Format(.muLaw, sampleRate: 8000), 8: Format(.aLaw, sampleRate: 8000), 9: Format(.g722, sampleRate: 16_000),
    10: Format(.linear, sampleRate: 44_100, channels: 2), 11: Format(.linear, sampleRate: 44_100),
  ]

  package init() {}

  package subscript(type: UInt8) -> Format? { formats[type] }

  /// Adds a type, written as SDP has it, such as `96=L16/16000` or `97=L16/8000/2`.
  ///
  /// - Throws: what is wrong with the text, and which are taken.
  package mutating func add(_ text: String) throws(SettingError) {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, let type = UInt8(sides[0]), type < 128 else { throw SettingError("'\(text)' is no TYPE=ENCODING/RATE, such as 96=L16/16000") }
    let parts = sides[1].split(separator: "/", omittingEmptySubsequences: false)
    guard let encoding = Format.Encoding(rawValue: parts[0].uppercased()) else {
      throw SettingError("'\(parts[0])' is no encoding that is taken: PCMU, PCMA, G722 and L16 are")
    }
    guard (2...3).contains(parts.count), let rate = Int(parts[1]), (6000...192_000).contains(rate) else {
      throw SettingError("'\(text)' has no rate from 6000 to 192000 Hz, as 96=L16/16000 has")
    }
    let channels = parts.count == 3 ? Int(parts[2]) ?? 0 : 1
    guard channels == 1 || channels == 2 && encoding == .linear else { throw SettingError("'\(text)': one channel is taken, of L16 also two") }
    guard encoding != .g722 || rate == 8000 else { throw SettingError("'\(text)': the rate of G722 is written as 8000, as SDP has it") }
    formats[type] = Format(encoding, sampleRate: encoding == .g722 ? 16_000 : rate, channels: channels)
  }
}
