import CSndfile
import Foundation
import Testing

@testable import BonafideAudio

/// Frames of MP3, bare and in WAV, with holes, damage and other things among them.
struct MP3Tests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// A WAV file of frames, in its own chunk.
  private func waveOfMP3(_ frames: [UInt8]) -> [UInt8] {
    WaveBytes(pcm: []).bytes[..<20] + littleEndian(0x55 as UInt16) + littleEndian(1 as UInt16) + littleEndian(8_000 as UInt32)
      + littleEndian(2_000 as UInt32) + littleEndian(1 as UInt16) + littleEndian(0 as UInt16) + Array("data".utf8)
      + littleEndian(UInt32(frames.count)) + frames
  }

  @Test func passesOverAHoleInMP3() throws {
    let file = try folder.written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    let cut = file.count / 3
    let hole = [UInt8](repeating: 0, count: 20_000)
    let path = try folder.write(Array(file[..<cut] + hole + file[cut...]), to: "hole.mp3")
    let recording = try readAll(path)
    #expect(abs(recording.samples.count - 24_000) < 3_000)
    #expect(hears(high, in: recording.samples.suffix(7_000).prefix(5_000)))
    #expect(recording.warnings.count == 1)
    #expect(recording.warnings.first?.hasSuffix("bytes between frames are no audio and were passed over") == true)
    // As long as so many bytes of frames, which are not all of one length.
    #expect(abs(recording.unheard / (3 * Double(hole.count) / Double(file.count)) - 1) < 0.3)
  }

  /// A download that broke off, in a file of the right size.
  @Test(arguments: [true, false]) func countsWhatIsOverwritten(_ isZero: Bool) throws {
    var file = try folder.written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    // Without the first frame, which would tell of all.
    let first = try #require(Layout.Frame(file[0...]))
    file.removeFirst(first.length)
    var numbers = SeededGenerator()
    for index in (file.count / 2)..<file.count { file[index] = isZero ? 0 : UInt8(truncatingIfNeeded: numbers.next()) }
    let recording = try readAll(folder.write(file, to: "over.mp3"))
    #expect(abs(recording.samples.count - 12_000) < 4_000)
    #expect(abs(recording.unheard - 1.5) < 0.5)
  }

  @Test func passesOverAHoleBehindTheFirstFrames() throws {
    let file = try folder.written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    let first = try #require(Layout.Frame(file[0...]))
    let second = try #require(Layout.Frame(file[first.length...]))
    let cut = first.length + second.length
    // The frames count more than the first one says.
    let path = try folder.write(Array(file[..<cut] + [UInt8](repeating: 0, count: 100) + file[cut...] + file[cut...]), to: "early.mp3")
    let recording = try readAll(path)
    #expect(recording.samples.count > 44_000)
    #expect(recording.warnings == ["\(second.length + 100) bytes between frames are no audio and were passed over"])
  }

  /// A recorder that lost its place writes its next recording into the chunk of the last one.
  @Test func hearsARecordingThatBeginsInsideAnother() throws {
    let file = try folder.written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    var cut = 0
    while cut < file.count / 2, let frame = Layout.Frame(file[cut...]) { cut += frame.length }
    let inner = waveOfMP3(file)
    let recording = try readAll(folder.write(waveOfMP3(Array(file[..<cut]) + inner + [UInt8](repeating: 0, count: 64)), to: "inside.wav"))
    #expect(abs(recording.samples.count - 36_000) < 4_000)
    #expect(hears(high, in: recording.samples.suffix(7_000).prefix(5_000)))
  }

  /// libmpg123 writes of each damaged frame to standard error, of no file, where nobody silences it.
  @Test func damagedMP3IsDecodedInSilence() async throws {
    var file = try folder.written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
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
    let file = try folder.written(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III)
    let first = try #require(Layout.Frame(file[0...]))
    let picture = [UInt8](repeating: 7, count: 200_000)
    let length = [21, 14, 7, 0].map { UInt8(picture.count >> $0 & 127) }
    let tag = Array("ID3".utf8) + [3, 0, 0] + length + picture
    let recording = try readAll(try folder.write(tag + file.dropFirst(first.length), to: "art.mp3"))
    #expect(abs(recording.samples.count - 24_000) < 2_500)
    #expect(recording.warnings == [])
    #expect(recording.unheard == 0)
  }
}
