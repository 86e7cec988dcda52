import NIOCore

/// Asterisk's AudioSocket: frames of a byte of kind, two of length, and a payload, over TCP.
///
/// The first says which call it is; audio follows, 16-bit little-endian, at the rate that its kind says.
package struct AudioSocketParser {
  private enum State {
    /// Nothing came yet.
    case new
    /// The call is known, its rate not yet.
    case named
    case talking(kind: UInt8)
    case ended
  }

  private enum Kind {
    static let hangUp: UInt8 = 0x00
    static let identifier: UInt8 = 0x01
    static let digit: UInt8 = 0x03
    static let audio: ClosedRange<UInt8> = 0x10...0x18
    static let error: UInt8 = 0xFF
  }

  /// Hz, by kind from 0x10.
  private static let rates = [8000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000]

  /// Bytes that may be kept though they were read.
  private static let longestRead = 4096

  private var buffer = ByteBuffer()
  private var state = State.new

  /// What a host says that takes no more calls: an error, "frame forwarding".
  package static let refusal: [UInt8] = [Kind.error, 0, 1, 0x02]

  package init() {}

  /// Takes what came.
  package mutating func append(_ bytes: ByteBuffer) {
    var bytes = bytes
    buffer.writeBuffer(&bytes)
  }

  /// What the next whole frames say; `nil` where more bytes are needed.
  package mutating func next() throws(WireError) -> WireEvent? {
    while true {
      switch state {
      case .ended: return nil
      case .new, .named, .talking: break
      }
      // Ahead of the payload, which may never come.
      guard let kind = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
      if case .new = state, kind != Kind.identifier { throw WireError("AudioSocket begins with kind \(kind), not with the call's UUID") }
      guard let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt16.self) else { return nil }
      if case .new = state, length != 16 { throw WireError("a UUID of \(length) bytes; it has 16") }
      guard buffer.readableBytes >= 3 + Int(length) else { return nil }
      buffer.moveReaderIndex(forwardBy: 3)
      let payload = buffer.readBytes(length: Int(length)) ?? []
      // What was read is not kept, for there are many calls.
      if buffer.readableBytes == 0 { buffer.clear() } else if buffer.readerIndex > Self.longestRead { buffer.discardReadBytes() }
      if let event = try take(kind, payload) { return event }
    }
  }

  private mutating func take(_ kind: UInt8, _ payload: [UInt8]) throws(WireError) -> WireEvent? {
    switch kind {
    case Kind.identifier:
      guard case .new = state else { throw WireError("AudioSocket names a second call") }
      state = .named
      return .start(CallOrigin(adapter: "audiosocket", name: Self.uuid(payload)))
    case Kind.audio:
      return try audio(kind, payload)
    case Kind.hangUp:
      state = .ended
      return .end(.hangUp)
    case Kind.error:
      state = .ended
      return .end(.error)
    case Kind.digit:
      return nil
    default:
      // Kinds of later versions have a length too, and can be passed over.
      return nil
    }
  }

  private mutating func audio(_ kind: UInt8, _ payload: [UInt8]) throws(WireError) -> WireEvent? {
    let rate = Self.rates[Int(kind - Kind.audio.lowerBound)]
    if case .talking(let before) = state {
      guard kind == before else { throw WireError("the rate changed to \(rate) Hz in a call") }
      guard payload.count.isMultiple(of: 2) else { throw WireError("\(payload.count) bytes of 16-bit samples") }
      return payload.isEmpty ? nil : .audio(party: 0, .linear(littleEndian(payload)))
    }
    // The frame is read again once the party is there.
    var rest = ByteBuffer(bytes: [kind, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload)
    rest.writeBuffer(&buffer)
    buffer = rest
    state = .talking(kind: kind)
    return .party(name: "caller", sampleRate: rate)
  }

  private static func uuid(_ bytes: [UInt8]) -> String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }
    return text
  }
}

/// 16-bit samples, the low byte first; an odd byte at the end is left out.
func littleEndian(_ bytes: [UInt8]) -> [Int16] {
  stride(from: 0, to: bytes.count - 1, by: 2).map { Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8) }
}
