import CSndfile
import Testing

@testable import BonafideAudio

/// A container and encoding of libsndfile.
struct Pairing: CustomTestStringConvertible {
  let container: Int
  let encoding: Int

  var testDescription: String { SoundFile.name(of: CInt(container | encoding)) }

  /// What `sf_format_check` allows and libsndfile 1.2 then fails to write.
  private static let unwritable: Set = ["AIFF/DWVW_12", "MPEG/LAYER_I", "MPEG/LAYER_II", "WAV/LAYER_III"]

  /// All that libsndfile writes for one channel at 8 kHz, but for what cannot be told by content: RAW has no header,
  /// and SD2 keeps it in a second file.
  static let all: [Pairing] = {
    let containers = numbers(SFC_GET_FORMAT_MAJOR_COUNT, SFC_GET_FORMAT_MAJOR)
    let encodings = numbers(SFC_GET_FORMAT_SUBTYPE_COUNT, SFC_GET_FORMAT_SUBTYPE)
    return containers.filter { $0 != SF_FORMAT_RAW && $0 != SF_FORMAT_SD2 }.flatMap { container in
      encodings.map { Pairing(container: container, encoding: $0) }
    }.filter { pairing in
      var info = SF_INFO()
      info.samplerate = 8_000
      info.channels = 1
      info.format = CInt(pairing.container | pairing.encoding)
      return sf_format_check(&info) != 0 && !unwritable.contains(pairing.testDescription)
    }
  }()

  private static func numbers(_ count: Int, _ get: Int) -> [Int] {
    var total: CInt = 0
    sf_command(nil, CInt(count), &total, CInt(MemoryLayout<CInt>.size))
    return (0..<total).map { index in
      var info = SF_FORMAT_INFO()
      info.format = index
      sf_command(nil, CInt(get), &info, CInt(MemoryLayout<SF_FORMAT_INFO>.size))
      return Int(info.format)
    }
  }
}

struct SoundFileTests {
  /// Cycles per sample of the tone that is written: 440 Hz at 8 kHz.
  private let cycles = 0.055

  @Test func coversTelephoneAndMusicFormats() {
    let names = Set(Pairing.all.map(\.testDescription))
    let expected: Set = [
      "WAV/PCM_U8", "WAV/PCM_16", "WAV/PCM_24", "WAV/PCM_32", "WAV/FLOAT", "WAV/DOUBLE", "WAV/ULAW", "WAV/ALAW",
      "WAV/GSM610", "WAV/IMA_ADPCM", "WAV/MS_ADPCM", "WAV/G721_32", "W64/PCM_16", "RF64/PCM_16", "AIFF/PCM_16",
      "AU/ULAW", "AU/G721_32", "CAF/PCM_16", "CAF/ALAC_16", "FLAC/PCM_16", "OGG/VORBIS", "OGG/OPUS", "MPEG/LAYER_III",
    ]
    #expect(expected.subtracting(names) == [])
  }

  @Test(arguments: Pairing.all)
  func readsWhatLibsndfileWrites(_ pairing: Pairing) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("tone.bin")
    let count = 16_000
    let isWritten = writeSoundFile(
      path, format: pairing.container | pairing.encoding, samples: sine(cycles: cycles, count: count))
    try #require(isWritten)

    let recording = try readAll(path)

    #expect(recording.format.name == pairing.testDescription)
    #expect(recording.format.channelCount == 1)
    #expect(recording.samples.count >= count - 400 && recording.samples.count <= count + 4_000)
    let (amplitude, rest) = tone(cycles: cycles, in: recording.samples[4_000..<12_000])
    #expect(abs(amplitude - 0.5) < 0.06)
    #expect(rest < 0.1)
    #expect(recording.warnings == [])
  }

  @Test func readsSamplesExactly() throws {
    let folder = try TemporaryFolder()
    let samples = int16(sine(cycles: cycles, count: 5_000)) + [.min, .max, 0, 1, -1]
    let path = try folder.write(WaveBytes(pcm: samples).bytes, to: "a.wav")
    let recording = try readAll(path, block: 77)
    #expect(recording.samples == samples.map { Float($0) / 32_768 })
    #expect(recording.format == AudioFormat(name: "WAV/PCM_16", sampleRate: 8_000, channelCount: 1, frameCount: 5_005))
  }

  @Test func interleavesChannels() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(WaveBytes(pcm: [100, 200, 300, 400], channelCount: 2).bytes, to: "a.wav")
    #expect(try readAll(path).samples.map { Int($0 * 32_768) } == [100, 200, 300, 400])
  }

  @Test func rewindsToTheFirstFrame() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("gsm.wav")
    let isWritten = writeSoundFile(
      path, format: SF_FORMAT_WAV | SF_FORMAT_GSM610, samples: sine(cycles: cycles, count: 8_000))
    try #require(isWritten)
    var reader = try AudioReader(path: path)
    var (first, second): ([Float], [Float]) = ([], [])
    #expect(try reader.read(into: &first, frames: 1_000) == 1_000)
    #expect(try reader.read(into: &second, frames: 1_000) == 1_000)
    #expect(first != second)
    try reader.rewind()
    #expect(try reader.read(into: &second, frames: 1_000) == 1_000)
    #expect(first == second)
  }

  @Test func keepsTheMemoryOfTheBuffer() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(WaveBytes(pcm: Array(repeating: 9, count: 2_500)).bytes, to: "a.wav")
    var reader = try AudioReader(path: path)
    var buffer: [Float] = []
    #expect(try reader.read(into: &buffer, frames: 1_000) == 1_000)
    let capacity = buffer.capacity
    #expect(try reader.read(into: &buffer, frames: 1_000) == 1_000)
    #expect(try reader.read(into: &buffer, frames: 1_000) == 500)
    #expect(buffer.count == 500)
    #expect(try reader.read(into: &buffer, frames: 1_000) == 0)
    #expect(try reader.read(into: &buffer, frames: 1_000) == 0)
    #expect(buffer.isEmpty)
    #expect(buffer.capacity == capacity)
  }

  @Test func countsFramesBelowOneAsNone() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(WaveBytes(pcm: [1, 2, 3]).bytes, to: "a.wav")
    var reader = try AudioReader(path: path)
    var buffer: [Float] = [1]
    #expect(try reader.read(into: &buffer, frames: 0) == 0)
    #expect(try reader.read(into: &buffer, frames: -5) == 0)
    #expect(try reader.read(into: &buffer, frames: .max) == 3)
  }
}

struct HeaderPromiseTests {
  @Test(arguments: [
    ("RIFF : 32036 (should be 16014)\ndata : 32000 (should be 16000)\n", 2_000 as Int64?),
    (" SSND : 4008 (should be 1002)\n", 4_000),
    ("  Data Size   : 32000 (should be 16000)\n", 2_000),
    ("data : 16000\n", nil),
    ("data : 4294967295 (should be 32000)\n", nil),
    ("data : 2147483647 (should be 32000)\n", nil),
    ("*** Calculated frame count 1000 does not match value from 'ds64' chunk of 16000.", 16_000),
    ("data : 100 (should be 32000)\n", nil),
    ("data : (should be\n(should be )\ndata should be\n", nil),
    ("", nil),
  ])
  func readsTheLog(_ log: String, frames: Int64?) {
    #expect(HeaderPromise(log: log, frames: 1_000)?.frameCount(found: 1_000) == frames)
  }
}
