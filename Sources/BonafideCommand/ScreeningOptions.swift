import ArgumentParser
import Bonafide
import BonafideAudio
import BonafideReport
import FoundationEssentials
import Glibc

/// How recordings are screened, for the subcommands that do so.
struct ScreeningOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp(
      "Recordings screened at once, or parties of the same one (default: as many as processors).", valueName: "number"))
  var jobs: Int?

  @Option(
    help: ArgumentHelp("Model to use instead of the built-in one.", valueName: "file.safetensors"),
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Flag(help: "Leave out the second stage: less sure, and several times as fast.")
  var fast = false

  @Flag(help: "Show no progress, even on a terminal.")
  var noProgress = false

  func validate() throws {
    try check(jobs.map { (1...1024).contains($0) } ?? true, "--jobs is a number of threads from 1 to 1024.")
  }

  /// The detector with the models of the command line.
  func detector() throws(RunError) -> Detector { try loadDetector(model, fast: fast) }

  /// Files that `--model` reads: weights and, beside them, the card.
  var modelFiles: [String?] { [model, model.flatMap(Model.cardPath(ofWeights:))] }

  var threads: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

  /// Columns of a terminal for a progress line; `nil` for none.
  var progressWidth: Int? {
    guard !noProgress, Terminal.isTerminal(STDERR_FILENO) else { return nil }
    return Terminal.width(of: STDERR_FILENO) ?? 80
  }
}

/// How recordings become parties.
struct PartyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Take recordings for headerless samples: ulaw, alaw, s16le, s16be, vox, ima or gsm, the rate in Hz, the number of channels if \
      not 1; or g722, g723 or g729, which need no rate.
      """,
      valueName: "encoding:rate[:channels]"),
    transform: { text in try RawFormat(parsing: text) })
  var raw: RawFormat?

  @Flag(help: "Screen the mean of all channels as one party.")
  var mix = false

  /// Whether one of them is given.
  var isGiven: Bool { raw != nil || mix }

  /// The recordings at paths.
  ///
  /// - Parameters:
  ///   - wanted: whether a file of a folder is taken, by its path.
  ///   - leftOut: counts the files of folders that are not taken.
  func recordings(
    at paths: [String], where wanted: (String) -> Bool = { _ in true }, leftOut: inout LeftOut
  ) -> [Recording] {
    Recording.all(at: paths, raw: raw, where: wanted, leftOut: &leftOut)
  }

  var scanOptions: ScanOptions {
    var options = ScanOptions()
    options.raw = raw
    options.mix = mix
    return options
  }
}

/// The site that a detector is fitted to.
struct SiteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("What bonafide calibrate made of genuine calls of this site.", valueName: "file"), completion: .file())
  var profile: String?

  /// The detector as the site's profile has it.
  func adjusted(_ detector: Detector) throws(RunError) -> Detector {
    guard let profile else { return detector }
    let text = try readText(profile)
    do throws(ProfileError) {
      return try detector.adjusted(to: try SiteProfile(json: text.utf8))
    } catch {
      throw RunError(message: "\(profile): \(error)")
    }
  }
}
