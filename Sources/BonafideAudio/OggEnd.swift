/// Whether the last page of an Ogg file says that it is the last one (RFC 3533, section 6: header type, bit 4). In a file
/// that was cut, or whose writer was, none does.
///
/// - Parameter bytes: the end of the file, at least the longest page.
func endsStream(_ bytes: [UInt8]) -> Bool {
  let capture = Array("OggS".utf8)
  let last = bytes.indices.reversed().first { bytes[$0...].starts(with: capture) && bytes.count - $0 > 5 }
  return last.map { bytes[$0 + 5] & 4 != 0 } ?? false
}

/// Bytes of the longest page.
let longestOggPage = 65_307
