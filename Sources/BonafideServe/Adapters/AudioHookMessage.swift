import BonafideReport
import FoundationEssentials

/// A message of the client in Genesys AudioHook, version 2.
struct AudioHookMessage: Decodable {
  struct Parameters: Decodable {
    var conversationId: String?
    var organizationId: String?
    var participant: Participant?
    var media: [Media]?
    var discarded: String?
    var reason: String?
    var message: String?
  }

  struct Participant: Decodable {
    var ani: String?
    var aniName: String?
    var dnis: String?
  }

  struct Media: Decodable {
    var type: String
    var format: String
    var channels: [String]
    var rate: Int

    var json: JSON {
      .object([
        ("type", .string(type)), ("format", .string(format)), ("channels", .array(channels.map { .string($0) })), ("rate", .integer(rate)),
      ])
    }
  }

  var version: String
  var id: String
  var type: String
  var seq: Int
  var parameters: Parameters

  /// Seconds of a duration as ISO 8601 has it (`PT1H2M3.5S`); `nil` where it is none, or longer than a day.
  static func seconds(_ duration: String) -> Double? {
    guard duration.hasPrefix("PT"), duration.count > 2 else { return nil }
    var (sum, digits) = (0.0, "")
    var units: [Character: Double] = ["H": 3600, "M": 60, "S": 1]
    for character in duration.dropFirst(2) {
      if let unit = units.removeValue(forKey: character) {
        guard let value = Double(digits), value >= 0 else { return nil }
        (sum, digits) = (sum + value * unit, "")
      } else if character.isASCII, character.isNumber || character == "." {
        digits.append(character)
      } else {
        return nil
      }
    }
    return digits.isEmpty && sum <= 86_400 ? sum : nil
  }
}
