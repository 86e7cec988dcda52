import NIOCore

/// A datagram of RTP (RFC 3550).
package struct RTPPacket: Sendable, Equatable {
  /// What kind of payload it has.
  package var type: UInt8
  /// Goes up by one, and around.
  package var number: UInt16
  /// In ticks of the payload's clock, from anywhere, and around.
  package var time: UInt32
  /// Of the source.
  package var source: UInt32
  package var payload: [UInt8]

  package init(type: UInt8, number: UInt16, time: UInt32, source: UInt32, payload: [UInt8]) {
    self.type = type
    self.number = number
    self.time = time
    self.source = source
    self.payload = payload
  }

  /// Whether its payload is more than comfort noise has, or a key that is pressed.
  var mayBeAudio: Bool { payload.count > 16 }

  /// Reads a datagram; `nil` where it is none of RTP.
  package init?(_ datagram: ByteBuffer) {
    var bytes = datagram
    guard let (head, kind, number, time, source) = bytes.readMultipleIntegers(as: (UInt8, UInt8, UInt16, UInt32, UInt32).self),
      head >> 6 == 2, !RTCP.kinds.contains(kind)
    else { return nil }
    // Contributing sources, then an extension of words.
    guard bytes.readSlice(length: 4 * Int(head & 0x0F)) != nil else { return nil }
    if head & 0x10 != 0 {
      guard let (_, words) = bytes.readMultipleIntegers(as: (UInt16, UInt16).self), bytes.readSlice(length: 4 * Int(words)) != nil else { return nil }
    }
    var length = bytes.readableBytes
    if head & 0x20 != 0 {
      // The last byte says how many are padding, itself included.
      guard length > 0, let padding = bytes.getInteger(at: bytes.writerIndex - 1, as: UInt8.self), 1...length ~= Int(padding) else { return nil }
      length -= Int(padding)
    }
    self.init(type: kind & 0x7F, number: number, time: time, source: source, payload: bytes.readBytes(length: length) ?? [])
  }
}

/// The control protocol beside RTP.
package enum RTCP {
  /// The second byte of its datagrams (RFC 5761).
  static let kinds: ClosedRange<UInt8> = 192...223
  private static let goodbye: UInt8 = 203

  /// Whether a datagram begins as those of RTCP do.
  static func isOne(_ datagram: ByteBuffer) -> Bool {
    guard let (head, kind) = datagram.getMultipleIntegers(at: datagram.readerIndex, as: (UInt8, UInt8).self) else { return false }
    return head >> 6 == 2 && kinds.contains(kind)
  }

  /// Sources that a goodbye may have (RFC 3550, section 6.6).
  private static let mostSources = 31

  /// The sources that say goodbye in a datagram, as many as one goodbye may have; none where it is not RTCP.
  package static func goodbyes(in datagram: ByteBuffer) -> [UInt32] {
    var (rest, sources) = (datagram, [UInt32]())
    while sources.count < mostSources, let (head, kind, words) = rest.readMultipleIntegers(as: (UInt8, UInt8, UInt16).self) {
      guard head >> 6 == 2, kinds.contains(kind), var body = rest.readSlice(length: 4 * Int(words)) else { return sources }
      guard kind == goodbye else { continue }
      for _ in 0..<min(Int(head & 0x1F), mostSources - sources.count) { if let source = body.readInteger(as: UInt32.self) { sources.append(source) } }
    }
    return sources
  }
}
