import FoundationEssentials
import NIOHTTP1

/// The signature of an HTTP request as Genesys AudioHook makes it (draft-ietf-httpbis-message-signatures, hmac-sha256).
struct MessageSignature {
  /// What has to be signed.
  private static let required: Set<String> = [
    "@request-target", "@authority", "audiohook-organization-id", "audiohook-session-id", "audiohook-correlation-id", "x-api-key",
  ]
  /// Seconds for which a signature holds, and by which clocks may differ.
  private static let age = 10.0
  private static let skew = 3.0

  private let components: [String]
  /// The list of components and its parameters, as they were sent.
  private let input: String
  private let parameters: [String: String]
  private let signature: [UInt8]

  /// The signature in the header; `nil` where there is none, or it has another form.
  init?(_ head: HTTPRequestHead) {
    guard let input = head.headers.first(name: "Signature-Input"), let signed = head.headers.first(name: "Signature"),
      let equals = input.firstIndex(of: "="), let close = input.firstIndex(of: ")")
    else { return nil }
    let label = input[..<equals]
    let list = input[input.index(after: equals)...]
    guard list.hasPrefix("("), signed.hasPrefix("\(label)=:"), signed.hasSuffix(":"), close > equals,
      let bytes = Data(base64Encoded: String(signed.dropFirst(label.count + 2).dropLast()))
    else { return nil }
    components = input[input.index(equals, offsetBy: 2)..<close].split(separator: " ").map { $0.filter { $0 != "\"" } }
    var parameters: [String: String] = [:]
    for parameter in input[input.index(after: close)...].split(separator: ";") {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parameters.updateValue(parts[1].filter { $0 != "\"" }, forKey: String(parts[0])) == nil else { return nil }
    }
    (self.input, self.parameters, signature) = (String(list), parameters, [UInt8](bytes))
  }

  /// Whether a request is signed with a secret.
  ///
  /// - Parameters:
  ///   - key: the API key, which the signature names.
  ///   - authority: host and port by which the client knows this host; `nil` for what it says.
  ///   - now: seconds since 1970.
  func holds(for head: HTTPRequestHead, key: String, secret: [UInt8], authority: String?, now: Double) -> Bool {
    guard Set(components).isSuperset(of: Self.required), Set(components).count == components.count, parameters["keyid"] == key,
      parameters["alg"] ?? "hmac-sha256" == "hmac-sha256", parameters["nonce"]?.count ?? 0 >= 22,
      let created = parameters["created"].flatMap(Double.init), created <= now + Self.skew, created + Self.age + Self.skew >= now,
      (parameters["expires"].flatMap(Double.init) ?? .infinity) + Self.skew >= now
    else { return false }
    var text = ""
    for component in components {
      let value: String? =
        switch component {
        case "@request-target": head.uri
        case "@authority": authority ?? head.headers.first(name: "Host")
        default: component.hasPrefix("@") ? nil : head.headers.first(name: component)
        }
      guard let value else { return false }
      text += "\"\(component)\": \(value)\n"
    }
    text += "\"@signature-params\": \(input)"
    guard let expected = Digest.hmac("SHA256", key: secret, Array(text.utf8)) else { return false }
    return Digest.areEqual(signature, expected)
  }
}
