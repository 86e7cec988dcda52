import ArgumentParser
import Bonafide
import BonafideLedger

/// Where results are kept from one scan to the next.
struct LedgerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keep each result in this file as soon as it is done, and take from it those of recordings that are as they were.", valueName: "file"),
    completion: .file())
  var ledger: String?

  @Flag(help: "Screen again what could not be screened when the ledger was last written.")
  var retryFailed = false

  @Flag(help: "Report on what is screened now alone, and not on what was in the ledger.")
  var onlyNew = false

  func validate() throws {
    try check(ledger != nil || !retryFailed, "--retry-failed goes with --ledger.")
    try check(ledger != nil || !onlyNew, "--only-new goes with --ledger.")
    try check(ledger?.isEmpty != true, "--ledger is the path of a file.")
  }

  /// The work with the ledger; `nil` where there is none.
  ///
  /// - Parameter jobs: recordings that are looked up at once.
  func session(_ detector: Detector, _ options: ScanOptions, profile: String?, jobs: Int) throws(RunError) -> LedgerSession? {
    guard let path = ledger else { return nil }
    do throws(LedgerError) {
      let ledger = try Ledger(path: path, creates: true, readers: jobs + 1)
      return try LedgerSession(ledger, setup: ScreeningSetup(detector, options, profile: profile), retriesFailed: retryFailed)
    } catch {
      throw RunError(message: error.description)
    }
  }

  /// Says how many recordings were screened, and how many were not.
  func say(found: Int, of all: Int) {
    guard let ledger else { return }
    Terminal.say("\(ledger): \(all - found) of \(all) \(all == 1 ? "recording" : "recordings") screened, \(found) taken from the ledger")
  }
}
