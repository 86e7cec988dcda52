import ArgumentParser
import BonafideWebhook

/// Where results are posted to.
struct WebhookOptions: ParsableArguments {
  @Option(
    name: .customLong("webhook"),
    help: ArgumentHelp(
      "Post each result as JSON to this address until it is taken, and write nothing to standard output.", valueName: "url"))
  var url: String?

  @Option(
    help: ArgumentHelp("What messages are signed with: a file with 24 bytes of text or more, or whsec_ and base64.", valueName: "file"),
    completion: .file())
  var webhookSecret: String?

  func validate() throws {
    try check((url == nil) == (webhookSecret == nil), "--webhook and --webhook-secret go together.")
  }

  /// The receiver of results; `nil` where there is none.
  func receiver() throws(RunError) -> Webhook? {
    guard let url, let file = webhookSecret else { return nil }
    return try Self.receiver(url, secret: try readSecret(file), from: file)
  }

  /// - Parameters:
  ///   - text: the secret, or its bytes behind `whsec_`.
  ///   - source: what errors call where the text is from.
  static func receiver(_ url: String, secret text: String, from source: String) throws(RunError) -> Webhook {
    var name = source
    do throws(WebhookError) {
      let secret = try WebhookSecret(parsing: text)
      name = "--webhook"
      return try Webhook(url: url, secret: secret)
    } catch {
      throw RunError(message: "\(name): \(error)")
    }
  }
}
