/// The companded samples of telephone lines, ITU-T G.711: eight bits for the range of 14 (µ-law) or 13 (A-law).
package enum G711: Sendable {
  case muLaw, aLaw

  /// Sample per byte, full scale ±1: what libsndfile reads from the same bytes.
  package var table: [Float] {
    switch self {
    case .muLaw: Self.muLawTable
    case .aLaw: Self.aLawTable
    }
  }

  private static let muLawTable = (0..<256).map { Float(muLaw(UInt8($0))) / 32_768 }
  private static let aLawTable = (0..<256).map { Float(aLaw(UInt8($0))) / 32_768 }

  /// Sign, three bits of segment, four bits of place in it, all inverted; a step of 2^(segment + 3) of 16 bits.
  private static func muLaw(_ byte: UInt8) -> Int {
    let code = Int(~byte)
    let magnitude = ((code & 0x0f) << 3 + 0x84) << (code >> 4 & 7) - 0x84
    return code & 0x80 != 0 ? -magnitude : magnitude
  }

  /// Sign, segment and place with every other bit inverted; segments 0 and 1 have the same step, of 16 in 16 bits.
  private static func aLaw(_ byte: UInt8) -> Int {
    let code = Int(byte ^ 0x55)
    let segment = code >> 4 & 7
    let place = (code & 0x0f) << 4 + 8
    let magnitude = segment == 0 ? place : (place + 0x100) << (segment - 1)
    return code & 0x80 != 0 ? magnitude : -magnitude
  }
}
