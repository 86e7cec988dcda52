/// Numbers by which WAV, AVI and ASF name codecs: those of speech that recorders write, most of them from
/// Microsoft's mmreg.h.
enum WaveTag {
  private static let names: [UInt16: String] = [
    0x0041: "G.728", 0x0042: "Microsoft G.723.1", 0x0052: "VoxWare RT24", 0x0059: "Lucent G.723.1", 0x0062: "VoxWare",
    0x0075: "VoxWare RT29", 0x0083: "G.729A", 0x0093: "MediaSonic G.723.1", 0x0094: "Prosody 8 kb/s", 0x0100: "Rhetorex ADPCM",
    0x0111: "Vivo G.723.1", 0x0112: "Vivo Siren", 0x0123: "Digital G.723.1", 0x0125: "Sanyo LD-ADPCM", 0x0130: "Sipro ACELP.net",
    0x0131: "Sipro ACELP 4.8", 0x0132: "Sipro ACELP 8", 0x0133: "Sipro G.729", 0x0134: "Sipro G.729A", 0x0135: "Sipro Kelvin",
    0x0150: "Qualcomm PureVoice", 0x0151: "Qualcomm half rate", 0x14DE: "Cisco G.729",
  ]

  /// The tag to be read: `Cisco G.729 (WAV tag 0x14DE)`.
  static func text(_ tag: UInt16) -> String {
    let digits = String(tag, radix: 16, uppercase: true)
    let number = "0x" + String(repeating: "0", count: 4 - digits.count) + digits
    return names[tag].map { "\($0) (WAV tag \(number))" } ?? "WAV tag \(number)"
  }
}
