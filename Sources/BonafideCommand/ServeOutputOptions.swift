import ArgumentParser
import Bonafide
import BonafideLedger
import BonafideServe
import BonafideWebhook

/// Where a live host tells what happens, beside standard output.
struct ServeOutputOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Post each event as JSON to this address, too, until it is taken.", valueName: "url"))
  var webhook: String?

  @Option(
    help: ArgumentHelp("What messages are signed with: a file with 24 bytes of text or more, or whsec_ and base64.", valueName: "file"),
    completion: .file())
  var webhookSecret: String?

  @Option(help: ArgumentHelp("Keep the result of each call that has ended in this file.", valueName: "file"), completion: .file())
  var ledger: String?

  func validate() throws {
    try check((webhook == nil) == (webhookSecret == nil), "--webhook and --webhook-secret go together.")
  }

  /// The webhook; `nil` where there is none.
  func receiver() throws(RunError) -> Webhook? {
    guard let webhook, let file = webhookSecret else { return nil }
    return try WebhookOptions.receiver(webhook, secret: try readSecret(file), from: file)
  }

  /// Where calls are kept; `nil` for nowhere.
  func session(_ detector: Detector, _ options: ScanOptions, profile: String?) throws(RunError) -> LedgerSession? {
    guard let ledger else { return nil }
    return try wrapping { () throws(LedgerError) in
      try LedgerSession(try Ledger(path: ledger, creates: true, readers: 1), setup: ScreeningSetup(detector, options, profile: profile))
    }
  }
}
