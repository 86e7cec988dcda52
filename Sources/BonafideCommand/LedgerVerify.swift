import ArgumentParser
import Bonafide
import BonafideLedger
import BonafideReport
import Synchronization

/// Looks through a ledger, and screens some of its recordings again.
struct LedgerVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Look for damage, and screen a random sample again: do the results come out as before?",
    discussion: """
      Exit status: 2 where the file is damaged, or a result comes out otherwise; else 0. Recordings that have changed or are gone, and \
      results of other versions or models, are counted and not screened.
      """)

  @OptionGroup
  var ledger: LedgerArgument

  @Option(help: ArgumentHelp("Recordings that are screened again.", valueName: "number"))
  var sample = 20

  @Option(
    help: ArgumentHelp("Model of results that were not made with the built-in one.", valueName: "file.safetensors"),
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  func validate() throws {
    try check((0...1_000_000).contains(sample), "--sample is a number of recordings from 0 to 1000000.")
  }

  /// How recordings of the sample came out.
  private struct Count {
    var same = 0, other = 0, changed = 0, unknown = 0
  }

  /// Log-likelihood ratios may differ so much: processors do not multiply alike (docs/scan.md).
  private static let tolerance = 0.2

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    var isGood = false
    try reportingFailure {
      try checkStandardOutput(for: nil, isOpen: hasOutput)
      let kept = try ledger.open()
      defer { kept.close() }
      let output = try ReportOutput(path: nil)
      let damage = try wrapping { () throws(LedgerError) in try kept.damage() }
      for line in damage { Terminal.say("\(kept.path): \(line)") }
      guard damage.isEmpty else { throw RunError(message: "\(kept.path): is damaged; \(LedgerError.wayOut)") }
      let count = try screenAgain(kept)
      let screened = count.same + count.other
      try output.write(
        "\(kept.path): the file is whole; \(screened) \(screened == 1 ? "recording" : "recordings") screened again: \(count.same) as before")
      for (number, what) in [(count.other, "otherwise"), (count.changed, "changed or gone"), (count.unknown, "of other versions, models or profiles")]
      where number > 0 {
        try output.write(", \(number) \(what)")
      }
      try output.write("\n")
      isGood = count.other == 0
    }
    if !isGood { throw ExitCode.failed }
  }

  private func screenAgain(_ ledger: Ledger) throws(RunError) -> Count {
    var (query, picked, count) = (LedgerQuery(), [KeptResult](), Count())
    query.sampleSize = sample
    do { try ledger.forEach(query) { picked.append($0) } } catch { throw RunError(message: "\(error)") }
    for setup in try wrapping({ () throws(LedgerError) in try ledger.setups() }) {
      let results = picked.filter { $0.setup == setup.id }
      guard !results.isEmpty else { continue }
      guard let (detector, options) = try screening(setup) else {
        count.unknown += results.count
        continue
      }
      for kept in results {
        guard ContentHash(path: kept.location) == kept.hash,
          let before = try wrapping({ () throws(LedgerError) in try ledger.result(kept) })
        else {
          count.changed += 1
          continue
        }
        let after = detector.scan(kept.location, options: options)
        if let difference = Self.difference(before, after) {
          count.other += 1
          Terminal.say("\(kept.location): \(difference)")
        } else {
          count.same += 1
        }
      }
    }
    return count
  }

  /// The detector and options of a setup; `nil` where they are not to be had any more.
  private func screening(_ setup: KeptSetup) throws(RunError) -> (Detector, ScanOptions)? {
    var options = ScanOptions()
    options.prior = setup.prior
    options.alarmAt = setup.alarmAt
    options.clearAt = setup.clearAt
    options.mix = setup.mix
    options.raw = setup.raw.flatMap { try? RawFormat(parsing: $0) }
    for (model, arithmetic) in [(nil, Arithmetic.fastest), (nil, .float), (model, .fastest), (model, .float)] {
      var detector = try loadDetector(model, fast: setup.second == nil, arithmetic: arithmetic)
      if let path = setup.profile {
        guard let profile = try? SiteProfile(path: path), let adjusted = try? detector.adjusted(to: profile) else { continue }
        detector = adjusted
      }
      if ScreeningSetup(detector, options).matches(setup) { return (detector, options) }
    }
    return nil
  }

  /// What is not as it was, in a line.
  private static func difference(_ before: FileResult, _ after: FileResult) -> String? {
    if before.error != after.error { return "was \(before.error ?? "screened"), is \(after.error ?? "screened")" }
    guard before.parties.count == after.parties.count else { return "had \(before.parties.count) channels, has \(after.parties.count)" }
    for (old, new) in zip(before.parties, after.parties) {
      let isNear = abs((old.llr ?? 0) - (new.llr ?? 0)) <= tolerance && (old.llr == nil) == (new.llr == nil)
      if old.verdict != new.verdict || !isNear {
        func text(_ party: PartyResult) -> String { party.verdict.rawValue + (party.llr.map { " (\($0))" } ?? "") }
        return "channel \(old.channel): was \(text(old)), is \(text(new))"
      }
    }
    return nil
  }
}
