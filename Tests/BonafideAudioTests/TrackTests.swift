import Foundation
import Testing

@testable import BonafideAudio

/// Tracks of containers, and the times of what is in them, as ffmpeg hands them on.
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

  /// Of containers to whose headers decoders do not hold a file that was cut.
  @Test(arguments: [
    ("cut.avi", "pcm_s16le"), ("cut.wma", "wmav2"), ("cut.flv", "adpcm_swf"), ("cut.caf", "adpcm_ima_qt"), ("cut.wav", "libmp3lame"),
  ])
  func countsWhatACutContainerLacks(_ name: String, codec: String) throws {
    // Longer than what decoders read ahead.
    let inputs = ["-stream_loop", "9", "-i", lowTone] + (name.hasSuffix("flv") ? ["-ar", "11025"] : [])
    let path = try made(inputs + ["-c:a", codec] + (name.hasSuffix("wav") ? ["-b:a", "16k"] : []), name)
    #expect(try timed(path).unheard == 0)
    let whole = try bytes(path)
    let cut = try timed(try folder.write(Array(whole[..<(whole.count * 6 / 10)]), to: "part-\(name)"))
    let rate = try AudioReader(path: path).format.sampleRate
    // Of an index at the end, nothing can be read without it.
    let heard = Double(cut.channels[0].count) / Double(rate)
    #expect(heard > 10 && heard < 14)
    #expect(abs(cut.unheard + heard - 20) < 2)
  }

  @Test func saysThatAnOggStreamOfSpeexHasNoEnd() throws {
    let path = try made(["-stream_loop", "9", "-i", lowTone, "-c:a", "libspeex"], "a.spx")
    let whole = try bytes(path)
    #expect(try readAll(path).warnings == [])
    #expect(try readAll(try folder.write(Array(whole[..<(whole.count / 2)]), to: "cut.spx")).warnings.count == 1)
  }

  /// What a file says of itself is no word of ffprobe's.
  @Test func noTagHidesATrack() throws {
    var file = try bytes(made(["-i", lowTone, "-i", highTone, "-map", "0:a", "-map", "1:a", "-c:a", "pcm_s16le"], "tags.mkv"))
    let tag = Array("00:00:02.".utf8)
    let place = try #require(file.indices.first { file[$0...].starts(with: tag) })
    for words in ["|codec_type=subtitle", "\\|codec_type=subtitl", "inf:inf:inf\0\0\0\0\0\0\0\0\0", "9999999:00:00.00\0\0\0\0"] {
      file.replaceSubrange(place..<(place + 20), with: Array(words.utf8))
      let recording = try timed(folder.write(file, to: "tag.mkv"))
      #expect(recording.channels.count == 2, "\(words)")
    }
    #expect(try timed(folder.write(file + file, to: "tags.mkv")).channels.count == 2)
  }

  /// Frames of one channel and of two by turns: a part each would be a process each.
  @Test func framesByTurnsAreNoParts() throws {
    let frames = (0..<600).flatMap { [0xFF, 0xF1, 0x6C, $0 % 2 == 0 ? 0x40 : 0x80, 0x01, 0x1F, 0xFC, 0] as [UInt8] }
    let begun = ContinuousClock.now
    _ = failure(try folder.write(frames, to: "turns.aac"))
    let tone = try bytes(made(["-i", lowTone, "-c:a", "aac", "-f", "adts"], "tone.aac"))
    let recording = try timed(folder.write(tone + frames, to: "behind.aac"))
    #expect(abs(recording.channels[0].count - 16_000) < 3_000 && recording.unheard > 0.5)
    #expect(ContinuousClock.now - begun < .seconds(30))
  }

  @Test(.enabled(if: isInstalled("sox"), "sox is not installed"), arguments: [0xFF, 0x00, 0x5A] as [UInt8])
  func countsDamageInAMR(_ byte: UInt8) throws {
    let path = folder.file("tone.amr")
    try #require(try run("sox", [lowTone, "-C", "7", "-t", "amr-nb", path]) == 0, "sox has no encoder of AMR: libsox-fmt-all")
    var file = try bytes(path)
    // 32 bytes a frame: half a second and more in the middle.
    for index in (6 + 32 * 40)..<(6 + 32 * 70) { file[index] = byte }
    let recording = try timed(try folder.write(file, to: "damaged.amr"))
    #expect(recording.unheard > 0.5 && recording.unheard < 0.8)
    #expect(abs(recording.channels[0].count - 70 * 160) < 500)
    #expect(try readAll(folder.file("damaged.amr")).warnings == ["960 bytes between frames are no audio and were passed over"])
  }

  /// A host that ignores SIGCHLD never learns how its children end.
  @Test func whatFFmpegDidIsNotBelievedUntold() async throws {
    let path = try made(["-i", lowTone, "-c:a", "aac"], "tone.m4a")
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGCHLD, SIG_IGN)
      guard var reader = try? AudioReader(path: path) else { return }
      var block: [Float] = []
      while try reader.read(into: &block, frames: 1_000) > 0 {}
      #expect(reader.unheard > 0)
    }
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
