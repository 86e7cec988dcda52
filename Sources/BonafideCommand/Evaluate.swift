import ArgumentParser
import Bonafide
import BonafideEvaluation
import BonafideReport
import Glibc

extension ProtocolFormat: ExpressibleByArgument {}
extension ScoreFormat: ExpressibleByArgument {}
extension ScoreFileWriter.Format: ExpressibleByArgument {}
extension ClusterColumn: ExpressibleByArgument {}
extension EvaluationFormat: ExpressibleByArgument {}

/// Measures how well scores tell bona fide from spoof.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how well scores tell genuine from synthetic speech.",
    discussion: """
      The truth is a protocol: a table with columns file (or path) and label, a protocol of ASVspoof 2019, 2021 or 5, RTTM, or \
      segment labels. Scores come from a file, from a report of scan (json, jsonl or csv), or from the audio itself; higher \
      is more likely bona fide. From reports and audio, answers are measured as they were given, too. docs/evaluate.md \
      explains every figure.

      Exit status: 0 figures were reported, 2 something could not be read, scored or written, 64 the command line makes \
      no sense.
      """)

  @Argument(help: ArgumentHelp("What is true of the recordings.", valueName: "protocol"), completion: .file())
  var protocolPath: String

  @Argument(
    help: ArgumentHelp("Scores, or - for standard input; none with --audio.", valueName: "scores"), completion: .file())
  var scoresPath: String?

  @Option(
    help: ArgumentHelp("Score the recordings of the protocol, which are in this folder.", valueName: "folder"),
    completion: .directory)
  var audio: String?

  @Option(help: ArgumentHelp("Use the trials of this split alone.", valueName: "name"))
  var split: String?

  @Option(help: "Form of the protocol (default: by its content).")
  var protocolFormat: ProtocolFormat?

  @Option(help: "Form of the scores (default: by their content).")
  var scoreFormat: ScoreFormat?

  @Option(
    help: ArgumentHelp("Which parts of recordings are synthetic: RTTM, or segment labels as text.", valueName: "file"),
    completion: .file())
  var segments: String?

  @Option(help: ArgumentHelp("Milliseconds that each of PartialSpoof's segment labels stands for.", valueName: "ms"))
  var segmentHop = SegmentTruth.defaultHop * 1000

  @Option(
    help: ArgumentHelp(
      "Scores or error rates of a verification system, for the tandem cost (t-DCF).", valueName: "file"),
    completion: .file())
  var asv: String?

  @Option(
    help: ArgumentHelp("Keys of the verification trials, where --asv has none (ASVspoof 2021).", valueName: "file"),
    completion: .file())
  var asvKeys: String?

  @Option(
    help: ArgumentHelp("Break figures down by these columns of the protocol, such as kind,language.", valueName: "columns"))
  var by: String?

  @Option(help: ArgumentHelp("List so many of the worst mistakes of each class.", valueName: "number"))
  var worst = 10

  @Option(help: ArgumentHelp("Bootstrap samples for the intervals, 0 for none.", valueName: "number"))
  var bootstrap = EvaluationOptions().bootstrapCount

  @Option(help: "What the bootstrap resamples (default: the first that the protocol has of source, speaker, file).")
  var bootstrapBy: ClusterColumn?

  @Option(help: ArgumentHelp("Seed of the bootstrap.", valueName: "number"))
  var seed = EvaluationOptions().seed

  @Option(name: .shortAndLong, help: "Form of the report.")
  var format = EvaluationFormat.text

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write the report to a file, which appears when the report is whole.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(help: ArgumentHelp("Write the scores of the trials to a file too.", valueName: "file"), completion: .file())
  var writeScores: String?

  @Option(help: "Form of the scores that are written.")
  var writeFormat = ScoreFileWriter.Format.asvspoof2021

  @OptionGroup
  var party: PartyOptions

  @OptionGroup
  var screening: ScreeningOptions

  @OptionGroup
  var site: SiteOptions

  func validate() throws {
    try check((scoresPath == nil) != (audio == nil), "Give a file of scores, or --audio with a folder of recordings.")
    try check(audio != nil || screening.model == nil, "--model goes with --audio.")
    try check(audio != nil || site.profile == nil, "--profile goes with --audio.")
    try check(audio != nil || !party.isGiven, "--raw, --mix and --channel-names go with --audio.")
    try check((0...1_000_000).contains(bootstrap), "--bootstrap is a number of samples from 0 to 1000000.")
    try check(worst >= 0, "--worst is a number of mistakes, 0 for none.")
    try check(segmentHop.isFinite && segmentHop > 0, "--segment-hop is a length in milliseconds, such as 20.")
    try check(asvKeys == nil || asv != nil, "--asv-keys goes with --asv.")
    try check([protocolPath, scoresPath].count { $0 == "-" } <= 1, "Standard input (-) can be read once.")
    try check(
      writeScores.map { $0 == (output ?? "-") || areOneFile($0, output ?? "-") } != true,
      "--write-scores and --output are the same file.")
  }

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    var failed = 0
    try reportingFailure {
      try checkStandardOutput(for: output, isOpen: hasOutput)
      failed = try evaluate()
    }
    if failed > 0 { throw ExitCode.failed }
  }

  /// - Returns: how many recordings could not be scored.
  private func evaluate() throws -> Int {
    let list = try trials()
    let recordings = audio.map { AudioScoring.paths(of: list, root: $0) } ?? []
    let inputs = [protocolPath, scoresPath, segments, asv, asvKeys, site.profile] + screening.modelFiles + recordings
    for (option, path) in [("--output", output), ("--write-scores", writeScores)] {
      try checkOutput(path, option: option, spares: inputs)
      try checkWritable(path)
    }
    var options = EvaluationOptions()
    options.breakdownColumns = columns(of: list)
    options.bootstrapCount = bootstrap
    options.bootstrapColumn = bootstrapBy
    options.seed = seed
    if let segments {
      let text = try readText(segments)
      let truth = try wrapping { () throws(EvaluationError) in
        try SegmentTruth(parsing: text, path: segments, hop: segmentHop / 1000)
      }
      try checkNames(of: truth, path: segments, in: list)
      options.segments = truth
    }
    if let asv {
      let (text, keys) = (try readText(asv), try asvKeys.map(readText))
      options.verification = try wrapping { () throws(EvaluationError) in
        try VerificationErrorRates(parsing: text, path: asv, keys: keys)
      }
    }
    let (table, detector) = try scores(of: list, timeline: options.segments != nil || list.segments != nil)
    let failures = table.recordings.filter { $0.error != nil }
    for recording in failures { Terminal.say("\(recording.path): \(recording.error ?? "")") }
    if let writeScores {
      try write(ScoreFileWriter(format: writeFormat).text(trials: list, scores: table), to: writeScores)
    }
    let settings = options
    let evaluation = try wrapping { () throws(EvaluationError) in
      try Evaluation(trials: list, scores: table, options: settings)
    }
    var info = EvaluationInfo(
      version: BonafideCommand.version, protocolPath: protocolPath, split: split,
      scoresPath: scoresPath ?? audio ?? "", engine: detector.map(EngineInfo.init), points: detector?.points ?? [])
    info.mostMistakes = worst
    let toScreen = output == nil || output == "-"
    let style = TextStyle(color: toScreen && Terminal.wantsColor)
    try write(format.report(on: evaluation, info: info, style: style), to: output)
    return audio == nil ? 0 : failures.count
  }

  /// What a truth says of recordings under other names would be left out, and the figures be wrong.
  private func checkNames(of truth: SegmentTruth, path: String, in list: TrialList) throws {
    let unknown = truth.files(notAmong: list.trials.map(\.file))
    guard let first = unknown.first else { return }
    let names = "\(path): \(unknown.count) of \(truth.files.count) recordings are not in \(protocolPath), such as \(first)"
    if unknown.count == truth.files.count { throw RunError(message: names) }
    Terminal.say(names)
  }

  private func trials() throws -> TrialList {
    let text = try readText(protocolPath)
    return try wrapping { () throws(EvaluationError) in
      var list = try TrialList(parsing: text, path: protocolPath, format: protocolFormat, hop: segmentHop / 1000)
      if let split { try list.select(split: split, path: protocolPath) }
      return list
    }
  }

  private func scores(of list: TrialList, timeline: Bool) throws -> (ScoreTable, Detector?) {
    if let scoresPath {
      let text = try readText(scoresPath)
      let table = try wrapping { () throws(EvaluationError) in
        try ScoreTable(parsing: text, path: scoresPath, format: scoreFormat)
      }
      return (table, nil)
    }
    let fitted = try site.fitted(screening.detector())
    let detector = fitted.detector
    var options = party.scanOptions
    options.timeline = timeline
    let scoring = AudioScoring(
      detector: detector, root: audio ?? "", options: options, progressWidth: screening.progressWidth)
    let (recordings, tally) = scoring.score(list, jobs: screening.threads)
    fitted.gaps(tally.judged).forEach(Terminal.say)
    return (ScoreTable(recordings: recordings), detector)
  }

  /// Columns to break down by: those of `--by`; without it, kinds where the protocol has them, and systems on a page.
  private func columns(of list: TrialList) -> [String] {
    if let by { return by.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) } }
    return (["kind"] + (format == .html ? ["system"] : [])).filter(list.columns.contains)
  }

  private func write(_ text: String, to path: String?) throws(RunError) {
    var output = try ReportOutput(path: path)
    try output.write(text)
    try output.commit()
  }

  private func wrapping<Value>(_ body: () throws(EvaluationError) -> Value) throws(RunError) -> Value {
    do { return try body() } catch { throw RunError(message: "\(error)") }
  }
}

extension Detector {
  /// Where its verdicts change.
  fileprivate var points: [EvaluationInfo.Points] {
    models.map { model in
      let points = operatingPoints(of: model)
      return EvaluationInfo.Points(model: model.card.name, alarm: points.alarm, clear: points.clear)
    }
  }
}
