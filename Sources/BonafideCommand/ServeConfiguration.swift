import ArgumentParser
import Bonafide
import BonafideAudio
import FoundationEssentials

/// Options of `serve` from elsewhere than the command line: a file, and the environment, which goes ahead of the file.
struct ServeConfiguration {
  /// An option or flag, by its long name.
  private struct Known: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String
    }

    let kind: String
    let names: [Name]?

    var long: String? { names?.first { $0.kind == "long" }?.name }
    var short: String? { names?.first { $0.kind == "short" }?.name }
    var isFlag: Bool { kind == "flag" }
  }

  private struct Tool: Decodable {
    struct Command: Decodable {
      let arguments: [Known]
    }

    let command: Command
  }

  /// Why no options can be had.
  struct Fault: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  /// What names of variables begin with.
  private static let prefix = "BONAFIDE_SERVE_"

  private let known: [String: Known]

  init() throws(Fault) {
    // What the parser knows is what there is.
    guard let tool = try? JSONDecoder().decode(Tool.self, from: Data(Serve._dumpHelp().utf8)) else {
      throw Fault(description: "the options of serve cannot be listed")
    }
    let arguments = tool.command.arguments.filter { !["help", "version"].contains($0.long) }
    known = Dictionary(arguments.compactMap { known in known.long.map { ($0, known) } }, uniquingKeysWith: { first, _ in first })
  }

  /// The command line behind what file and environment have and it has not, and where that is from.
  ///
  /// - Parameter arguments: of `serve`, without its name.
  func completed(_ arguments: [String], environment: [String: String]) throws(Fault) -> (arguments: [String], sources: [String]) {
    var variables: [String: String] = [:]
    for (variable, value) in environment where variable.hasPrefix(Self.prefix) {
      let name = variable.dropFirst(Self.prefix.count).lowercased().replacing("_", with: "-")
      if known[name] == nil, Self.isServiceLink(name) { continue }
      guard known[name] != nil else { throw Fault(description: "\(variable): serve has no option --\(name)") }
      variables[name] = value
    }
    var values: [String: (value: String, source: String)] = [:]
    if let path = Self.value(of: "--config", in: arguments) ?? variables["config"] {
      for (name, value) in try file(path) { values[name] = (value, "\(path): \(name)") }
    }
    for (name, value) in variables { values[name] = (value, Self.prefix + name.uppercased().replacing("-", with: "_")) }
    values["config"] = nil
    var (more, sources) = ([String](), [String]())
    for (name, (value, source)) in values.sorted(by: { $0.key < $1.key }) {
      guard let option = known[name], !isGiven(option, in: arguments) else { continue }
      sources.append(source)
      if !option.isFlag {
        more.append("--\(name)=\(value)")
      } else if let isSet = Bool(value) {
        if isSet { more.append("--\(name)") }
      } else {
        throw Fault(description: "\(source) is true or false, not '\(value)'")
      }
    }
    return (more + arguments, sources)
  }

  /// Whether Kubernetes gives such a variable to what runs beside a service called `bonafide-serve`.
  private static func isServiceLink(_ name: String) -> Bool {
    ["service-host", "service-port", "port"].contains { name == $0 || name.hasPrefix($0 + "-") }
  }

  private func isGiven(_ option: Known, in arguments: [String]) -> Bool {
    arguments.contains { argument in
      if let long = option.long, argument == "--\(long)" || argument.hasPrefix("--\(long)=") { return true }
      return option.short.map { argument.hasPrefix("-\($0)") } ?? false
    }
  }

  private static func value(of name: String, in arguments: [String]) -> String? {
    if let index = arguments.lastIndex(of: name), index + 1 < arguments.count { return arguments[index + 1] }
    return arguments.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// Values of a file by the names of options.
  private func file(_ path: String) throws(Fault) -> [String: String] {
    let bytes: [UInt8]
    do throws(RunError) { bytes = try readBytes(path) } catch { throw Fault(description: error.message) }
    let document: JSONValue
    do { document = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) } catch {
      throw Fault(description: "\(path): is no JSON: \(Self.reason(error))")
    }
    guard case .object(let members) = document else {
      throw Fault(description: #"\#(path): is no object, such as {"http": "127.0.0.1:8080", "max-calls": 100, "fast": true}"#)
    }
    var values: [String: String] = [:]
    for (name, value) in members {
      guard known[name] != nil, name != "config" else { throw Fault(description: "\(path): serve has no option --\(name)") }
      guard let text = Self.text(value) else { throw Fault(description: "\(path): \(name) is text, a number, true or false, or a list of text") }
      values[name] = text
    }
    return values
  }

  private static func reason(_ error: any Error) -> String {
    guard case .dataCorrupted(let context)? = error as? DecodingError else { return "\(error)" }
    return context.underlyingError.map { "\($0)" } ?? context.debugDescription
  }

  private static func text(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    case .bool(let isSet): "\(isSet)"
    case .array(let values):
      values.reduce(String?.some("")) { joined, value in
        guard let joined, case .string(let text) = value else { return nil }
        return joined.isEmpty ? text : joined + "," + text
      }
    case .object, .null: nil
    }
  }
}
