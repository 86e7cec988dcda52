import CSndfile
import Foundation
import Testing

@testable import BonafideAudio

/// Audio in the file that a header does not tell of.
struct LayoutTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func tone(_ format: Int, _ cycles: Double, rate: Int = 8_000, channels: Int = 1, seconds: Int = 2) throws -> [UInt8] {
    let path = folder.file("tone.bin")
    let mono = sine(cycles: cycles * 8_000 / Double(rate), count: seconds * rate)
    let samples = mono.flatMap { Array(repeating: $0, count: channels) }
    let isWritten = writeSoundFile(path, format: format, samples: samples, sampleRate: rate, channels: channels)
    try #require(isWritten)
    return try bytes(path)
  }

  /// Where the length of the audio stands.
  private struct Length: CustomTestStringConvertible {
    let testDescription: String
    let format: Int
    let mark: String
    /// From the mark on.
    let offset: Int
    let width: Int
    let bigEndian: Bool
    /// Bytes that the length counts ahead of the audio.
    var ahead = 0
  }

  private static let lengths = [
    Length(testDescription: "WAV", format: SF_FORMAT_WAV | SF_FORMAT_PCM_16, mark: "data", offset: 4, width: 4, bigEndian: false),
    Length(testDescription: "WAV µ-law", format: SF_FORMAT_WAV | SF_FORMAT_ULAW, mark: "data", offset: 4, width: 4, bigEndian: false),
    Length(testDescription: "WAV GSM", format: SF_FORMAT_WAV | SF_FORMAT_GSM610, mark: "data", offset: 4, width: 4, bigEndian: false),
    Length(testDescription: "WAV ADPCM", format: SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, mark: "data", offset: 4, width: 4, bigEndian: false),
    Length(
      testDescription: "W64", format: SF_FORMAT_W64 | SF_FORMAT_PCM_16, mark: "data", offset: 16, width: 8, bigEndian: false,
      ahead: 24),
    Length(testDescription: "RF64", format: SF_FORMAT_RF64 | SF_FORMAT_PCM_16, mark: "ds64", offset: 16, width: 8, bigEndian: false),
    Length(testDescription: "AU", format: SF_FORMAT_AU | SF_FORMAT_ULAW, mark: ".snd", offset: 8, width: 4, bigEndian: true),
    Length(
      testDescription: "AIFF", format: SF_FORMAT_AIFF | SF_FORMAT_PCM_16, mark: "SSND", offset: 4, width: 4, bigEndian: true,
      ahead: 8),
    Length(testDescription: "CAF", format: SF_FORMAT_CAF | SF_FORMAT_ULAW, mark: "data", offset: 4, width: 8, bigEndian: true, ahead: 4),
  ]

  @Test(arguments: lengths.indices, [0, 4_096, -1])
  func readsToTheEnd(_ index: Int, said length: Int) throws {
    let place = Self.lengths[index]
    var file = try folder.written(place.format)
    let mark = try #require(file.indices.first { file[$0...].starts(with: place.mark.utf8) })
    let claimed = length == 0 ? 0 : length < 0 ? -1 : length + place.ahead
    let start = mark + place.offset
    file.replaceSubrange(
      start..<(start + place.width), with: headerBytes(Int64(claimed), count: place.width, bigEndian: place.bigEndian))
    let recording = try readAll(try folder.write(file, to: "length.bin"))
    #expect(abs(recording.samples.count - 24_000) <= 400)
    #expect(hears(low, in: recording.samples[1_000..<15_000]))
    #expect(hears(high, in: recording.samples[17_000..<23_000]))
    #expect(recording.format.name.hasPrefix(SoundFile.name(of: CInt(place.format)).prefix(3)))
    #expect(recording.warnings.isEmpty == (length < 0))
  }

  @Test(arguments: [
    SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_ULAW, SF_FORMAT_W64 | SF_FORMAT_PCM_16,
    SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_ULAW, SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
    SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
    SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
  ])
  func readsOneAfterAnother(_ format: Int) throws {
    let file = try tone(format, low) + tone(format, high)
    let recording = try readAll(try folder.write(file, to: "cat.bin"))
    #expect(abs(recording.samples.count - 32_000) < 4_500)
    #expect(hears(low, in: recording.samples[3_000..<13_000]))
    #expect(hears(high, in: recording.samples.suffix(12_000).prefix(10_000)))
    #expect(recording.unheard == 0)
  }

  @Test(arguments: [
    SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
    SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
  ])
  func bringsPartsToOneRate(_ format: Int) throws {
    let file = try tone(format, low, rate: 44_100, channels: 2) + tone(format, high)
    let recording = try readAll(try folder.write(file, to: "rates.bin"))
    #expect(recording.format.sampleRate == 8_000)
    #expect(recording.format.channelCount == 2)
    let channels = (0..<2).map { channel in stride(from: channel, to: recording.samples.count, by: 2).map { recording.samples[$0] } }
    #expect(abs(channels[0].count - 32_000) < 4_500)
    for channel in channels { #expect(hears(low, in: channel[3_000..<13_000])) }
    #expect(hears(high, in: channels[0].suffix(12_000).prefix(10_000)))
    #expect(channels[1].suffix(12_000).prefix(10_000).allSatisfy { $0 == 0 })
  }

  @Test func audioBehindTheEndIsNone() throws {
    var file = try folder.written(SF_FORMAT_AIFF | SF_FORMAT_PCM_16)
    let mark = try #require(file.indices.first { file[$0...].starts(with: "SSND".utf8) })
    // Where the audio begins, counted from there.
    file.replaceSubrange((mark + 8)..<(mark + 12), with: [0, 0, 0xFF, 0xFF])
    let scanned = Layout.scan(try FileDescriptor.opening(try folder.write(file, to: "behind.aiff")))
    #expect(scanned == nil)
  }

  private static let containers = [
    SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16, SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_ULAW,
    SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
    SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
  ]

  @Test(arguments: containers, containers)
  func readsOtherContainersBehind(_ one: Int, _ other: Int) throws {
    let file = try tone(one, low) + tone(other, high)
    let recording = try readAll(try folder.write(file, to: "both.bin"))
    #expect(abs(recording.samples.count - 32_000) < 4_500)
    #expect(hears(low, in: recording.samples[3_000..<13_000]))
    #expect(hears(high, in: recording.samples.suffix(12_000).prefix(10_000)))
    #expect(recording.unheard == 0)
  }

  /// What FLAC keeps of the WAV file that it was made of begins as one does.
  @Test func metadataOfFLACAreNoRecording() throws {
    var file = try folder.written(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
    let kept = Array("riff".utf8) + WaveBytes(pcm: []).bytes
    file.insert(contentsOf: [2, 0, 0, UInt8(kept.count)] + kept, at: 42)
    try #require(Array(file[..<4]) == Array("fLaC".utf8) && file[4] == 0)
    let recording = try readAll(try folder.write(file, to: "foreign.flac"))
    #expect(recording.samples.count == 24_000 && recording.warnings == [])
  }

  /// A length of 64 bits to which nothing can be added, where a chunk may be.
  @Test func aLengthBeyondAllNumbersIsNone() throws {
    var file = try folder.written(SF_FORMAT_CAF | SF_FORMAT_ULAW)
    let mark = try #require(file.indices.first { file[$0...].starts(with: "data".utf8) })
    file.replaceSubrange((mark + 4)..<(mark + 12), with: headerBytes(4_004, count: 8, bigEndian: true))
    file.replaceSubrange((mark + 16 + 4_000)..<(mark + 16 + 4_012), with: Array("~~~~".utf8) + [0x7F] + [UInt8](repeating: 0xFF, count: 7))
    #expect(try readAll(folder.write(file, to: "huge.caf")).samples.count == 24_000)
  }

  /// Decoders take a length of more than 2 GiB for one that is not known.
  @Test(arguments: lengths.indices)
  func countsWhatIsCutOffBeyondTwoGigabytes(_ index: Int) throws {
    let place = Self.lengths[index]
    var file = try folder.written(place.format)
    let mark = try #require(file.indices.first { file[$0...].starts(with: place.mark.utf8) })
    let start = mark + place.offset
    let length = Int64(place.width == 8 ? 6_000_000_000 : 2_500_000_000)
    file.replaceSubrange(start..<(start + place.width), with: headerBytes(length, count: place.width, bigEndian: place.bigEndian))
    let recording = try readAll(try folder.write(file, to: "cut.bin"))
    #expect(abs(recording.samples.count - 24_000) <= 400)
    #expect(recording.unheard > 100_000)
    #expect(recording.warnings.count == 1 && recording.warnings[0].hasPrefix("the header promises "))
  }

  @Test func readsASecondChunkOfAudio() throws {
    let one = WaveBytes(pcm: int16(sine(cycles: low, count: 8_000))).bytes
    let two = WaveBytes(pcm: int16(sine(cycles: high, count: 8_000))).bytes
    let note = Array("LIST".utf8) + littleEndian(UInt32(4)) + Array("INFO".utf8)
    let recording = try readAll(try folder.write(one + note + two.dropFirst(36), to: "two.wav"))
    #expect(recording.samples.count == 16_000)
    #expect(hears(high, in: recording.samples[8_500..<15_500]))
  }

  @Test func leavesChunksAndTagsBehindAudioAlone() throws {
    let wave = WaveBytes(pcm: int16(sine(cycles: low, count: 8_000))).bytes
    let ends: [[UInt8]] = [
      Array("LIST".utf8) + littleEndian(UInt32(4)) + Array("INFO".utf8),
      Array("abcd".utf8) + littleEndian(UInt32(2_000)) + Array(repeating: 7, count: 2_000),
      Array("TAG".utf8) + Array(repeating: 32, count: 1_997), Array(repeating: 0, count: 5_000), [1, 2, 3],
    ]
    for end in ends {
      let recording = try readAll(try folder.write(wave + end, to: "end.wav"))
      #expect(recording.samples.count == 8_000)
      #expect(recording.warnings == [])
    }
  }

  @Test(arguments: [4 << 30 + 1_000_000, 9 << 30] as [Int64])
  func findsAudioBeyondFourGigabytes(_ audio: Int64) throws {
    var wave = WaveBytes(pcm: [])
    wave.claimedSize = UInt32(truncatingIfNeeded: audio)
    let path = try folder.write(wave.bytes, to: "long.wav")
    // A hole takes no room on the disk; the last chunk is there.
    try #require(truncate(path, off_t(44 + audio)) == 0)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Array("LIST".utf8) + littleEndian(UInt32(4)) + Array("INFO".utf8))
    let file = try FileDescriptor.opening(path)
    let scanned = Layout.scan(file)
    let layout = try #require(scanned)
    let heard = layout.parts.reduce(Int64(0)) { $0 + $1.excerpt.count - 44 }
    #expect(heard == audio)
    #expect(layout.warnings.count == 1)
  }

  /// Twelve bytes that look like a frame to its header and never to its checksum, over and over.
  @Test func framesThatAreNoneAreGivenUp() throws {
    let described: [UInt8] = [0x10, 0, 0x10, 0] + [UInt8](repeating: 0, count: 6) + [0x01, 0xF4, 0x00, 0xF0] + [UInt8](repeating: 0, count: 20)
    let headers: [UInt8] = [0xFF, 0xF8, 0x10, 0x00, 0x00, 0x28, 0xFF, 0xF8, 0x10, 0x00, 0x05, 0x33]
    let file = Array("fLaC".utf8) + [0x80, 0, 0, 34] + described + (0..<100_000).flatMap { _ in headers }
    let path = try folder.write(file, to: "headers.flac")
    let time = ContinuousClock().measure { _ = failure(path) }
    #expect(time < .seconds(60))
  }

  @Test func readsOnBehindDamageInFLAC() throws {
    var file = try folder.written(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
    let middle = file.count / 4
    for index in middle..<(middle + 3_000) { file[index] = UInt8(truncatingIfNeeded: index &* 97 ^ index >> 3) }
    var reader = try AudioReader(path: try folder.write(file, to: "damaged.flac"))
    var (samples, block): ([Float], [Float]) = ([], [])
    var count = 0
    repeat {
      count = try reader.read(into: &block, frames: 1_000)
      samples += [Float](repeating: 0, count: reader.missing) + block
    } while count > 0
    // At its own time.
    #expect(samples.count == 24_000)
    #expect(hears(high, in: samples[17_000..<23_000]))
    #expect(reader.unheard > 0.1 && reader.unheard < 1.9)
    #expect(reader.warnings.count == 1)
  }

  @Test(arguments: [[0xEF, 0xBB, 0xBF], [0x0A], Array("HTTP/1.1 200 OK\r\nContent-Type: audio/x-wav\r\n\r\n".utf8)] as [[UInt8]])
  func passesOverWhatIsAhead(_ lead: [UInt8]) throws {
    for format in [SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS] {
      let path = try folder.write(lead + folder.written(format), to: "lead")
      let recording = try readAll(path)
      #expect(recording.samples.count == 24_000)
      #expect(hears(high, in: recording.samples[17_000..<23_000]))
      #expect(recording.warnings == ["\(lead.count) \(lead.count == 1 ? "byte" : "bytes") of something else ahead of the recording passed over"])
      #expect(recording.unheard == 0 && AudioFormat.isRecognised(path: path))
    }
  }

  @Test func goesBackToTheFirstPart() throws {
    let file = try tone(SF_FORMAT_WAV | SF_FORMAT_PCM_16, low) + tone(SF_FORMAT_WAV | SF_FORMAT_PCM_16, high)
    var reader = try AudioReader(path: try folder.write(file, to: "cat.wav"))
    var (first, second): ([Float], [Float]) = ([], [])
    #expect(try reader.read(into: &first, frames: 40_000) == 32_000)
    try reader.rewind()
    #expect(try reader.read(into: &second, frames: 40_000) == 32_000)
    #expect(first == second)
    #expect(try reader.read(into: &second, frames: 1) == 0)
  }

  @Test func excerptsReadAcrossPieces() throws {
    let file = try FileDescriptor.opening(try folder.write(Array(0..<100), to: "bytes.bin"))
    let excerpt = Excerpt([.bytes([200, 201]), .file(10..<13), .bytes([]), .file(50..<52)])
    #expect(excerpt.count == 7)
    for start in 0..<8 {
      for length in 1..<9 {
        var read = [UInt8](repeating: 0, count: length)
        let count = read.withUnsafeMutableBytes { excerpt.read(at: Int64(start), into: $0, of: file.number) }
        #expect(Array(read[..<count]) == Array([200, 201, 10, 11, 12, 50, 51].dropFirst(start).prefix(length)))
      }
    }
    let (found, absent) = (file.firstPlace(of: [98, 99], in: 0..<100), file.firstPlace(of: [98, 99], in: 0..<99))
    #expect(found == 98 && absent == nil)
  }
}
