import FoundationEssentials
import NIOHTTP1

/// Who may come in.
package struct Gate: Sendable {
  /// What clients show as `Authorization: Bearer`, or as the password of `Basic`; `nil` where none is set.
  package var token: String?
  /// Twilio's auth token, by which it signs.
  package var twilioToken: String?
  /// The API key of AudioHook, and the secret it signs with; `nil` where the key is enough.
  package var audioHook: (key: String, secret: [UInt8]?)?
  /// Scheme, host and port by which the other side knows this host, as in `wss://calls.example.com`: they are signed, too.
  package var publicURL: String?
  /// Whether everybody may come in.
  package var isOpen = false

  package init() {}

  /// Whether a request shows the token.
  package func admits(_ head: HTTPRequestHead) -> Bool {
    guard isAsked(head) else { return false }
    if isOpen { return true }
    guard let token, let shown = Self.shownToken(in: head) else { return false }
    return Digest.areEqual(shown, Array(token.utf8))
  }

  /// Whether a request for a media stream is signed by Twilio, or shows the token.
  package func admitsMediaStream(_ head: HTTPRequestHead) -> Bool {
    if admits(head) { return true }
    guard let twilioToken, let shown = head.headers.first(name: "X-Twilio-Signature") else { return false }
    let base = publicURL ?? "wss://\(head.headers.first(name: "Host") ?? "")"
    guard let signature = Digest.hmac("SHA1", key: Array(twilioToken.utf8), Array((base + head.uri).utf8)) else { return false }
    return Digest.areEqual(Array(shown.utf8), Array(Data(signature).base64EncodedString().utf8))
  }

  /// Whether a request for an AudioHook session shows the API key, and is signed where there is a secret; or shows the token.
  ///
  /// - Parameter now: seconds since 1970.
  package func admitsAudioHook(_ head: HTTPRequestHead, now: Double = Date.now.timeIntervalSince1970) -> Bool {
    if admits(head) { return true }
    guard let (key, secret) = audioHook, let shown = head.headers.first(name: "X-API-KEY"),
      Digest.areEqual(Array(shown.utf8), Array(key.utf8))
    else { return false }
    guard let secret else { return true }
    let authority = publicURL.map { String($0[($0.firstRange(of: "://")?.upperBound ?? $0.startIndex)...]) }
    return MessageSignature(head)?.holds(for: head, key: key, secret: secret, authority: authority, now: now) ?? false
  }

  /// Whether a request is no browser's that another site sends here: a page of one may open WebSockets, with the token that the browser keeps;
  /// where nobody is asked for one, its name may be made to mean this machine.
  private func isAsked(_ head: HTTPRequestHead) -> Bool {
    let host = head.headers.first(name: "Host")
    if isOpen, let host, !ServerSettings.Place(host: Self.host(of: host), port: 0).isLoopback { return false }
    guard let origin = head.headers.first(name: "Origin") else { return true }
    return [host, publicURL].contains { $0.map { Self.authority(of: $0).lowercased() == Self.authority(of: origin).lowercased() } ?? false }
  }

  /// Without a scheme.
  private static func authority(of address: String) -> Substring {
    address[(address.firstRange(of: "://")?.upperBound ?? address.startIndex)...]
  }

  /// Without a port, and without the brackets of IPv6.
  private static func host(of authority: String) -> String {
    if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }

  private static func shownToken(in head: HTTPRequestHead) -> [UInt8]? {
    guard let value = head.headers.first(name: "Authorization"), let space = value.firstIndex(of: " ") else { return nil }
    let credentials = value[value.index(after: space)...]
    switch value[..<space].lowercased() {
    case "bearer": return Array(credentials.utf8)
    case "basic":
      guard let bytes = Data(base64Encoded: String(credentials)).map({ [UInt8]($0) }), let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
      else { return nil }
      return Array(bytes[(colon + 1)...])
    default: return nil
    }
  }
}
