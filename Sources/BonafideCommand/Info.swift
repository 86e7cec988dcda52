import ArgumentParser
import Bonafide
import BonafideReport
import FoundationEssentials

/// Prints what a model is: a summary in words, or its card.
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a model is, how it was trained and how well it does.")

  /// The forms of a card.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json
  }

  @Option(
    help: ArgumentHelp("Model to describe instead of the built-in one.", valueName: "file.safetensors"),
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Flag(help: "The built-in model of wide bands, in place of the telephone's.")
  var wideband = false

  func validate() throws {
    try check(model == nil || !wideband, "--wideband is about the built-in models; leave out --model.")
  }

  @Option(name: .shortAndLong, help: "Form of the answer; json is the whole card.")
  var format = Format.text

  @Flag(name: .shortAndLong, help: "Print the whole card as text, and not the summary.")
  var verbose = false

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    try reportingFailure {
      guard hasOutput else { throw RunError(message: "standard output is closed; leave it open to read the card") }
      let detector = try loadDetector(model)
      let card = (wideband ? detector.wideband ?? detector.narrowband : detector.narrowband).card
      let output = try ReportOutput(path: nil)
      switch format {
      case .json: try output.write(try json(card) + "\n")
      case .text where verbose: try output.write(try text(card))
      case .text: try output.write(ModelSummary(card: card, second: detector.second?.card).text)
      }
    }
  }

  private func json(_ card: ModelCard) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(card), as: UTF8.self)
  }

  /// Sections of a card in the order in which they are read.
  private static let sections = [
    "name", "version", "safetensors_sha256", "architecture", "features", "calibration", "operating_points", "training",
    "metrics",
  ]

  private func text(_ card: ModelCard) throws -> String {
    guard case .object(let members) = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(card)) else {
      return ""
    }
    let sections = Self.sections + members.keys.filter { !Self.sections.contains($0) }.sorted()
    let rows = sections.flatMap { name in members[name].map { self.rows(name, $0) } ?? [] }
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { row in
      let gap = String(repeating: " ", count: width - row.name.count + 2)
      return "\(printable(row.name))\(gap)\(printable(row.value))\n"
    }.joined()
  }

  /// A row for each value that is not an object, named by the way to it.
  private func rows(_ name: String, _ value: JSONValue) -> [(name: String, value: String)] {
    if case .object(let members) = value {
      return members.sorted { $0.key < $1.key }.flatMap { rows("\(name).\($0.key)", $0.value) }
    }
    return [(name, plain(value))]
  }

  private func plain(_ value: JSONValue) -> String {
    switch value {
    case .null: "–"
    case .bool(let value): value ? "yes" : "no"
    case .number(let value): value.rounded() == value && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .string(let value): value
    case .array(let values): values.map(plain).joined(separator: " ")
    case .object(let members):
      members.sorted { $0.key < $1.key }.map { "\($0.key)=\(plain($0.value))" }.joined(separator: " ")
    }
  }
}
