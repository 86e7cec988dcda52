import ArgumentParser
import Bonafide
import BonafideReport
import FoundationEssentials
import Glibc

/// How recordings are screened, for the subcommands that do so.
struct ScreeningOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Recordings screened at once (default: as many as processors).", valueName: "number"))
  var jobs: Int?

  @Option(
    help: ArgumentHelp("Model to use instead of the built-in one.", valueName: "file.safetensors"),
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Flag(help: "Show no progress, even on a terminal.")
  var noProgress = false

  func validate() throws {
    try check(jobs.map { (1...1024).contains($0) } ?? true, "--jobs is a number of threads from 1 to 1024.")
  }

  var threads: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

  /// Columns of a terminal for a progress line; `nil` for none.
  var progressWidth: Int? {
    guard !noProgress, Terminal.isTerminal(STDERR_FILENO) else { return nil }
    return Terminal.width(of: STDERR_FILENO) ?? 80
  }
}

extension EngineInfo {
  init(_ model: Model) {
    self.init(version: BonafideCommand.version, modelName: model.card.name, modelSHA256: model.sha256)
  }
}
