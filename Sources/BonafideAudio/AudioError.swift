/// Why audio could not be read: what is wrong, with which input, and what to do about it.
public struct AudioError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, Equatable, Codable {
    /// There is no such file, or a symbolic link leads nowhere.
    case notFound
    /// The path is a directory.
    case isDirectory
    /// The file is there and the system does not let it be read, or it cannot be kept for reading twice.
    case unreadable
    /// There are no bytes, or a header and no samples.
    case empty
    /// The content is not audio.
    case notAudio
    /// The sample rate is out of range.
    case unsupportedRate
    /// There are no channels, or too many.
    case unsupportedChannels
    /// Only ffmpeg might read the file, and it is not installed.
    case ffmpegMissing
    /// ffmpeg could not be started, or failed for a reason that is not the file's.
    case ffmpegFailed
    /// The format is known and its content is damaged or cannot be decoded.
    case decodeFailed
    /// The description of a headerless format is wrong.
    case badRawFormat
  }

  /// The kind of failure.
  public let code: Code
  /// The input as it was given; empty where the failure is not about a file.
  public let path: String
  /// What is wrong and what to do, in one line, without the path.
  public let message: String

  /// Describes a failure. Line breaks and other control characters in `message` become spaces.
  public init(code: Code, path: String, message: String) {
    self.code = code
    self.path = path
    self.message = message.singleLine
  }

  /// The input and the message, in one line.
  public var description: String {
    path.isEmpty ? message : "\(path.singleLine): \(message)"
  }
}

extension String {
  /// The text with each run of control characters and spaces as one space, without spaces at the ends.
  var singleLine: String {
    var line = ""
    var spaceIsDue = false
    for scalar in unicodeScalars {
      if scalar.properties.generalCategory == .control || scalar == " " {
        spaceIsDue = !line.isEmpty
      } else {
        if spaceIsDue { line.append(" ") }
        spaceIsDue = false
        line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}

extension String {
  /// The text without the stops and spaces at its end, to go within a sentence.
  var trimmingStop: String {
    var text = self[...]
    while let last = text.last, last == "." || last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
