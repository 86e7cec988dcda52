import Glibc

/// Text at an address that stays, for as long as the object does.
///
/// Unchecked: nothing changes the bytes.
final class CText: @unchecked Sendable {
  /// `nil` where memory has run out.
  let pointer: UnsafePointer<CChar>?

  init(_ text: String) {
    pointer = UnsafePointer(strdup(text))
  }

  deinit {
    free(UnsafeMutablePointer(mutating: pointer))
  }
}
