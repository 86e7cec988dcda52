import CSndfile
import Foundation
import Testing

@testable import BonafideAudio

struct BadInputTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test func noSuchFile() {
    let error = failure(folder.file("none.wav"))
    #expect(error?.code == .notFound)
    #expect(error?.description == "\(folder.file("none.wav")): no such file")
    #expect(failure("")?.code == .notFound)
    #expect(failure("a\0b")?.code == .notFound)
    #expect(failure(folder.file("none.wav/below.wav"))?.code == .notFound)
  }

  @Test func brokenLink() throws {
    let path = folder.file("link.wav")
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.file("nowhere.wav"))
    let error = failure(path)
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("symbolic link") == true)
  }

  /// Text in UTF-16 begins as MPEG audio may.
  @Test(arguments: [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]])
  func textOfUnits(_ mark: [UInt8]) throws {
    let letters = "Dear caller, this is a letter. ".utf8.flatMap { mark[0] == 0xFF ? [$0, 0] : [0, $0] }
    let error = failure(try folder.write(mark + letters, to: "text.wav"))
    #expect(error?.code == .notAudio && error?.message == "the content is text, not audio")
  }

  @Test func namesThatAreNotUTF8() throws {
    let bytes = Array(folder.file("latin").utf8) + [0xE9, 0xC3, 0x28] + Array(".wav".utf8)
    let path = String(pathBytes: bytes)
    #expect(path.pathBytes == bytes && path.readablePath.hasSuffix("latin\u{FFFD}\u{FFFD}(.wav"))
    try FileManager.default.copyItem(
      atPath: try folder.write(WaveBytes(pcm: [1, 2, 3]).bytes, to: "plain.wav"), toPath: folder.file("copy.wav"))
    try #require(rename(folder.file("copy.wav"), path.cPath) == 0)
    #expect(try readAll(path).samples.count == 3)
    // What stands for a byte is itself given by bytes.
    for text in ["plain/é.wav", "\u{10FE80}", "\u{10FFFF}"] {
      #expect(String(pathBytes: Array(text.utf8)).pathBytes == Array(text.utf8))
    }
    #expect(String(pathBytes: Array("é".utf8)) == "é" && !"é\u{FFFD}".hasForeignBytes)
  }

  @Test func directory() {
    #expect(failure(folder.path)?.code == .isDirectory)
  }

  @Test func device() {
    #expect(failure("/dev/zero")?.code == .unreadable)
  }

  @Test func unreadable() async throws {
    let path = try folder.write(WaveBytes(pcm: [1]).bytes, to: "secret.wav")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      // The superuser may read anything.
      if geteuid() == 0 { #expect(seteuid(65_534) == 0) }
      #expect(failure(path)?.code == .unreadable)
    }
  }

  @Test func emptyFile() throws {
    #expect(failure(try folder.write([], to: "empty.wav"))?.code == .empty)
  }

  @Test func lessThanASampleWithoutHeader() throws {
    let error = #expect(throws: AudioError.self) {
      try readAll(try folder.write([1], to: "one"), raw: RawFormat(encoding: .s16le, sampleRate: 8_000))
    }
    #expect(error?.message == "shorter than one sample of each channel")
  }

  @Test func headerOnly() throws {
    let path = try folder.write(WaveBytes(pcm: []).bytes, to: "header.wav")
    let error = failure(path)
    #expect(error?.code == .empty)
    #expect(error?.message == "there is a WAV/PCM_16 header and no audio after it")
  }

  @Test func truncatedWave() throws {
    var wave = WaveBytes(pcm: Array(repeating: 500, count: 8_000))
    wave.claimedSize = 80_000
    let recording = try readAll(try folder.write(wave.bytes, to: "cut.wav"))
    #expect(recording.samples.count == 8_000)
    #expect(recording.warnings == ["the header promises 5.0 s, 1.0 s are there"])
  }

  @Test(arguments: [0xFFFF_FFFF as UInt32, 0x7FFF_FFFF, 0xFFFF_FFDB, 0x8000_0000])
  func fourGigabyteClaim(_ size: UInt32) throws {
    var wave = WaveBytes(pcm: Array(repeating: 500, count: 8_000))
    wave.claimedSize = size
    let recording = try readAll(try folder.write(wave.bytes, to: "claim.wav"))
    #expect(recording.samples.count == 8_000)
  }

  @Test(arguments: [
    SF_FORMAT_WAV | SF_FORMAT_GSM610, SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16,
    SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_ULAW, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
    SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
    SF_FORMAT_CAF | SF_FORMAT_PCM_16,
  ])
  func truncatedAnywhere(_ format: Int) throws {
    let whole = folder.file("whole.bin")
    let isWritten = writeSoundFile(whole, format: format, samples: sine(cycles: 0.05, count: 24_000))
    try #require(isWritten)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
    for percent in [1, 5, 50, 90] {
      let path = try folder.write(Array(bytes[..<(bytes.count * percent / 100)]), to: "cut\(percent).bin")
      do {
        let recording = try readAll(path)
        #expect(recording.samples.count < 24_000)
        #expect(recording.samples.allSatisfy { $0.isFinite })
        if percent == 50 { #expect(!recording.warnings.isEmpty) }
      } catch let error as AudioError {
        #expect([.empty, .decodeFailed, .notAudio, .ffmpegMissing, .unsupportedChannels].contains(error.code))
        #expect(!error.message.contains("\n") && !error.message.isEmpty)
      }
    }
  }

  /// A header that promises more than there is, in whatever words.
  @Test(arguments: [
    SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_CAF | SF_FORMAT_ULAW, SF_FORMAT_NIST | SF_FORMAT_PCM_16, SF_FORMAT_NIST | SF_FORMAT_ULAW,
    SF_FORMAT_SVX | SF_FORMAT_PCM_16, SF_FORMAT_AVR | SF_FORMAT_PCM_16, SF_FORMAT_MAT4 | SF_FORMAT_PCM_16, SF_FORMAT_VOC | SF_FORMAT_PCM_16,
    SF_FORMAT_VOC | SF_FORMAT_PCM_U8,
  ])
  func whatIsCutOffIsCounted(_ format: Int) throws {
    let bytes = try folder.written(format)
    #expect(try read(try folder.write(bytes, to: "whole.bin")).unheard == 0)
    let cut = try read(try folder.write(Array(bytes[..<(bytes.count * 6 / 10)]), to: "cut.bin"))
    #expect(cut.frames > 12_000)
    #expect(abs(Double(cut.frames) / 8_000 + cut.unheard - 3) < 0.2)
    #expect(cut.warnings.count == 1)
  }

  private func read(_ path: String) throws -> (frames: Int, unheard: Double, warnings: [String]) {
    var reader = try AudioReader(path: path)
    var (block, frames): ([Float], Int) = ([], 0)
    while try reader.read(into: &block, frames: 1_000) > 0 { frames += block.count }
    return (frames, reader.unheard, reader.warnings)
  }

  /// Headers of containers that are held to what they promise.
  @Test(arguments: ["nan", "inf", "-1", "1e300", "0"]) func aPromiseOfNoNumberIsNone(count: String) throws {
    let text = "NIST_1A\n   1024\nchannel_count -i 1\nsample_rate -i 8000\nsample_n_bytes -i 2\nsample_count -i \(count)\nsample_coding -s3 pcm\n"
    let header = Array((text + "sample_byte_format -s2 01\nsample_sig_bits -i 16\nend_head\n").utf8)
    let file = header + [UInt8](repeating: 0x20, count: 1_024 - header.count) + [UInt8](repeating: 1, count: 16_000)
    let path = try folder.write(file, to: "count.sph")
    if failure(path) == nil { #expect(try read(path).unheard == 0) }
  }

  @Test func lengthsBeyondAllNumbersAreNoPromise() throws {
    let properties: [UInt8] = [0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65]
    let numbers = [UInt8](repeating: 0x7F, count: 72) + [UInt8](repeating: 0, count: 400)
    let asf = Layout.asfMark + [UInt8](repeating: 0, count: 18) + properties + numbers
    let blocks = (0..<4_000).flatMap { _ in [5, 0, 0, 0] as [UInt8] }
    let voc = Array("Creative Voice File".utf8) + [0x1A, 26, 0, 0x14, 0x01, 0x1F, 0x11] + blocks
    for (name, bytes) in [("a.wma", [0] + asf), ("b.wma", asf), ("c.voc", voc)] { #expect(failure(try folder.write(bytes, to: name)) != nil) }
  }

  @Test func whatIsNoNumberIsUnheard() throws {
    let samples = (0..<24_000).map { (8_000..<16_000).contains($0) ? Float.nan : 0.1 }
    var reader = try AudioReader(path: try folder.write(WaveBytes(float: samples).bytes, to: "numbers.wav"))
    var block: [Float] = []
    while try reader.read(into: &block, frames: 1_000) > 0 {}
    #expect(reader.unheard == 1 && reader.noNumbers == 1)
  }

  @Test func aHeaderThatIsReadAsSamplesIsTold() throws {
    let path = try folder.write(WaveBytes(pcm: Array(repeating: 500, count: 8_000)).bytes, to: "a.wav")
    let recording = try readAll(path, raw: RawFormat(encoding: .ulaw, sampleRate: 8_000))
    #expect(recording.warnings.count == 1)
  }

  @Test func damagedBytes() throws {
    var generator = SeededGenerator()
    for format in [
      SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
      SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_CAF | SF_FORMAT_ALAC_16,
    ] {
      let whole = folder.file("whole.bin")
      let isWritten = writeSoundFile(whole, format: format, samples: sine(cycles: 0.05, count: 8_000))
      try #require(isWritten)
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
      for round in 0..<5 {
        var damaged = bytes
        for _ in 0..<20 {
          let place = Int.random(in: 0..<damaged.count, using: &generator)
          damaged[place] = UInt8.random(in: 0...255, using: &generator)
        }
        let path = try folder.write(damaged, to: "damaged\(round).bin")
        do {
          #expect(try readAll(path).samples.allSatisfy { $0.magnitude <= 4 })
        } catch let error as AudioError {
          #expect(error.path == path)
        }
      }
    }
  }

  @Test func samplesThatAreNotNumbers() throws {
    let samples: [Float] = [
      0.5, .nan, .infinity, -.infinity, 1e30, -9, 4, .signalingNaN, .leastNonzeroMagnitude, -0.25,
    ]
    let recording = try readAll(try folder.write(WaveBytes(float: samples).bytes, to: "nan.wav"), block: 3)
    #expect(recording.samples == [0.5, 0, 0, 0, 4, -4, 4, 0, .leastNonzeroMagnitude, -0.25])
    #expect(
      recording.warnings == ["4 samples were not numbers", "2 samples were beyond ±4 and cut; full scale is ±1"])
    let half = [Float](repeating: 0.25, count: 4_000) + [Float](repeating: .nan, count: 4_000)
    #expect(try readAll(folder.write(WaveBytes(float: half).bytes, to: "half.wav")).unheard == 0.5)
    let one = try readAll(try folder.write(WaveBytes(float: [.nan, 1]).bytes, to: "one.wav"))
    #expect(one.warnings == ["1 sample was not a number"])
  }

  @Test func constantAndSquare() throws {
    let constant = try readAll(
      try folder.write(WaveBytes(pcm: Array(repeating: 16_384, count: 100)).bytes, to: "dc.wav"))
    #expect(constant.samples == Array(repeating: 0.5, count: 100))
    let square = (0..<100).map { $0 % 8 < 4 ? Int16.max : .min }
    #expect(
      try readAll(try folder.write(WaveBytes(pcm: square).bytes, to: "square.wav")).samples.max() == 32_767 / 32_768)
  }

  @Test func oneSample() throws {
    #expect(try readAll(try folder.write(WaveBytes(pcm: [16_384]).bytes, to: "one.wav")).samples == [0.5])
  }

  @Test func noChannels() throws {
    let error = failure(try folder.write(WaveBytes(pcm: [1, 2, 3], channelCount: 0).bytes, to: "none.wav"))
    #expect([.decodeFailed, .unsupportedChannels].contains(error?.code))
  }

  @Test func manyChannels() throws {
    let samples = (0..<640).map { Int16($0) }
    let recording = try readAll(try folder.write(WaveBytes(pcm: samples, channelCount: 64).bytes, to: "64.wav"))
    #expect(recording.format.channelCount == 64)
    #expect(recording.samples == samples.map { Float($0) / 32_768 })
    let tooMany = WaveBytes(pcm: Array(repeating: 1, count: 650), channelCount: 65)
    #expect(failure(try folder.write(tooMany.bytes, to: "65.wav"))?.code == .unsupportedChannels)
  }

  @Test(arguments: [1 as UInt32, 5_999, 192_001, .max])
  func ratesOutOfRange(_ rate: UInt32) throws {
    let wave = WaveBytes(pcm: Array(repeating: 1, count: 650), sampleRate: rate)
    let error = failure(try folder.write(wave.bytes, to: "rate.wav"))
    #expect([.unsupportedRate, .decodeFailed].contains(error?.code))
  }

  @Test(arguments: [6_000 as UInt32, 11_025, 192_000])
  func ratesInRange(_ rate: UInt32) throws {
    let wave = WaveBytes(pcm: Array(repeating: 1, count: 650), sampleRate: rate)
    #expect(try readAll(try folder.write(wave.bytes, to: "rate.wav")).format.sampleRate == Int(rate))
  }

  @Test(arguments: [
    "Meeting notes.\nNobody said a word.\n", "é", "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "x",
    "ffconcat version 1.0\nfile /etc/passwd\n",
  ])
  func textAsWave(_ text: String) throws {
    let error = failure(try folder.write(Array(text.utf8), to: "text.wav"))
    #expect(error?.code == .notAudio)
    #expect(error?.message == "the content is text, not audio")
  }

  @Test func textWithACharacterCutByTheSniffer() throws {
    let text = String(repeating: "a", count: 511) + "é" + String(repeating: "b", count: 600)
    #expect(failure(try folder.write(Array(text.utf8), to: "long.wav"))?.message == "the content is text, not audio")
  }

  @Test func bytesOfNoKind() throws {
    for bytes in [
      [UInt8](repeating: 0, count: 5_000), (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }, [0, 1],
    ] {
      let error = failure(try folder.write(bytes, to: "bytes.wav"))
      #expect([.notAudio, .ffmpegMissing, .decodeFailed].contains(error?.code))
    }
  }

  @Test func dumpThatLooksLikeMPEG() throws {
    // Silence in µ-law is 0xFF, as the start of an MPEG frame.
    let path = folder.file("dump.wav")
    let samples = [Float](repeating: 0, count: 4_000) + sine(cycles: 0.05, count: 8_000)
    let isWritten = writeSoundFile(path, format: SF_FORMAT_RAW | SF_FORMAT_ULAW, samples: samples)
    try #require(isWritten)
    #expect(failure(path) != nil)
    #expect(try readAll(path, raw: RawFormat(encoding: .ulaw, sampleRate: 8_000)).samples.count == 12_000)
  }

  @Test func closesWhatItOpened() throws {
    let good = try folder.write(WaveBytes(pcm: [1, 2]).bytes, to: "good.wav")
    let bad = try folder.write(Array("text".utf8), to: "bad.wav")
    let damaged = try folder.write(WaveBytes(pcm: [1], channelCount: 0).bytes, to: "damaged.wav")
    #expect(try readAll(good).samples.count == 2)
    #expect(failure(bad) != nil)
    #expect(failure(damaged) != nil)
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { file in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(file)")
      return target?.hasPrefix(folder.path) == true
    }
    #expect(open == [])
  }

  @Test func messagesStayInOneLine() {
    let error = AudioError(code: .notFound, path: "a\nb", message: " one\r\n\ttwo \u{1B}[31m ")
    #expect(error.description == "a b: one two [31m")
  }
}
