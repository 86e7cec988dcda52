/// A row of a table.
struct Row {
  /// Line that it begins on, from 1.
  var number: Int
  var fields: [String]
}

/// Tables with commas between the fields, as RFC 4180 has them and as spreadsheets write them.
enum CommaSeparated {
  /// Whether a first line has commas and nothing that would make it a line of another form.
  static func isLine(_ line: Line) -> Bool { !line.hasTabs && line.text.utf8.contains(comma) }

  /// The rows of `text` that are not blank. A field may be in quotes, and then have commas, line ends and, doubled, quotes.
  ///
  /// By bytes, since a carriage return and a line feed are one `Character`.
  ///
  /// - Parameter path: of the file, for errors.
  static func rows(of text: String, path: String) throws(EvaluationError) -> [Row] {
    var rows: [Row] = []
    var (fields, field): ([String], [UInt8]) = ([], [])
    var (line, first) = (1, 1)
    var (isQuoted, wasQuoted) = (false, false)
    func endField() {
      // White space around a field is no part of it, but within quotes.
      fields.append(wasQuoted ? String(decoding: field, as: UTF8.self) : trimmed(field))
      field = []
      wasQuoted = false
    }
    func endRow() {
      if wasQuoted || !fields.isEmpty || field.contains(where: { !isSpace($0) }) {
        endField()
        rows.append(Row(number: first, fields: fields))
      }
      (fields, field) = ([], [])
      first = line
    }
    var bytes = text.utf8.makeIterator()
    if text.utf8.starts(with: [0xEF, 0xBB, 0xBF]) { for _ in 0..<3 { _ = bytes.next() } }
    while let byte = bytes.next() {
      if byte == newline { line += 1 }
      switch byte {
      case quote where isQuoted: isQuoted = false
      case _ where isQuoted: field.append(byte)
      case quote where wasQuoted:
        // A doubled one.
        field.append(quote)
        isQuoted = true
      case quote where field.allSatisfy(isSpace):
        field = []
        (isQuoted, wasQuoted) = (true, true)
      case comma: endField()
      case newline: endRow()
      case _ where wasQuoted && isSpace(byte): break
      default: field.append(byte)
      }
    }
    if isQuoted { throw EvaluationError(path: path, line: first, message: "has a quote that is not closed") }
    endRow()
    return rows
  }

  /// The fields of a line that is a row by itself.
  static func fields(of line: Line) -> [String] { (try? rows(of: String(line.text), path: ""))?.first?.fields ?? [] }

  private static let comma = UInt8(ascii: ",")
  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\t")
  }

  private static func trimmed(_ field: [UInt8]) -> String {
    String(decoding: field.drop(while: isSpace).reversed().drop(while: isSpace).reversed(), as: UTF8.self)
  }
}
