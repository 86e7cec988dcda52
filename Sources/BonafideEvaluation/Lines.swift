/// A line of a text file.
struct Line {
  /// From 1.
  var number: Int
  var text: Substring

  /// Fields between white space, or between tabs where the line has any: a name with spaces needs tabs.
  var fields: [Substring] { hasTabs ? tabbed : words }

  var hasTabs: Bool { text.utf8.contains(UInt8(ascii: "\t")) }

  /// Fields between tabs; those between two tabs in a row are empty.
  var tabbed: [Substring] {
    text.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map { Substring($0) }
  }

  var words: [Substring] {
    text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { Substring($0) }
  }
}

/// The lines of `text` that are not blank; they may end in a line feed, with or without a carriage return.
///
/// By bytes, since a carriage return and a line feed are one `Character`.
func lines(of text: String) -> [Line] {
  var lines: [Line] = []
  var number = 0
  for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    number += 1
    var line = bytes
    if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
    while line.last == UInt8(ascii: "\r") { line = line.dropLast() }
    let isBlank = line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    if !isBlank { lines.append(Line(number: number, text: Substring(line))) }
  }
  return lines
}
