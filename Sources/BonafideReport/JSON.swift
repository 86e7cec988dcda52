import Bonafide

/// A JSON value whose members keep their order, and whose numbers say to how many decimals they are meant.
///
/// `JSONEncoder` offers neither, and leaves out what is `nil`.
package indirect enum JSON: Sendable {
  case null
  case string(String)
  case bool(Bool)
  case integer(Int)
  /// Rounded to `places` decimals; `null` if not finite.
  case number(Double, places: Int)
  case array([JSON])
  case object([(String, JSON)])

  package init(_ value: String?) {
    self = value.map(JSON.string) ?? .null
  }

  package init(_ value: Int?) {
    self = value.map(JSON.integer) ?? .null
  }

  package init(_ value: Double?, places: Int) {
    self = value.map { .number($0, places: places) } ?? .null
  }

  /// A value of a card, its members by name.
  package init(_ value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .bool(let value): .string(value ? "true" : "false")
      case .number(let value): .number(value, places: 6)
      case .string(let value): .string(value)
      case .array(let values): .array(values.map { JSON($0) })
      case .object(let members): .object(members.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) })
      }
  }

  /// Those of an object; none of anything else.
  var members: [(String, JSON)] {
    if case .object(let members) = self { members } else { [] }
  }

  /// The value without white space.
  package var text: String { text(hasPoints: false) }

  /// The same; with a point in each `number`, so that a reader that goes by the first lines takes none for whole ones.
  func text(hasPoints: Bool) -> String {
    var text = ""
    write(to: &text, hasPoints)
    return text
  }

  private func write(to text: inout String, _ hasPoints: Bool) {
    switch self {
    case .null: text += "null"
    case .string(let value): Self.writeQuoted(value, to: &text)
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value, let places):
      let digits = decimal(value, places: places)
      text += digits ?? "null"
      if hasPoints, digits?.contains(".") == false { text += ".0" }
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text, hasPoints)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, (name, value)) in members.enumerated() {
        if index > 0 { text += "," }
        Self.writeQuoted(name, to: &text)
        text += ":"
        value.write(to: &text, hasPoints)
      }
      text += "}"
    }
  }

  private static func writeQuoted(_ value: String, to text: inout String) {
    text += "\""
    defer { text += "\"" }
    // Audio and drawings are long, and have nothing to escape. Characters from U+0080 to U+00BF begin with 0xC2.
    guard value.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F || $0 == 0xC2 }) else {
      text += value
      return
    }
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ", "\u{7F}"..."\u{9F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}
