import Foundation
import Testing

@testable import BonafideAudio

@Suite struct AudioClipTests {
  /// A tone of each channel's own loudness, from one second to three of four.
  private func recording(rate: Int, in folder: TemporaryFolder) throws -> String {
    let samples = (0..<4 * rate).flatMap { frame -> [Float] in
      let time = Double(frame) / Double(rate)
      let tone = (1..<3).contains(time) ? Float(sin(2 * Double.pi * 500 * time)) : 0
      return [0.6 * tone, 0.1 * tone]
    }
    return try folder.write(WaveBytes(float: samples, channelCount: 2, sampleRate: UInt32(rate)).bytes, to: "tones.wav")
  }

  /// What a clip sounds like: root mean squares of tenths of a second of each channel.
  private func levels(_ opus: [UInt8], in folder: TemporaryFolder) throws -> (rate: Int, seconds: Double, levels: [[Float]]) {
    var reader = try AudioReader(path: try folder.write(opus, to: "clip.opus"))
    let (rate, channelCount) = (reader.format.sampleRate, reader.format.channelCount)
    var levels = [[Float]](repeating: [], count: channelCount)
    var block: [Float] = []
    var frames = 0
    while true {
      let count = try reader.read(into: &block, frames: rate / 10)
      if count == 0 { break }
      frames += count
      for channel in 0..<channelCount {
        let sum = stride(from: channel, to: block.count, by: channelCount).reduce(Float(0)) { $0 + block[$1] * block[$1] }
        levels[channel].append((sum / Float(count)).squareRoot())
      }
    }
    return (rate, Double(frames) / Double(rate), levels)
  }

  @Test(arguments: [8000, 11_025, 16_000, 44_100])
  func clipsSoundAsTheRecordingDoes(_ rate: Int) throws {
    let folder = try TemporaryFolder()
    let path = try recording(rate: rate, in: folder)
    let clips = try AudioReader.read([AudioClip(start: 0.5, end: 2.5, channels: [1, 0])], of: path)
    let heard = try levels(try #require(clips.first).opus, in: folder)
    #expect(abs(heard.seconds - 2) < 0.05)
    #expect(heard.levels.count == 2)
    // Silence, then the tones on swapped sides.
    for (channel, amplitude) in [(0, 0.1), (1, 0.6)] as [(Int, Float)] {
      #expect(heard.levels[channel][2] < 0.01)
      let expected = amplitude * Float(0.5).squareRoot()
      #expect(abs(heard.levels[channel][12] / expected - 1) < 0.1)
    }
  }

  @Test func clipsOfOnePassAreApart() throws {
    let folder = try TemporaryFolder()
    let path = try recording(rate: 8000, in: folder)
    let wanted = [
      AudioClip(start: 3.2, end: 9, channels: [0]), AudioClip(start: 1.2, end: 1.8, channels: []),
      AudioClip(start: 20, end: 21, channels: [0]),
    ]
    let clips = try AudioReader.read(wanted, of: path)
    #expect(clips.map(\.channels) == [[0], [], [0]])
    let (first, mix) = (try levels(clips[0].opus, in: folder), try levels(clips[1].opus, in: folder))
    // To the end of the recording, and silent.
    #expect(abs(first.seconds - 0.8) < 0.05)
    #expect(first.levels[0].allSatisfy { $0 < 0.01 })
    #expect(mix.levels.count == 1)
    let expected = 0.35 * Float(0.5).squareRoot()
    #expect(abs(mix.levels[0][3] / expected - 1) < 0.1)
  }

  /// Noise is the most that a codec can be given.
  @Test func clipsTakeAboutTheBytesThatAreSaid() throws {
    let folder = try TemporaryFolder()
    var noise = SystemRandomNumberGenerator()
    let samples = (0..<80_000).map { _ in Float.random(in: -0.3...0.3, using: &noise) }
    let path = try folder.write(WaveBytes(float: samples).bytes, to: "noise.wav")
    let clip = try #require(try AudioReader.read([AudioClip(start: 0, end: 10, channels: [0])], of: path).first)
    let said = 10 * AudioClip.bytesPerSecond(channelCount: 1)
    let share = Double(clip.opus.count) / said
    #expect(share > 0.5 && share < 1.5)
  }
}
