import ArgumentParser
import BonafideReport
import FoundationEssentials
import Glibc
import Logging
import Synchronization

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
    let left = StandardErrorLog.Left()
    var logger = Logger(label: "bonafide", factory: { _ in StandardErrorLog(format: logFormat, left: left) })
    logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .notice
    return logger
  }
}

/// Writes lines of a log to standard error: as those of other subcommands, or a JSON object each.
///
/// Warnings come from threads that calls wait for. While nobody reads what was written before, they are left out and counted.
struct StandardErrorLog: LogHandler {
  /// How many lines were left out, and not told of yet.
  final class Left: Sendable {
    let count = Atomic(0)
  }

  let format: ServeLogOptions.Format
  let left: Left
  var logLevel = Logger.Level.notice
  var metadata = Logger.Metadata()

  init(format: ServeLogOptions.Format, left: Left) {
    self.format = format
    self.left = left
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    if event.level == .warning, !Self.isRead {
      left.count.add(1, ordering: .relaxed)
      return
    }
    let count = left.count.exchange(0, ordering: .relaxed)
    if count > 0 {
      let message: Logger.Message = "\(count) \(count == 1 ? "line was" : "lines were") left out, for nobody read standard error"
      write(LogEvent(level: .warning, message: message, metadata: nil, source: event.source, file: event.file, function: event.function, line: event.line))
    }
    write(event)
  }

  /// Whether standard error takes a line at once.
  private static var isRead: Bool {
    var place = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    return poll(&place, 1, 0) != 0
  }

  private func write(_ event: LogEvent) {
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
