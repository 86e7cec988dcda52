import Bonafide

/// `value` rounded to at most `places` (0...6) decimals, without zeros at the end; `nil` if it is not finite.
func decimal(_ value: Double, places: Int) -> String? {
  guard var text = fixed(value, places: places) else { return nil }
  if places > 0, text.contains("."), !text.contains("e") {
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
  }
  return text == "-0" ? "0" : text
}

/// `value` rounded to `places` (0...6) decimals; `nil` if it is not finite.
func fixed(_ value: Double, places: Int) -> String? {
  guard value.isFinite else { return nil }
  let unit = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000][min(max(places, 0), 6)]
  let scaled = (value.magnitude * Double(unit)).rounded()
  // Whole numbers up to 2^53 are exact; larger values have no decimals worth rounding.
  guard scaled < 0x1p53 else { return "\(value)" }
  let (whole, part) = Int(scaled).quotientAndRemainder(dividingBy: unit)
  let sign = value < 0 && scaled > 0 ? "-" : ""
  if unit == 1 { return "\(sign)\(whole)" }
  let digits = String(part)
  return "\(sign)\(whole).\(String(repeating: "0", count: places - digits.count))\(digits)"
}

/// A time in seconds as `m:ss`, or `h:mm:ss` from an hour on.
public func clock(_ seconds: Double) -> String {
  let whole = Int(min(max(seconds.isFinite ? seconds.rounded() : 0, 0), 1e12))
  let (minutes, rest) = whole.quotientAndRemainder(dividingBy: 60)
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  return minutes < 60 ? "\(minutes):\(two(rest))" : "\(minutes / 60):\(two(minutes % 60)):\(two(rest))"
}

/// A probability in whole percent that is never 0 % or 100 %, which no model can know.
func percent(_ probability: Double) -> String {
  guard probability.isFinite else { return "–" }
  if probability < 0.01 { return "<1 %" }
  if probability > 0.99 { return ">99 %" }
  return "\(Int((probability * 100).rounded())) %"
}

/// `text` on one line and harmless to a terminal: control and direction characters are written as `\u{…}`.
public func printable(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    case .format where scalar.properties.isBidiControl:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Bytes in percent-encoding (RFC 3986), slashes as they are.
func percentEncoded(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let character = Unicode.Scalar(byte)
    let isPlain = byte < 0x80 && (character.properties.isAlphabetic || (0x30...0x39).contains(byte) || "-._~/".unicodeScalars.contains(character))
    return isPlain ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }.joined()
}

/// The last part of a path, `-` for standard input.
func baseName(_ path: String) -> Substring {
  path.split(separator: "/").last ?? "-"
}
