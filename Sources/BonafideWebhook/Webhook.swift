import FoundationEssentials

/// Why nothing can be posted, without the name of what is wrong: that is the caller's.
public struct WebhookError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Where messages are posted to, and how they are signed: as [Standard Webhooks](https://www.standardwebhooks.com) has it.
public struct Webhook: Sendable {
  /// Of http or https.
  public let url: String
  /// Whether what is posted can be read on the way.
  public let isOpen: Bool
  let secret: WebhookSecret
  /// For a connection to be made, and for the whole of a message.
  let timeouts: (connection: Duration, message: Duration)

  /// - Parameters:
  ///   - url: `https://…`, or `http://…`, without a name and password.
  ///   - connection: time for a connection to be made.
  ///   - message: time for the whole of a message, its answer included.
  /// - Throws: `WebhookError` where the address is none.
  public init(
    url: String, secret: WebhookSecret, connection: Duration = .seconds(10), message: Duration = .seconds(30)
  ) throws(WebhookError) {
    guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(), ["http", "https"].contains(scheme),
      parsed.host()?.isEmpty == false, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw WebhookError("is no address to post to; write https://host/path") }
    guard parsed.user() == nil, parsed.password() == nil else {
      throw WebhookError("has a name or password in it, which others can see in the list of processes; messages are signed")
    }
    self.url = url
    self.secret = secret
    isOpen = scheme == "http"
    timeouts = (connection, message)
  }

  /// Headers of a message.
  ///
  /// - Parameters:
  ///   - id: its name, by which a receiver that gets it twice knows it again.
  ///   - time: when it is sent, in seconds since 1970: a receiver passes over what was sent long ago.
  public func headers(of body: [UInt8], id: String, time: Int64) -> [String] {
    [
      "Content-Type: application/json", "webhook-id: \(id)", "webhook-timestamp: \(time)",
      "webhook-signature: \(secret.signature(of: body, id: id, time: time))",
    ]
  }
}

/// Why the receiver does not have a message, or does not say so. It is to be posted again.
public struct WebhookFailure: Error, Sendable, Equatable {
  /// In a few words.
  public let reason: String
  /// Whether the receiver has an answer to this message, other than that it is in trouble itself.
  public let isRefusal: Bool
  /// What the receiver asks to be left alone for.
  public let wait: Duration?

  /// - Parameters:
  ///   - status: of HTTP, none of those that mean success.
  ///   - wait: what the header `Retry-After` says.
  init(status: Int, wait: Duration?) {
    reason = "is answered with \(status)"
    isRefusal = status < 500 && ![408, 425, 429].contains(status)
    self.wait = wait
  }

  /// - Parameter message: why there was no answer.
  init(message: String) {
    (reason, isRefusal, wait) = ("cannot be posted: \(message)", false, nil)
  }
}
