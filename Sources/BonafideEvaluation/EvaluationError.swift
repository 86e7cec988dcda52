/// Why an evaluation could not be made: what is wrong with which file, and where.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, as the caller named it; `nil` where the fault is in no single file.
  public var path: String?
  /// Line of the file, from 1.
  public var line: Int?
  /// What is wrong and what to do, in one line.
  public var message: String

  public init(path: String? = nil, line: Int? = nil, message: String) {
    self.path = path
    self.line = line
    self.message = message
  }

  public var description: String {
    guard let path else { return message }
    return line.map { "\(path):\($0): \(message)" } ?? "\(path): \(message)"
  }
}
