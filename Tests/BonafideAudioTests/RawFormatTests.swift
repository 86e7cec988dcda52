import CSndfile
import Testing

@testable import BonafideAudio

struct RawFormatTests {
  @Test func parses() throws {
    #expect(try RawFormat(parsing: "ulaw:8000") == RawFormat(encoding: .ulaw, sampleRate: 8_000))
    #expect(try RawFormat(parsing: "ALAW:16000:1") == RawFormat(encoding: .alaw, sampleRate: 16_000))
    #expect(try RawFormat(parsing: "mulaw:8000") == RawFormat(encoding: .ulaw, sampleRate: 8_000))
    #expect(try RawFormat(parsing: "g722") == RawFormat(encoding: .g722, sampleRate: 16_000))
    #expect(try RawFormat(parsing: "g722:16000") == RawFormat(encoding: .g722, sampleRate: 16_000))
    #expect(try RawFormat(parsing: "vox:8000") == RawFormat(encoding: .vox, sampleRate: 8_000))
    #expect(
      try RawFormat(parsing: "s16le:48000:64") == RawFormat(encoding: .s16le, sampleRate: 48_000, channelCount: 64))
  }

  @Test(arguments: [
    "", "ulaw", "ulaw:", ":8000", "mp3:8000", "ulaw:8000:", "ulaw:8000:0", "ulaw:8000:65", "ulaw:5999", "ulaw:192001",
    "ulaw:8000:1:1", "ulaw:99999999999999999999", "ulaw:-8000", "ulaw: 8000", "s16le:8000:two", "vox:8000:2", "gsm:8000:2", "g722:8000", "g722:16000:2", "vox",
  ])
  func refuses(_ text: String) {
    let error = #expect(throws: AudioError.self) { try RawFormat(parsing: text) }
    #expect(error?.code == .badRawFormat)
    #expect(error?.message.contains("as in ulaw:8000:2") == true)
  }

  @Test(arguments: [
    (RawFormat.Encoding.ulaw, SF_FORMAT_ULAW | SF_ENDIAN_LITTLE), (.alaw, SF_FORMAT_ALAW | SF_ENDIAN_LITTLE),
    (.s16le, SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE), (.s16be, SF_FORMAT_PCM_16 | SF_ENDIAN_BIG),
  ])
  func readsDumps(_ encoding: RawFormat.Encoding, subtype: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("dump.wav")
    let samples = sine(cycles: 0.05, count: 4_000)
    let isWritten = writeSoundFile(
      path, format: SF_FORMAT_RAW | subtype, samples: samples, channels: 2)
    try #require(isWritten)
    let recording = try readAll(path, raw: RawFormat(encoding: encoding, sampleRate: 8_000, channelCount: 2))
    #expect(recording.format.channelCount == 2)
    #expect(recording.format.frameCount == 2_000)
    #expect(recording.format.name == SoundFile.name(of: CInt(SF_FORMAT_RAW | subtype)))
    #expect(zip(recording.samples, samples).allSatisfy { abs($0 - $1) < 0.02 })
    #expect(recording.samples.count == 4_000)
  }

  @Test(arguments: [(RawFormat.Encoding.vox, SF_FORMAT_VOX_ADPCM), (.gsm, SF_FORMAT_GSM610)])
  func readsDumpsOfOneChannel(_ encoding: RawFormat.Encoding, subtype: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("dump.raw")
    let samples = sine(cycles: 0.05, count: 3_200)
    let isWritten = writeSoundFile(path, format: SF_FORMAT_RAW | subtype, samples: samples, channels: 1)
    try #require(isWritten)
    let recording = try readAll(path, raw: RawFormat(encoding: encoding, sampleRate: 8_000))
    #expect(recording.samples.count == 3_200)
    // Coarse codecs, which take a while to find the level.
    let error = zip(recording.samples, samples).dropFirst(800).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let power = samples.dropFirst(800).reduce(0) { $0 + $1 * $1 }
    #expect(error < 0.1 * power)
  }

  @Test func readsAnyBytesAsADump() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(WaveBytes(pcm: [1, 2, 3]).bytes + [7], to: "odd.bin")
    #expect(try readAll(path, raw: RawFormat(encoding: .s16le, sampleRate: 8_000)).samples.count == 25)
    #expect(
      failure(path, raw: RawFormat(encoding: .ulaw, sampleRate: 8_000, channelCount: 0))?.code == .unsupportedChannels)
    #expect(failure(path, raw: RawFormat(encoding: .ulaw, sampleRate: .max))?.code == .unsupportedRate)
    #expect(
      failure(path, raw: RawFormat(encoding: .ulaw, sampleRate: 8_000, channelCount: .min))?.code
        == .unsupportedChannels)
  }

  @Test func saysThatLessThanAFrameIsEmpty() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([7], to: "byte.bin")
    #expect(failure(path, raw: RawFormat(encoding: .s16le, sampleRate: 8_000))?.code == .empty)
  }
}
