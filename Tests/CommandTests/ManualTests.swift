import Foundation
import Testing

/// The man pages, against what the parser of the command line knows.
@Suite struct ManualTests {
  private struct Tool: Decodable {
    var command: Command
  }

  private struct Command: Decodable {
    var commandName: String
    var subcommands: [Command]?
    var arguments: [Argument]?

    /// Its own arguments and those of its subcommands, which have no page of their own.
    var documented: [Argument] {
      (arguments ?? []) + (commandName == "bonafide" ? [] : (subcommands ?? []).flatMap { $0.arguments ?? [] })
    }
  }

  private struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }

    var kind: String
    var names: [Name]?
    var defaultValue: String?
    var allValues: [String]?

    /// As a page marks them: `-f`, `--format`.
    var flags: [String] { (names ?? []).map { $0.kind == "short" ? "Fl \($0.name)" : "Fl Fl \($0.name)" } }
  }

  /// The entry of an option in a page: from its `.It` to the next, or to the end of the list.
  private func entry(of argument: Argument, in page: String) -> Substring? {
    let entries = page.split(separator: "\n.It ").dropFirst()
    let entry = entries.first { entry in
      let names = entry.prefix { $0 != "\n" }.split(separator: " , ").map { String($0) }
      return argument.flags.allSatisfy { flag in names.contains { $0 == flag || $0.hasPrefix(flag + " ") } }
    }
    guard let entry, let end = entry.firstRange(of: "\n.El") else { return entry }
    return entry[..<end.lowerBound]
  }

  @Test func pagesHaveAllOptionsTheirValuesAndDefaults() throws {
    let run = try bonafide(["--experimental-dump-help"])
    let tool = try JSONDecoder().decode(Tool.self, from: Data(run.output.utf8)).command
    let commands = [tool] + (tool.subcommands ?? []).filter { $0.commandName != "help" }
    #expect(commands.count == 8)
    for command in commands {
      let name = command.commandName == "bonafide" ? "bonafide" : "bonafide-\(command.commandName)"
      let page = try String(contentsOf: packageFolder.appending(path: "Manual/\(name).1"), encoding: .utf8)
      for argument in command.documented where argument.kind != "positional" {
        let flags = argument.flags.joined(separator: ", ")
        guard let entry = entry(of: argument, in: page) else {
          Issue.record("\(name)(1) has no entry for \(flags)")
          continue
        }
        let words = entry.split { " \n".contains($0) }
        for value in argument.allValues ?? [] {
          #expect(words.contains(Substring(value)), "\(name)(1), \(flags): \(value) is missing")
        }
        if let value = argument.defaultValue.map({ $0.replacing(/\.0$/, with: "") }) {
          let text = entry.replacing("\n.Cm ", with: " ").replacing("\n", with: " ")
          #expect(
            text.contains("The default is \(value).") || text.contains("The default is \(value) ."), "\(name)(1), \(flags): default \(value)")
        }
      }
      for section in ["EXIT STATUS", "EXAMPLES", "SEE ALSO"] { #expect(page.contains("\n.Sh \(section)\n"), "\(name)(1): \(section)") }
    }
  }

  /// docs/formats.md tells which test holds what; a test that is renamed takes its name there along.
  @Test func tablesNameTestsThatThereAre() throws {
    let places = ["Tests", "Bindings/python/tests"].compactMap {
      FileManager.default.enumerator(at: packageFolder.appending(path: $0), includingPropertiesForKeys: nil)
    }
    let files = places.flatMap { $0.compactMap { $0 as? URL } }.filter { ["swift", "py", "c"].contains($0.pathExtension) }
    let sources = try files.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    let tests = Set(sources.matches(of: /(?:func|struct|def|static void) (\w+)/).map(\.output.1))
    let page = try String(contentsOf: packageFolder.appending(path: "docs/formats.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("|") }.compactMap { $0.split(separator: "|").last }
    let names = rows.flatMap { $0.matches(of: /`([^`]+)`/).map(\.output.1) }
    #expect(names.count > 100)
    for name in names {
      let isThere =
        name.contains("/")
        ? FileManager.default.fileExists(atPath: packageFolder.appending(path: String(name)).path) : tests.contains(name)
      #expect(isThere, "docs/formats.md names \(name), which is no test")
    }
  }
}
