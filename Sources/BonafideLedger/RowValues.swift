import GRDB

/// Values of rows, which may be any in a damaged file. (Subscripts of a row end the program where a value is of another kind.)
extension Row {
  /// The value of a column.
  ///
  /// - Throws: where it is of another kind, or missing.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ column: String, as _: Value.Type = Value.self) throws -> Value {
    try decode(forColumn: column)
  }

  /// The value of a column that may be null.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ column: String, as _: Value?.Type = Value?.self) throws -> Value? {
    try decode(Value?.self, forColumn: column)
  }

  /// The word of a column that may be null.
  ///
  /// - Throws: where it is none of the words that there are.
  func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word? {
    try value(column, as: String?.self).map { text in
      guard let word = Word(rawValue: text) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(column) is '\(text.prefix(40))'")
      }
      return word
    }
  }
}
