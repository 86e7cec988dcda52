import Testing

@testable import BonafideAudio

struct IdenticalChannelsTests {
  private func first(of channels: [[Int16]]) throws -> [Int] {
    let folder = try TemporaryFolder()
    let frames = channels[0].indices.flatMap { frame in channels.map { $0[frame] } }
    let wave = WaveBytes(pcm: frames, channelCount: UInt16(channels.count))
    var reader = try AudioReader(path: try folder.write(wave.bytes, to: "a.wav"))
    return try reader.identicalChannels()
  }

  private let voice = (0..<20_000).map { Int16(truncatingIfNeeded: $0 &* 7_919) }

  @Test func findsCopies() throws {
    let other = voice.map { $0 / 2 }
    #expect(try first(of: [voice]) == [0])
    #expect(try first(of: [voice, voice]) == [0, 0])
    #expect(try first(of: [voice, other]) == [0, 1])
    #expect(try first(of: [voice, other, voice, other, other]) == [0, 1, 0, 1, 1])
  }

  @Test func seesTheLastSample() throws {
    var late = voice
    late[late.count - 1] += 1
    #expect(try first(of: [voice, late, late, voice]) == [0, 1, 1, 0])
  }

  @Test func seesTheFirstSample() throws {
    var early = voice
    early[0] += 1
    #expect(try first(of: [early, voice, early]) == [0, 1, 0])
  }

  @Test func doesNotJoinWhatDifferedBefore() {
    var classes = ChannelClasses(channelCount: 3)
    classes.split(by: [1, 2, 1])
    classes.split(by: [5, 5, 5])
    #expect(classes.first == [0, 1, 0])
    classes.split(by: [5, 6, 6])
    #expect(classes.first == [0, 1, 2])
    #expect(classes.allDiffer)
  }
}
