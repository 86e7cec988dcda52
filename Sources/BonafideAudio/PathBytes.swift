import Glibc

/// Paths whose bytes are not UTF-8, in strings.
///
/// A name of a file is bytes, and a string is not. Each byte that is out of place in UTF-8 stands in the string as a scalar of
/// the last plane for private use, so that a path from a folder or a command line opens the file that it names.
extension String {
  /// U+10FE80 for 0x80, and so on: no font and no program is known to use them.
  private static let firstForeign: UInt32 = 0x10_FE80
  private static let foreign = firstForeign...firstForeign + 0x7F

  /// The path with these bytes.
  package init(pathBytes bytes: some Collection<UInt8>) {
    if let text = String(validating: bytes, as: UTF8.self), !text.hasForeignBytes {
      self = text
      return
    }
    var (text, rest) = ("", Array(bytes)[...])
    while let byte = rest.first {
      let character = (1...4).lazy.compactMap { String(validating: rest.prefix($0), as: UTF8.self) }.first
      if let character, !character.hasForeignBytes {
        text += character
        rest = rest.dropFirst(character.utf8.count)
      } else {
        // Bytes under 0x80 are characters.
        Unicode.Scalar(Self.firstForeign + UInt32(byte & 0x7F)).map { text.unicodeScalars.append($0) }
        rest = rest.dropFirst()
      }
    }
    self = text
  }

  /// The path that a function of C gives.
  package init(cPath: UnsafePointer<CChar>) {
    self.init(pathBytes: UnsafeRawBufferPointer(start: cPath, count: strlen(cPath)))
  }

  /// Whether some bytes of the path are not UTF-8.
  package var hasForeignBytes: Bool { unicodeScalars.contains { Self.foreign.contains($0.value) } }

  /// The bytes of the path.
  package var pathBytes: [UInt8] {
    unicodeScalars.flatMap { scalar -> [UInt8] in
      Self.foreign.contains(scalar.value) ? [UInt8(scalar.value - Self.firstForeign) | 0x80] : Array(String(scalar).utf8)
    }
  }

  /// The path as functions of C take it.
  package var cPath: [CChar] { pathBytes.map { CChar(bitPattern: $0) } + [0] }

  /// The path to be read, with U+FFFD for each byte that is not UTF-8.
  package var readablePath: String {
    guard hasForeignBytes else { return self }
    var text = ""
    for scalar in unicodeScalars {
      text.unicodeScalars.append(Self.foreign.contains(scalar.value) ? "\u{FFFD}" : scalar)
    }
    return text
  }
}
