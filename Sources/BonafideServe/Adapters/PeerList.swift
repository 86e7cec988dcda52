import NIOCore

/// Addresses that may send: of IPv4 and IPv6, or networks such as `10.0.0.0/24`.
package struct PeerList: Sendable {
  private struct Network {
    let bytes: [UInt8]
    let bits: Int
  }

  private var networks: [Network] = []

  /// Reads addresses with commas between.
  ///
  /// - Throws: which of them is none.
  package init(_ text: String) throws(SettingError) {
    for item in text.split(separator: ",") {
      let parts = item.filter { !$0.isWhitespace }.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard let address = parts.first.flatMap({ try? SocketAddress(ipAddress: Self.bare($0), port: 0) }), let bytes = Self.bytes(of: address) else {
        throw SettingError("'\(item)' is no address, such as 10.0.0.4, 2001:db8::4 or 10.0.0.0/24")
      }
      guard let bits = parts.count == 2 ? Int(parts[1]) : 8 * bytes.count, 0...(8 * bytes.count) ~= bits else {
        throw SettingError("'\(item)': a network has from 0 to \(8 * bytes.count) bits")
      }
      networks.append(Network(bytes: bytes, bits: bits))
    }
    if networks.isEmpty { throw SettingError("no address is given") }
  }

  package func contains(_ address: SocketAddress?) -> Bool {
    guard let bytes = address.flatMap({ Self.bytes(of: $0) }) else { return false }
    return networks.contains { network in
      network.bytes.count == bytes.count
        && (0..<network.bits).allSatisfy { (network.bytes[$0 / 8] ^ bytes[$0 / 8]) & 0x80 >> UInt8($0 % 8) == 0 }
    }
  }

  /// Without the brackets of IPv6.
  private static func bare(_ text: Substring) -> String {
    text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : String(text)
  }

  /// Four bytes of IPv4, also where it came to an address of IPv6; else sixteen.
  private static func bytes(of address: SocketAddress) -> [UInt8]? {
    switch address {
    case .v4(let address):
      return withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
    case .v6(let address):
      let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
      let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11].allSatisfy { $0 == 0xFF }
      return isMapped ? Array(bytes[12...]) : bytes
    case .unixDomainSocket: return nil
    }
  }
}
