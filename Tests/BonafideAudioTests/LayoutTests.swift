import CSndfile
import Foundation
import Testing

@testable import BonafideAudio

/// Two tones, so that it is told what was read where: cycles per sample at 8 kHz.
private let (low, high) = (0.05, 0.1)

private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

/// Whether a tone fills samples of a recording.
private func hears(_ cycles: Double, in samples: ArraySlice<Float>) -> Bool {
  let (amplitude, rest) = tone(cycles: cycles, in: samples)
  return abs(amplitude - 0.5) < 0.08 && rest < 0.12
}

/// Audio in the file that a header does not tell of.
struct LayoutTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A file that libsndfile writes: 2 s of `low`, then 1 s of `high`.
  private func written(_ format: Int, channels: Int = 1) throws -> [UInt8] {
    let path = folder.file("written.bin")
    let mono = sine(cycles: low, count: 16_000) + sine(cycles: high, count: 8_000)
    let samples = mono.flatMap { Array(repeating: $0, count: channels) }
    let isWritten = writeSoundFile(path, format: format, samples: samples, channels: channels)
    try #require(isWritten)
    return try bytes(path)
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
    var file = try written(place.format)
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
    var file = try written(SF_FORMAT_AIFF | SF_FORMAT_PCM_16)
    let mark = try #require(file.indices.first { file[$0...].starts(with: "SSND".utf8) })
    // Where the audio begins, counted from there.
    file.replaceSubrange((mark + 8)..<(mark + 12), with: [0, 0, 0xFF, 0xFF])
    let scanned = Layout.scan(try FileDescriptor.opening(try folder.write(file, to: "behind.aiff")))
    #expect(scanned == nil)
  }

  @Test func readsOtherContainersBehind() throws {
    let wave = try tone(SF_FORMAT_WAV | SF_FORMAT_PCM_16, low)
    let file = try wave + tone(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, high)
    let recording = try readAll(try folder.write(file, to: "both.bin"))
    #expect(recording.samples.count == 32_000)
    #expect(hears(high, in: recording.samples[17_000..<31_000]))
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

  @Test func passesOverAHoleInMP3() throws {
    let file = try written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    let cut = file.count / 3
    let hole = [UInt8](repeating: 0, count: 20_000)
    let path = try folder.write(Array(file[..<cut] + hole + file[cut...]), to: "hole.mp3")
    let recording = try readAll(path)
    #expect(abs(recording.samples.count - 24_000) < 3_000)
    #expect(hears(high, in: recording.samples.suffix(7_000).prefix(5_000)))
    #expect(recording.warnings.count == 1)
    #expect(recording.warnings.first?.hasSuffix("bytes between frames are no audio and were passed over") == true)
  }

  @Test func passesOverAHoleBehindTheFirstFrames() throws {
    let file = try written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    let first = try #require(Layout.Frame(file[0...]))
    let second = try #require(Layout.Frame(file[first.length...]))
    let cut = first.length + second.length
    // The frames count more than the first one says.
    let path = try folder.write(Array(file[..<cut] + [UInt8](repeating: 0, count: 100) + file[cut...] + file[cut...]), to: "early.mp3")
    let recording = try readAll(path)
    #expect(recording.samples.count > 44_000)
    #expect(recording.warnings == ["\(second.length + 100) bytes between frames are no audio and were passed over"])
  }

  /// A WAV file of frames, in its own chunk.
  private func waveOfMP3(_ frames: [UInt8]) -> [UInt8] {
    WaveBytes(pcm: []).bytes[..<20] + littleEndian(0x55 as UInt16) + littleEndian(1 as UInt16) + littleEndian(8_000 as UInt32)
      + littleEndian(2_000 as UInt32) + littleEndian(1 as UInt16) + littleEndian(0 as UInt16) + Array("data".utf8)
      + littleEndian(UInt32(frames.count)) + frames
  }

  /// A recorder that lost its place writes its next recording into the chunk of the last one.
  @Test func hearsARecordingThatBeginsInsideAnother() throws {
    let file = try written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    var cut = 0
    while cut < file.count / 2, let frame = Layout.Frame(file[cut...]) { cut += frame.length }
    let inner = waveOfMP3(file)
    let recording = try readAll(folder.write(waveOfMP3(Array(file[..<cut]) + inner + [UInt8](repeating: 0, count: 64)), to: "inside.wav"))
    #expect(abs(recording.samples.count - 36_000) < 4_000)
    #expect(hears(high, in: recording.samples.suffix(7_000).prefix(5_000)))
  }

  /// libmpg123 writes of each damaged frame to standard error, of no file, where nobody silences it.
  @Test func damagedMP3IsDecodedInSilence() async throws {
    var file = try written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    // What is behind the header of each third frame.
    var (place, number) = (0, 0)
    while place + 64 < file.count, let frame = Layout.Frame(file[place...]) {
      if number % 3 == 2 { for index in 4..<16 { file[place + index] ^= 0xFF } }
      place += frame.length
      number += 1
    }
    try #require(number > 20)
    let bare = try folder.write(file, to: "damaged.mp3")
    let wave = try folder.write(waveOfMP3(file), to: "damaged.wav")
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) { [bare = bare as String, wave = wave as String] in
      #expect(try readAll(bare).samples.count > 16_000)
      let recording = try readAll(wave)
      #expect(recording.format.name == "WAV/LAYER_III" && recording.samples.count > 16_000)
    }
    #expect(result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } == "")
  }

  @Test func saysNothingOfALengthThatNobodyPromised() throws {
    // Without the first frame, in which the encoder tells of the stream.
    let file = try written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    let first = try #require(Layout.Frame(file[0...]))
    let picture = [UInt8](repeating: 7, count: 200_000)
    let length = [21, 14, 7, 0].map { UInt8(picture.count >> $0 & 127) }
    let tag = Array("ID3".utf8) + [3, 0, 0] + length + picture
    let recording = try readAll(try folder.write(tag + file.dropFirst(first.length), to: "art.mp3"))
    #expect(abs(recording.samples.count - 24_000) < 2_500)
    #expect(recording.warnings == [])
    #expect(recording.unheard == 0)
  }

  @Test func readsOnBehindDamageInFLAC() throws {
    var file = try written(SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
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
      let path = try folder.write(lead + written(format), to: "lead")
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

@Suite(.enabled(if: isInstalled("ffmpeg") && isInstalled("ffprobe"), "ffmpeg is not installed"))
struct TrackTests {
  private let folder: TemporaryFolder
  /// Tones of 2 s at 8 kHz.
  private let (lowTone, highTone): (String, String)

  init() throws {
    folder = try TemporaryFolder()
    lowTone = try folder.write(WaveBytes(pcm: int16(sine(cycles: low, count: 16_000))).bytes, to: "low.wav")
    highTone = try folder.write(WaveBytes(pcm: int16(sine(cycles: high, count: 16_000))).bytes, to: "high.wav")
  }

  private func made(_ arguments: [String], _ name: String) throws -> String {
    let path = folder.file(name)
    try #require(try run("ffmpeg", ["-v", "error"] + arguments + [path]) == 0)
    return path
  }

  /// All samples of a recording, what is missing as zeros, a channel each.
  private func timed(_ path: String) throws -> (channels: [[Float]], missing: Int, unheard: Double, places: [TrackChannel]) {
    var reader = try AudioReader(path: path)
    let count = reader.format.channelCount
    var (channels, block): ([[Float]], [Float]) = (Array(repeating: [], count: count), [])
    var (frames, missing) = (0, 0)
    repeat {
      frames = try reader.read(into: &block, frames: 1_000)
      missing += reader.missing
      for channel in 0..<count {
        channels[channel] += [Float](repeating: 0, count: reader.missing)
        channels[channel] += stride(from: channel, to: block.count, by: count).map { block[$0] }
      }
    } while frames > 0
    return (channels, missing, reader.unheard, reader.channels)
  }

  @Test(arguments: [
    ("two.mkv", "pcm_s16le"), ("two.mp4", "aac"), ("two.mov", "pcm_s16le"), ("two.ogg", "libopus"), ("two.webm", "libopus"),
    ("two.m4a", "aac"),
  ])
  func hearsAllTracks(_ name: String, codec: String) throws {
    let path = try made(["-i", lowTone, "-i", highTone, "-map", "0:a", "-map", "1:a", "-c:a", codec], name)
    let recording = try timed(path)
    let places = recording.places.map { [$0.track, $0.channel] }
    #expect(places == [[1, 1], [2, 1]])
    let rate = try AudioReader(path: path).format.sampleRate
    for (channel, cycles) in zip(recording.channels, [low, high]) {
      #expect(abs(Double(channel.count) / Double(rate) - 2) < 0.2)
      #expect(hears(cycles * 8_000 / Double(rate), in: channel[(rate / 2)..<(rate * 3 / 2)]))
    }
    #expect(recording.unheard == 0)
  }

  @Test func keepsTheTimeOfALateTrack() throws {
    let path = try made(
      ["-i", lowTone, "-itsoffset", "3", "-i", highTone, "-map", "0:a", "-map", "1:a", "-c:a", "pcm_s16le"], "late.mkv")
    let recording = try timed(path)
    #expect(recording.channels.map(\.count).allSatisfy { abs($0 - 40_000) < 20 })
    #expect(hears(low, in: recording.channels[0][1_000..<15_000]))
    #expect(hears(high, in: recording.channels[1][25_000..<39_000]))
    #expect(recording.channels[1][..<23_900].allSatisfy { $0 == 0 })
    #expect(abs(recording.missing - 8_000) < 20)
  }

  @Test func keepsGapsInTimeStamps() throws {
    let gap = ["-af", "aselect=lt(t\\,0.5)+gte(t\\,1.5)"]
    let path = try made(["-i", lowTone] + gap + ["-c:a", "pcm_s16le"], "gap.mkv")
    let recording = try timed(path)
    #expect(abs(recording.channels[0].count - 16_000) < 400)
    #expect(abs(recording.missing - 8_000) < 2_100)
    #expect(hears(low, in: recording.channels[0][500..<3_000]))
    #expect(recording.channels[0][6_500..<10_000].allSatisfy { $0 == 0 })
    #expect(recording.unheard == 0)
  }

  @Test(.enabled(if: isInstalled("sox"), "sox is not installed"))
  func hearsAMRThatPauses() throws {
    let path = folder.file("tone.amr")
    try #require(try run("sox", [lowTone, "-C", "7", "-t", "amr-nb", path]) == 0, "sox has no encoder of AMR: libsox-fmt-all")
    let file = try bytes(path)
    // 32 bytes a frame; frames of type 15 have no data.
    let pause = [UInt8](repeating: 0x7C, count: 100)
    let cut = 6 + 50 * 32
    let recording = try timed(try folder.write(Array(file[..<cut] + pause + file[cut...]), to: "pause.amr"))
    #expect(abs(recording.channels[0].count - 32_000) < 400)
    #expect(abs(recording.missing - 16_000) < 400)
    #expect(recording.unheard == 0)
    #expect(try readAll(folder.file("pause.amr")).warnings == [])
  }

  @Test(arguments: [["aac", "adts"], ["aac", "ipod"], ["aac", "matroska"], ["libopus", "matroska"], ["libspeex", "ogg"]])
  func readsOneAfterAnother(_ kind: [String]) throws {
    let arguments = ["-c:a", kind[0], "-f", kind[1]]
    let one = try made(["-i", lowTone] + arguments, "one.bin")
    let two = try made(["-i", highTone] + arguments, "two.bin")
    let path = try folder.write(bytes(one) + bytes(two), to: "cat.bin")
    let recording = try timed(path)
    let rate = try AudioReader(path: path).format.sampleRate
    #expect(abs(Double(recording.channels[0].count) / Double(rate) - 4) < 0.4)
    let (amplitude, _) = tone(cycles: low * 8_000 / Double(rate), in: recording.channels[0][(rate / 2)..<(rate * 3 / 2)])
    let (other, _) = tone(cycles: high * 8_000 / Double(rate), in: recording.channels[0].suffix(rate * 3 / 2).prefix(rate))
    #expect(amplitude > 0.3 && other > 0.3)
  }

  @Test(arguments: [("flac", "flac"), ("libvorbis", "ogg")])
  func readsFramesThatStandTwice(_ codec: String, container: String) throws {
    let pages = container == "ogg" ? ["-page_duration", "100000"] : []
    let path = try made(["-i", lowTone, "-c:a", codec, "-f", container] + pages, "once.bin")
    let file = try bytes(path)
    // Twice from the middle on.
    let recording = try timed(try folder.write(file + file[(file.count / 2)...], to: "twice.bin"))
    #expect(recording.channels[0].count - recording.missing > 20_000)
  }

  /// A damaged length must not swallow the frames that lie in it.
  @Test(arguments: [0, 5]) func findsFramesInADamagedLength(_ damaged: Int) throws {
    var file = try bytes(made(["-i", lowTone, "-c:a", "aac", "-f", "adts"], "tone.aac"))
    var starts = [0]
    while let start = starts.last, start < file.count, let frame = Layout.Frame(file[start...]) { starts.append(start + frame.length) }
    try #require(starts.count > 16 && starts.last == file.count)
    let (start, length) = (starts[damaged], starts[damaged + 6] + 9 - starts[damaged])
    file[start + 3] = file[start + 3] & 0xFC | UInt8(length >> 11)
    file[start + 4] = UInt8(length >> 3 & 0xFF)
    file[start + 5] = file[start + 5] & 0x1F | UInt8(length & 7) << 5
    let path = try folder.write(file, to: "length.aac")
    let recording = try timed(path)
    #expect(abs(recording.channels[0].count - (starts.count - 2) * 1_024) <= 1_024)
    let passed = starts[damaged + 1] - start
    #expect(try readAll(path).warnings.contains("\(passed) bytes between frames are no audio and were passed over"))
  }

  @Test func countsWhatACutFileLacks() throws {
    let path = try made(["-i", lowTone, "-c:a", "aac", "-movflags", "faststart"], "fast.m4a")
    let file = try bytes(path)
    let recording = try timed(try folder.write(Array(file[..<(file.count * 3 / 4)]), to: "cut.m4a"))
    #expect(recording.unheard > 0.5 && recording.unheard < 1.5)
  }
}
