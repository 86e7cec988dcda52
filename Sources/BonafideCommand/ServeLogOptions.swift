import ArgumentParser
import BonafideReport
import FoundationEssentials
import Logging

/// What a live host says on standard error, and how.
struct ServeLogOptions: ParsableArguments {
  /// How important a line is, as swift-log has it.
  enum Level: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error, critical
  }

  /// How lines of the log are written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json
  }

  @Option(help: ArgumentHelp("Lines on standard error of this importance and above.", valueName: "level"))
  var logLevel = Level.notice

  @Option(help: ArgumentHelp("Form of lines on standard error.", valueName: "form"))
  var logFormat = Format.text

  /// The log of the host.
  var logger: Logger {
    var logger = Logger(label: "bonafide", factory: { _ in StandardErrorLog(format: logFormat) })
    logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .notice
    return logger
  }
}

/// Writes lines of a log to standard error: as those of other subcommands, or a JSON object each.
struct StandardErrorLog: LogHandler {
  let format: ServeLogOptions.Format
  var logLevel = Logger.Level.notice
  var metadata = Logger.Metadata()

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let metadata = self.metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
    switch format {
    case .text:
      let more = metadata.map { ", \($0.key) \($0.value)" }.joined()
      Terminal.say("\(event.message)\(more)")
    case .json:
      Terminal.write(Self.line(event, metadata))
    }
  }

  /// A line of JSON.
  static func line(_ event: LogEvent, _ metadata: [(key: String, value: Logger.Metadata.Value)]) -> String {
    let members: [(String, JSON)] =
      [
        ("at", .string(Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))),
        ("level", .string(event.level.rawValue)), ("message", .string("\(event.message)")),
      ] + metadata.map { ($0.key, .string("\($0.value)")) }
    return JSON.object(members).text + "\n"
  }
}
