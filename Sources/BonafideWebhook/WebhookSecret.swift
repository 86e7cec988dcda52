import CCrypto
import FoundationEssentials

/// What messages are signed with, and a receiver knows them by.
public struct WebhookSecret: Sendable {
  private let key: [UInt8]

  /// Bytes that a secret has at least.
  public static let leastSize = 24

  /// - Parameter text: `whsec_` and base64 of the bytes, as Standard Webhooks writes them, or any other text, whose bytes are the secret's;
  ///   white space around it is none of it.
  /// - Throws: `WebhookError` where it is too short, or no base64.
  public init(parsing text: String) throws(WebhookError) {
    let text = text.trimmed
    if text.hasPrefix("whsec_") {
      guard let data = Data(base64Encoded: String(text.dropFirst(6))) else { throw WebhookError("is no secret: what follows whsec_ is no base64") }
      key = [UInt8](data)
    } else {
      key = Array(text.utf8)
    }
    guard key.count >= Self.leastSize else { throw WebhookError("is too short for a secret; it has at least \(Self.leastSize) bytes") }
  }

  /// The header `webhook-signature` of a message: `v1,` and base64 of HMAC-SHA256 of its name, its time and its body, with points between.
  ///
  /// - Parameters:
  ///   - id: name of the message.
  ///   - time: when it is sent, in seconds since 1970.
  public func signature(of body: [UInt8], id: String, time: Int64) -> String {
    let signed = Array("\(id).\(time).".utf8) + body
    var code = [UInt8](repeating: 0, count: 32)
    var count = 0
    _ = EVP_Q_mac(nil, "HMAC", nil, "SHA256", nil, key, key.count, signed, signed.count, &code, code.count, &count)
    return "v1," + Data(code.prefix(count)).base64EncodedString()
  }
}

extension String {
  fileprivate var trimmed: String {
    let whole = drop { $0.isWhitespace }
    return String(whole.reversed().drop { $0.isWhitespace }.reversed())
  }
}
