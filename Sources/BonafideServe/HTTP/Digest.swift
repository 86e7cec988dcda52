import CCrypto

/// Keyed hashes and secrets, by libcrypto.
enum Digest {
  /// HMAC of a text.
  ///
  /// - Parameter hash: by OpenSSL's name: `SHA1`, `SHA256`.
  /// - Returns: its bytes; `nil` where the library has no such hash.
  static func hmac(_ hash: String, key: [UInt8], _ text: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count = 0
    // A key of no bytes still takes an address.
    let secret = key.isEmpty ? [0] : key
    guard EVP_Q_mac(nil, "HMAC", nil, hash, nil, secret, key.count, text, text.count, &digest, digest.count, &count) != nil else { return nil }
    return Array(digest.prefix(count))
  }

  /// Whether two secrets are the same, in a time that tells of neither more than how long it is.
  static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    var difference = one.count ^ other.count
    for index in 0..<one.count { difference |= Int(one[index] ^ (index < other.count ? other[index] : 0)) }
    return difference == 0
  }
}
