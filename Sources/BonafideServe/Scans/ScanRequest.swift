import Bonafide
import BonafideAudio

/// What is asked for with a recording, as the query of `POST /v1/scan` has it.
struct ScanRequest: Sendable, Equatable {
  /// What the answer calls the recording.
  var file = "recording"
  var raw: RawFormat?
  var mix = false
  var channelNames: [String] = []
  /// Without the second stage; `nil` as the host was started.
  var fast: Bool?
  var timeline = false

  /// What is wrong with a query, in one line.
  struct Fault: Error, Equatable {
    let message: String
  }

  private static let parameters = ["file", "raw", "mix", "channel-names", "fast", "timeline"]
  /// Bytes of a name.
  private static let longestName = 1000

  /// - Parameter uri: as requested.
  init(uri: String) throws(Fault) {
    let query = uri.firstIndex(of: "?").map { uri[uri.index(after: $0)...] } ?? ""
    var seen: Set<String> = []
    for part in query.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded)
      guard let name = pair[0], let value = pair.count > 1 ? pair[1] : "" else {
        throw Fault(message: "'\(part)' is not percent-encoded text in UTF-8")
      }
      guard Self.parameters.contains(name) else {
        throw Fault(message: "there is no parameter '\(name)'; there are \(Self.parameters.joined(separator: ", "))")
      }
      guard seen.insert(name).inserted else { throw Fault(message: "\(name) is given twice") }
      try set(name, value)
    }
    if mix, channelNames.count > 1 { throw Fault(message: "mix makes one party of all channels, for which channel-names gives one name") }
  }

  /// What percent-encoded text stands for; `nil` where that is no text.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte != UInt8(ascii: "%") {
        bytes.append(byte)
      } else {
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private mutating func set(_ name: String, _ value: String) throws(Fault) {
    switch name {
    case "file":
      guard !value.isEmpty, value.utf8.count <= Self.longestName, !value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
      else { throw Fault(message: "file is a name of 1 to \(Self.longestName) bytes, without control characters") }
      file = value
    case "raw":
      do throws(AudioError) { raw = try RawFormat(parsing: value) } catch { throw Fault(message: "raw: \(error.message)") }
    case "channel-names":
      channelNames = value.split(separator: ",", omittingEmptySubsequences: false).map {
        String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      }
    default:
      guard let isSet = Bool(value) else { throw Fault(message: "\(name) is true or false, not '\(value)'") }
      switch name {
      case "mix": mix = isSet
      case "fast": fast = isSet
      default: timeline = isSet
      }
    }
  }

  /// Options of the scan: those of the host, and these.
  func applied(to options: ScanOptions) -> ScanOptions {
    var options = options
    (options.raw, options.mix, options.channelNames, options.timeline) = (raw, mix, channelNames, timeline)
    return options
  }

  /// What a recording without a header is by the ending of its name; `nil` where that tells nothing.
  var rawByName: RawFormat? {
    let endings = ["g722": "g722", "g723": "g723", "g729": "g729", "gsm": "gsm:8000"]
    return file.split(separator: ".").last.flatMap { endings[$0.lowercased()] }.flatMap { try? RawFormat(parsing: $0) }
  }
}
