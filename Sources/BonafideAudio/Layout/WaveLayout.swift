/// Where the audio of WAV, RF64, BW64 and Wave64 is.
extension Layout {
  /// By which WAV names MP3.
  private static let mp3Tag: Int64 = 0x55

  /// WAV, RF64, BW64.
  static func waveRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    guard let chunks = WaveChunks(in: file, at: start, size: size), let format = chunks.format,
      let block = format.number(at: 12, bytes: 2, bigEndian: chunks.bigEndian)
    else { return nil }
    var audio = chunks.audio
    let bytesPerSecond = Double(format.number(at: 8, bytes: 4, bigEndian: chunks.bigEndian) ?? 0)
    if format.number(at: 0, bytes: 2, bigEndian: chunks.bigEndian) == mp3Tag, let recorded = framesRecording(of: chunks.audio, in: file) {
      audio.recorded = recorded
      return audio.take(recorded.parts, bytesPerSecond: bytesPerSecond)
    }
    let parts = pieces(audio.ranges, block: block).map {
      LayoutPart(wave(format, audio: $0, bigEndian: chunks.bigEndian), container: chunks.isLong ? "RF64" : nil)
    }
    return audio.take(parts, bytesPerSecond: bytesPerSecond)
  }

  /// Chunks of WAV, RF64 and BW64.
  private struct WaveChunks {
    let bigEndian: Bool
    /// Whether lengths may be of 64 bits.
    let isLong: Bool
    private(set) var format: [UInt8]?
    private(set) var audio: ChunkAudio
    private var longLength: Int64?

    /// - Returns: `nil` where they do not describe audio.
    init?(in file: borrowing FileDescriptor, at start: Int64, size: Int64) {
      let name = file.bytes(at: start, count: 4)
      bigEndian = name.hasText("RIFX")
      isLong = name.hasText("RF64") || name.hasText("BW64")
      audio = ChunkAudio(size: size)
      var place = start + 12
      while place + 8 <= size {
        let head = file.bytes(at: place, count: 8)
        if isRecording(in: file, at: place, size: size) {
          audio.recorded.end = place
          break
        }
        guard isName(Array(head.prefix(4))), let length = head.number(at: 4, bytes: 4, bigEndian: bigEndian) else { break }
        let body = place + 8
        if head.hasText("data") {
          guard let end = addAudio(in: file, from: body, length: length, size: size) else { return nil }
          place = evened(end, from: body, in: file)
          continue
        }
        if head.hasText("fmt ") {
          guard (14...4_096).contains(length) else { return nil }
          format = file.bytes(at: body, count: Int(length))
        } else if head.hasText("ds64") {
          longLength = file.bytes(at: body + 8, count: 8).number(at: 0, bytes: 8, bigEndian: bigEndian)
        }
        place = body + length + (length & 1)
      }
    }

    /// Takes in the audio of a chunk.
    ///
    /// - Returns: the end of the audio; `nil` where nothing before it describes it.
    private mutating func addAudio(in file: borrowing FileDescriptor, from body: Int64, length: Int64, size: Int64) -> Int64? {
      guard let rate = format?.number(at: 8, bytes: 4, bigEndian: bigEndian) else { return nil }
      let claimed = isLong && length == 0xFFFF_FFFF ? longLength : length < 0xFFFF_0000 ? length : nil
      let extent = extent(
        body, claimed: claimed, size: size, wraps: !isLong, least: max(64, rate / 10),
        follows: { isChunk(behindAudioFrom: body, in: file, at: $0, size: size, bigEndian: bigEndian) },
        next: { nextWave(in: file, from: $0, size: size) })
      audio.add(extent, from: body)
      // Decoders do not take a length of 64 bits that is none.
      if isLong && claimed == nil { audio.recorded.isPlain = false }
      return extent.end
    }
  }

  /// The recording of MP3 in chunks of audio, which is what its frames are without; `nil` where they hold none.
  private static func framesRecording(of audio: ChunkAudio, in file: borrowing FileDescriptor) -> Recorded? {
    var (recorded, found): (Recorded, [Recorded]) = (audio.recorded, [])
    for range in audio.ranges where recorded.end > range.lowerBound {
      guard let frames = framesRecording(in: file, at: range.lowerBound, size: range.upperBound) else { continue }
      found.append(frames)
      // Another recording begins inside.
      if frames.end < range.upperBound { recorded.end = frames.end }
    }
    if found.isEmpty { return nil }
    recorded.isPlain = false
    recorded.parts = found.flatMap(\.parts)
    for index in recorded.parts.indices { recorded.parts[index].container = "WAV" }
    recorded.warnings += found.flatMap(\.warnings)
    recorded.lost += found.reduce(0) { $0 + $1.lost }
    return recorded
  }

  private static func nextWave(in file: borrowing FileDescriptor, from place: Int64, size: Int64) -> Int64? {
    var place = place
    while let hit = file.firstPlace(of: Array("WAVEfmt ".utf8), in: place..<size) {
      let head = file.bytes(at: hit - 8, count: 4)
      if hit - 8 >= place, head.hasText("RIFF") || head.hasText("RIFX") { return hit - 8 }
      place = hit + 1
    }
    return nil
  }

  /// A WAV file of some audio.
  private static func wave(_ format: [UInt8], audio: Range<Int64>, bigEndian: Bool) -> Excerpt {
    func number(_ value: Int) -> [UInt8] { headerBytes(Int64(value), count: 4, bigEndian: bigEndian) }
    let count = Int(audio.upperBound - audio.lowerBound)
    let padded = format + (format.count % 2 == 1 ? [0] : [])
    let header =
      Array((bigEndian ? "RIFX" : "RIFF").utf8) + number(20 + padded.count + count + (count & 1)) + Array("WAVEfmt ".utf8)
      + number(format.count) + padded + Array("data".utf8) + number(count)
    return Excerpt([.bytes(header), .file(audio)] + (count & 1 == 1 ? [.bytes([0])] : []))
  }

  // MARK: W64

  private static let wave64Tail: [UInt8] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A]

  /// Sony Wave64: names of 16 bytes, lengths of 64 bits that count the head, chunks at multiples of 8.
  static func wave64Recording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    func isHead(_ place: Int64) -> Bool {
      let head = file.bytes(at: place, count: 16)
      return Array(head.dropFirst(4)) == wave64Tail || isWave64(in: file, at: place)
    }
    guard isWave64(in: file, at: start) else { return nil }
    var (place, format, audio): (Int64, [UInt8]?, ChunkAudio) = (start + 40, nil, ChunkAudio(size: size))
    while place + 24 <= size {
      let head = file.bytes(at: place, count: 24)
      if isRecording(in: file, at: place, size: size) {
        audio.recorded.end = place
        break
      }
      let length = head.number(at: 16, bytes: 8, bigEndian: false)
      let body = place + 24
      if head.hasText("fmt "), let length {
        guard (38...4_096).contains(length) else { return nil }
        format = file.bytes(at: body, count: Int(length) - 24)
      } else if head.hasText("data") {
        guard let rate = format?.number(at: 8, bytes: 4, bigEndian: false) else { return nil }
        let extent = extent(
          body, claimed: length.map { max(0, $0 - 24) }, size: size, wraps: false, least: max(64, rate / 10),
          follows: { place in
            size - place < 24 || isRecording(in: file, at: place, size: size) || isHead(place) || isHead(start + (place - start + 7) / 8 * 8)
          },
          next: { place in file.firstPlace(of: wave64Name, in: place..<size) })
        audio.add(extent, from: body)
        place = isHead(extent.end) ? extent.end : start + (extent.end - start + 7) / 8 * 8
        continue
      }
      guard let length, length >= 24 else { break }
      let (next, overflow) = place.addingReportingOverflow(length > size ? size : length)
      if overflow { break }
      place = start + (next - start + 7) / 8 * 8
    }
    guard let format, let block = format.number(at: 12, bytes: 2, bigEndian: false) else { return nil }
    let parts = pieces(audio.ranges, block: block).map { LayoutPart(wave(format, audio: $0, bigEndian: false), container: "W64") }
    return audio.take(parts, bytesPerSecond: Double(format.number(at: 8, bytes: 4, bigEndian: false) ?? 0))
  }

  static let wave64Name: [UInt8] = Array("riff".utf8) + [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00]

  private static func isWave64(in file: borrowing FileDescriptor, at place: Int64) -> Bool {
    file.bytes(at: place, count: 16) == wave64Name
  }
}
