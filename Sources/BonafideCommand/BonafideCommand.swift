import ArgumentParser
import Bonafide
import BonafideAudio
import BonafideNetwork
import BonafideReport
import FoundationEssentials

/// The program: a subcommand for each job, `scan` when none is named.
@main
struct BonafideCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonafide",
    abstract: "Say for each side of a recorded call whether the voice is genuine, synthetic or can't be told.",
    version: "bonafide \(version)",
    subcommands: [Scan.self, Watch.self, Serve.self, LedgerCommand.self, Calibrate.self, Evaluate.self, Info.self],
    defaultSubcommand: Scan.self)

  /// Takes paths as bytes, which need not be UTF-8. Refuses what would be read as a row of short options, the help's among them: a
  /// pattern may have found a file of that name.
  static func main() {
    let arguments = (1..<max(1, Int(CommandLine.argc))).compactMap { CommandLine.unsafeArgv[$0].map { String(cPath: $0) } }
    for argument in arguments.prefix(while: { $0 != "--" }) where isRowOfOptions(argument) {
      exit(
        withError: ValidationError(
          "'\(argument.readablePath)' is no option. For a file of that name write './\(argument)', or '--' ahead of the paths."))
    }
    // The parser wants a version ahead of each run; models are read for it only where it is asked for.
    if arguments.prefix(while: { $0 != "--" }).contains("--version") {
      print(versionText)
      return
    }
    if let shell = scriptedShell(of: arguments) {
      print(script(for: shell))
      return
    }
    // For a scan the parser need not look at the other commands, which is a tenth of what a short recording takes. What it has to explain or
    // complain of, it does as the whole command.
    if arguments.first == "scan", let scan = try? Scan.parse(Array(arguments.dropFirst())) {
      do { try scan.run() } catch { exit(withError: error) }
      return
    }
    main(completed(arguments))
  }

  /// With what file and environment have for `serve`, where the command line has it not.
  private static func completed(_ arguments: [String]) -> [String] {
    guard arguments.first == "serve", !arguments.contains("--help"), !arguments.contains("-h") else { return arguments }
    do throws(ServeConfiguration.Fault) {
      let (completed, sources) = try ServeConfiguration().completed(
        Array(arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
      let all = ["serve"] + completed
      // What the parser complains of may be from there.
      if !sources.isEmpty, (try? parseAsRoot(all)) == nil { Terminal.say("options are also from \(sources.joined(separator: ", "))") }
      return all
    } catch {
      exit(withError: ValidationError(error.description))
    }
  }

  /// No row of short options makes sense here; `-j4` and `-o=FILE` are one option each.
  private static func isRowOfOptions(_ argument: String) -> Bool {
    let characters = Array(argument)
    guard characters.count > 2, characters[0] == "-", characters[1] != "-", characters[2] != "=" else { return false }
    return Double(argument) == nil && !(characters[1] == "j" && Int(argument.dropFirst(2)) != nil)
  }

  /// Version of the program.
  static let version = Detector.version

  private static var versionText: String {
    let models = (try? Detector.builtInFast.models) ?? []
    var lines = ["bonafide \(version)"] + models.map { "model \($0.card.name) \($0.card.version), SHA-256 \($0.sha256)" }
    if let second = try? SecondStage.builtInCard { lines.append("model \(second.name) \(second.version), SHA-256 \(second.weightsSHA256)") }
    return (lines + ["kernels \(Kernels.description)"]).joined(separator: "\n")
  }
}

/// A failure of the whole run, said in one line on standard error.
struct RunError: Error {
  /// What is wrong and what to do, in one line.
  let message: String
  /// What the program ends with.
  var status = ExitCode.failed
}

extension ExitCode {
  /// A recording has a synthetic party.
  static let flagged = ExitCode(1)
  /// Something could not be done, and nothing is flagged.
  static let failed = ExitCode(2)
}

/// A detector with the model of `--model` for all parties, or with the built-in ones.
///
/// - Parameters:
///   - fast: without the second stage, whose weights then need not be read.
///   - arithmetic: of the networks.
func loadDetector(_ path: String?, fast: Bool = false, arithmetic: Arithmetic = .fastest) throws(RunError) -> Detector {
  do throws(ModelError) {
    if let path { return Detector(model: try Model(path: path, arithmetic: arithmetic)) }
    return try Detector.builtIn(arithmetic, fast: fast)
  } catch {
    throw RunError(message: "\(error)")
  }
}

/// Refuses a command line that makes no sense.
func check(_ holds: Bool, _ message: @autoclosure () -> String) throws {
  if !holds { throw ValidationError(message()) }
}

/// Refuses to work for a report that would go to standard output where that is closed.
///
/// - Parameters:
///   - output: path of the report; `nil` and `-` are standard output.
///   - isOpen: whether standard output is.
func checkStandardOutput(for output: String?, isOpen: Bool) throws(RunError) {
  if output == nil || output == "-", !isOpen {
    throw RunError(message: "standard output is closed; write the report to a file with --output")
  }
}

/// Runs `body`; its error becomes a line on standard error and the program's status.
func reportingFailure(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as RunError {
    Terminal.say(error.message)
    throw error.status
  }
}
