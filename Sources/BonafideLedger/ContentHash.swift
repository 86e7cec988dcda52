import BonafideAudio
import CCrypto
import Glibc

/// SHA-256 of the content of files, by the processor's own instructions where it has them: a recording is hashed at a hundredth of the
/// time that screening it takes.
public struct ContentHash: Sendable, Hashable {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Hashes what is left of an open file.
  ///
  /// - Returns: `nil` where it cannot be read.
  init?(reading descriptor: Int32) {
    guard let context = EVP_MD_CTX_new() else { return nil }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return nil }
    var block = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(descriptor, &block, block.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      guard EVP_DigestUpdate(context, block, count) == 1 else { return nil }
    }
    var digest = [UInt8](repeating: 0, count: 32)
    guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { return nil }
    bytes = digest
  }

  /// Hashes a file; `nil` where it cannot be read.
  public init?(path: String) {
    let descriptor = Glibc.open(path.cPath, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    self.init(reading: descriptor)
  }

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// 64 lower-case hexadecimal digits.
  public var hexadecimal: String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
