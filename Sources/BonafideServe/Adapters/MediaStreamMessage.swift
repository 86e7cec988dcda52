import FoundationEssentials

/// A message of Twilio's Media Streams, and of what speaks nearly the same: Telnyx, SignalWire, Fonoster.
struct MediaStreamMessage: Decodable {
  struct Start: Decodable {
    struct Format: Decodable {
      var encoding: String?
      var sampleRate: Whole?
      var channels: Whole?

      enum CodingKeys: String, CodingKey {
        case encoding, sampleRate, channels
        case rateOfTelnyx = "sample_rate"
      }

      init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        encoding = try members.decodeIfPresent(String.self, forKey: .encoding)
        sampleRate = try members.decodeIfPresent(Whole.self, forKey: .sampleRate) ?? members.decodeIfPresent(Whole.self, forKey: .rateOfTelnyx)
        channels = try members.decodeIfPresent(Whole.self, forKey: .channels)
      }
    }

    var format: Format?
    /// What the message says of the call, by the names that it uses.
    var details: [String: String]

    private struct Name: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: Name.self)
      format =
        try members.decodeIfPresent(Format.self, forKey: Name(stringValue: "mediaFormat"))
        ?? members.decodeIfPresent(Format.self, forKey: Name(stringValue: "media_format"))
      details = [:]
      for name in members.allKeys.prefix(50) {
        if let value = try? members.decode(String.self, forKey: name) { details[name.stringValue] = String(value.prefix(500)) }
      }
      for own in ["customParameters", "custom_parameters"] {
        for (name, value) in (try? members.decode([String: String].self, forKey: Name(stringValue: own))) ?? [:] where details.count < 100 {
          details["parameter.\(name.prefix(100))"] = String(value.prefix(500))
        }
      }
    }
  }

  struct Media: Decodable {
    var track: String?
    var chunk: Whole?
    var timestamp: Whole?
    var payload: String
  }

  /// A whole number, written as one or as a text.
  struct Whole: Decodable {
    var value: Int

    init(from decoder: any Decoder) throws {
      let single = try decoder.singleValueContainer()
      if let number = try? single.decode(Int.self) {
        value = number
      } else {
        guard let number = Int(try single.decode(String.self)) else {
          throw DecodingError.dataCorruptedError(in: single, debugDescription: "no whole number")
        }
        value = number
      }
    }
  }

  var event: String
  var start: Start?
  var media: Media?
  var streamSid: String?
  /// The same by Telnyx.
  var streamID: String?

  enum CodingKeys: String, CodingKey {
    case event, start, media, streamSid
    case streamID = "stream_id"
  }
}
