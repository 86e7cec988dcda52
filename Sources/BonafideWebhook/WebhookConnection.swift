import CCurl
import Glibc

/// A connection to a receiver, which is made with the first message and used again for those that follow.
public struct WebhookConnection: ~Copyable {
  private let webhook: Webhook
  private let post: OpaquePointer

  /// - Parameter agent: name and version of the program, as receivers see them.
  /// - Throws: `WebhookError` where libcurl is not there.
  public init(to webhook: Webhook, agent: String) throws(WebhookError) {
    guard let post = curl_post_open(agent) else {
      throw WebhookError("takes libcurl 7.85 or later: sudo apt-get install libcurl4 ca-certificates")
    }
    self.webhook = webhook
    self.post = post
  }

  deinit { curl_post_close(post) }

  /// Posts a message, and waits for the answer. The receiver has it where that is between 200 and 299; redirections are not followed.
  ///
  /// The process must ignore SIGPIPE, which a receiver that closes its end brings.
  ///
  /// - Parameters:
  ///   - body: JSON.
  ///   - id: name of the message, the same each time that it is posted.
  public mutating func send(_ body: [UInt8], id: String) throws(WebhookFailure) {
    var answer = curl_answer()
    let headers = webhook.headers(of: body, id: id, time: Int64(time(nil))).map { strdup($0) }
    defer { for header in headers { free(header) } }
    let lines = headers.map { UnsafePointer($0) }
    curl_post_send(
      post, webhook.url, lines, lines.count, body, body.count, webhook.timeouts.connection.milliseconds,
      webhook.timeouts.message.milliseconds, &answer)
    if (200...299).contains(answer.status) { return }
    if answer.status > 0 {
      throw WebhookFailure(status: answer.status, wait: answer.retry_after_s > 0 ? .seconds(answer.retry_after_s) : nil)
    }
    throw WebhookFailure(message: withUnsafeBytes(of: answer.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
  }
}

extension Duration {
  fileprivate var milliseconds: Int { Int(self / .milliseconds(1)) }
}
