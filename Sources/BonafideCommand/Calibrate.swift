import ArgumentParser
import Bonafide
import BonafideReport
import FoundationEssentials
import Glibc
import Synchronization

/// Fits a detector to a site by its genuine calls.
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit the alarm point to genuine calls of your own.",
    discussion: """
      Lines, handsets and languages move scores. From recordings in which every party is a person, this finds by how much, and \
      where the alarm point lies at which the wanted share of them is flagged; bonafide scan --profile uses that. A few hundred \
      parties are needed for a share of one in a hundred. Recordings of one afternoon or of one person say little of the rest.

      Exit status: 0 the profile is written, 2 it is not, or some recording could not be screened, 64 the command line makes no \
      sense.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Recordings, folders or patterns in which all parties are genuine.", valueName: "path"),
    completion: .file())
  var genuine: [String]

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Genuine parties to be flagged, in per cent.", valueName: "percent"))
  var falseAlarms = 1.0

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the profile to a file.", valueName: "file"), completion: .file())
  var output: String?

  @OptionGroup
  var party: PartyOptions

  @OptionGroup
  var screening: ScreeningOptions

  func validate() throws {
    try check(!genuine.isEmpty && genuine.allSatisfy { !$0.isEmpty }, "--genuine takes recordings or folders of them.")
    try check((0..<50).contains(falseAlarms), "--false-alarms is a share in per cent, from 0 to less than 50; not \(falseAlarms).")
  }

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    var tally = Tally()
    try reportingFailure {
      try checkStandardOutput(for: output, isOpen: hasOutput)
      var leftOut = LeftOut()
      let recordings = party.recordings(at: genuine, leftOut: &leftOut)
      if let line = leftOut.line { Terminal.say(line) }
      try checkOutput(output, spares: recordings.map(\.path) + screening.modelFiles)
      try checkWritable(output)
      let detector = try screening.detector()
      let collector = Collector()
      tally = try screen(recordings, with: detector, into: collector)
      let profile: SiteProfile
      do throws(ProfileError) {
        profile = try SiteProfile(genuine: collector.results, of: detector, falseAlarms: falseAlarms / 100)
      } catch {
        throw RunError(message: error.message)
      }
      var output = try ReportOutput(path: output)
      try output.write(try json(profile))
      try output.commit()
      for adjustment in profile.adjustments { Terminal.say(summary(adjustment)) }
    }
    if tally.failed > 0 { throw ExitCode.failed }
  }

  private func screen(_ recordings: [Recording], with detector: Detector, into collector: Collector) throws -> Tally {
    let run = ScanRun(
      recordings: recordings, detector: detector, options: party.scanOptions, output: try ReportOutput(path: nil), writer: collector,
      progress: screening.progressWidth.map { ProgressLine(recordings: recordings, width: $0) }, saysErrors: true,
      saysWarnings: false, order: .done)
    return try run.run(jobs: screening.threads)
  }

  /// Keeps results, and reports nothing.
  private final class Collector: ReportWriter {
    private let kept = Mutex<[FileResult]>([])

    var results: [FileResult] { kept.withLock { $0 } }

    func entry(for result: FileResult) -> String {
      kept.withLock { $0.append(result) }
      return ""
    }
  }

  private func json(_ profile: SiteProfile) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(profile), as: UTF8.self) + "\n"
  }

  private func summary(_ adjustment: SiteProfile.Adjustment) -> String {
    func rounded(_ value: Double) -> String {
      let hundredths = Int((value * 100).rounded())
      let digits = abs(hundredths) % 100
      return "\(hundredths < 0 ? "−" : "")\(abs(hundredths) / 100).\(digits < 10 ? "0" : "")\(digits)"
    }
    return "\(adjustment.model): \(adjustment.parties) genuine parties, scores moved by \(rounded(adjustment.offset)), "
      + "alarm point \(rounded(adjustment.alarm))"
  }
}
