import BonafideAudio
import Glibc

/// The first bytes of recordings that ffmpeg reads and libsndfile does not, and of MP3 without a header of its own.
enum MediaSignature {
  /// Whether the file begins with one of them. One that cannot be read counts too: the decoder will say why.
  static func begins(fileAt path: String) -> Bool {
    guard access(path.cPath, R_OK) == 0 else { return true }
    guard let file = fopen(path.cPath, "r") else { return true }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 12)
    guard fread(&bytes, 1, bytes.count, file) == bytes.count else { return false }
    return begins(bytes)
  }

  /// - Parameter bytes: twelve or more.
  static func begins(_ bytes: [UInt8]) -> Bool {
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if has("ftyp", at: 4) || has("#!AMR") || has("ID3") || has("FLV") || has("MAC ") || has("wvpk") { return true }
    // Matroska and WebM; ASF (WMA).
    if bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) || bytes.starts(with: [0x30, 0x26, 0xB2, 0x75]) { return true }
    // A frame of MPEG audio or ADTS: eleven bits of ones; a layer, or ADTS's zeros; a rate, and of MPEG audio a bit rate, that there is.
    guard bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return false }
    if bytes[1] & 0xF6 == 0xF0 { return bytes[2] >> 2 & 15 < 13 }
    // Layer I is left out: nobody records in it, and it begins as text in UTF-16 does.
    return (2...4).contains(bytes[1] & 6) && bytes[1] & 0x18 != 8 && bytes[2] >> 4 != 15 && bytes[2] >> 4 != 0 && bytes[2] >> 2 & 3 != 3
  }
}
