/// Headers of MPEG audio and of AAC in ADTS.
extension Layout {
  /// What the header of a frame says.
  struct Frame {
    /// Bytes, header included.
    var length: Int
    var sampleRate: Int
    var channelCount: Int
    /// Samples of each channel.
    var samples: Int
    /// MPEG version and layer; 0 is ADTS.
    var kind: UInt8
    private let header: [UInt8]

    func fits(_ other: Frame) -> Bool {
      sampleRate == other.sampleRate && channelCount == other.channelCount && kind == other.kind
    }

    /// Seconds of some frames like this one.
    func seconds(of frames: Int) -> Double { Double(frames * samples) / Double(sampleRate) }

    /// - Parameter head: at least 7 bytes.
    init?(_ head: ArraySlice<UInt8>) {
      guard head.count >= 7 else { return nil }
      let i = head.startIndex
      guard head[i] == 0xFF, head[i + 1] & 0xE0 == 0xE0 else { return nil }
      let (b1, b2, b3) = (head[i + 1], head[i + 2], head[i + 3])
      header = [head[i], b1, b2, b3]
      if b1 & 0xF6 == 0xF0 {
        let rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350]
        let place = Int(b2 >> 2 & 15)
        guard place < rates.count else { return nil }
        length = Int(b3 & 3) << 11 | Int(head[i + 4]) << 3 | Int(head[i + 5] >> 5)
        guard length > 7 else { return nil }
        sampleRate = rates[place]
        channelCount = Int(b2 & 1) << 2 | Int(b3 >> 6)
        samples = 1_024 * (Int(head[i + 6] & 3) + 1)
        kind = 0
        return
      }
      let (version, layer) = (b1 >> 3 & 3, 4 - Int(b1 >> 1 & 3))
      let (rateIndex, bitIndex) = (Int(b2 >> 2 & 3), Int(b2 >> 4))
      guard version != 1, layer != 4, rateIndex != 3, (1...14).contains(bitIndex) else { return nil }
      let isFirst = version == 3
      sampleRate = [44_100, 48_000, 32_000][rateIndex] / (isFirst ? 1 : version == 2 ? 2 : 4)
      channelCount = b3 >> 6 == 3 ? 1 : 2
      kind = b1 & 0x1E
      let kilobits: [Int] =
        switch (isFirst, layer) {
        case (true, 1): [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448]
        case (true, 2): [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384]
        case (true, _): [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
        case (false, 1): [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256]
        case (false, _): [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
        }
      let (bits, padding) = (kilobits[bitIndex - 1] * 1_000, Int(b2 >> 1 & 1))
      samples = layer == 1 ? 384 : layer == 3 && !isFirst ? 576 : 1_152
      length = layer == 1 ? (12 * bits / sampleRate + padding) * 4 : samples / 8 * bits / sampleRate + padding
      guard length > 7 else { return nil }
    }

    var isLayer3: Bool { kind & 6 == 2 }

    /// A frame without audio that says how many follow, as encoders write it.
    func note(frames: Int) -> [UInt8] {
      // Without a checksum of its own.
      var bytes = [header[0], header[1] | 1, header[2] & 0xFD, header[3]] + [UInt8](repeating: 0, count: noteOffset - 4)
      bytes += Array("Xing".utf8) + [0, 0, 0, 1] + headerBytes(Int64(frames), count: 4, bigEndian: true)
      let unpadded = length - Int(header[2] >> 1 & 1)
      return bytes + [UInt8](repeating: 0, count: max(0, unpadded - bytes.count))
    }

    /// Where the first frame of an encoder tells of the stream: behind the side information.
    var noteOffset: Int {
      switch (kind & 0x18 == 0x18, channelCount) {
      case (true, 1): 21
      case (true, _): 36
      case (false, 1): 13
      case (false, _): 21
      }
    }
  }
}
