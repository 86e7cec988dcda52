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

  @Flag(help: "Compute in single precision throughout: the same scores on every machine to 1e-4, in more time.")
  var precise = false

  @Flag(help: "Show no progress, even on a terminal.")
  var noProgress = false

  func validate() throws {
    try check(jobs.map { (1...1024).contains($0) } ?? true, "--jobs is a number of threads from 1 to 1024.")
  }

  /// The detector with the models of the command line.
  func detector() throws(RunError) -> Detector {
    try loadDetector(model, fast: fast, arithmetic: precise ? .float : .fastest)
  }

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
    completion: .list(["ulaw:8000", "alaw:8000", "s16le:8000", "s16be:8000", "vox:8000", "ima:8000", "gsm:8000", "g722", "g723", "g729"]),
    transform: { text in try RawFormat(parsing: text) })
  var raw: RawFormat?

  @Flag(help: "Screen the mean of all channels as one party.")
  var mix = false

  @Option(
    help: ArgumentHelp("Names of the channels, with commas between, such as agent,caller.", valueName: "names"),
    completion: .list(["agent,caller", "caller,agent"]))
  var channelNames: String?

  /// Names of the channels, first to last.
  var names: [String] {
    channelNames?.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    } ?? []
  }

  /// Whether one of them is given.
  var isGiven: Bool { raw != nil || mix || channelNames != nil }

  func validate() throws {
    try check(!mix || names.count <= 1, "--mix makes one party of all channels, for which --channel-names gives one name.")
  }

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
    options.channelNames = names
    return options
  }
}

/// The site that a detector is fitted to.
struct SiteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("What bonafide calibrate made of genuine calls of this site.", valueName: "file"), completion: .file())
  var profile: String?

  /// A detector as the site's profile has it.
  struct Fitted {
    let detector: Detector
    /// The profile, and names of the models that it has nothing for.
    fileprivate let left: (path: String, models: [String])?

    /// A line for each model that the profile has nothing for and that was at work.
    ///
    /// - Parameter judged: parties by the model that judged them.
    func gaps(_ judged: [String: Int]) -> [String] {
      guard let left else { return [] }
      return left.models.compactMap { model in
        guard let count = judged[model], count > 0 else { return nil }
        return "\(left.path): warning: has nothing for model \(model), which judged \(count) \(count == 1 ? "party" : "parties") "
          + "as without a profile; calibrate with more calls of that band"
      }
    }
  }

  /// The detector as the site's profile has it.
  func fitted(_ detector: Detector) throws(RunError) -> Fitted {
    guard let path = profile else { return Fitted(detector: detector, left: nil) }
    let text = try readText(path)
    do throws(ProfileError) {
      let profile = try SiteProfile(json: text.utf8)
      return Fitted(detector: try detector.adjusted(to: profile), left: (path, profile.modelsLeft(of: detector)))
    } catch {
      throw RunError(message: "\(path): \(error)")
    }
  }
}
