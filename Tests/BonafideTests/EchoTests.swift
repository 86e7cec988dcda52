import BonafideAudio
import Foundation
import Testing

@testable import Bonafide

/// Which speech on a channel is the echo of another party.
@Suite struct EchoTests {
  /// How the one voice comes to the other's channel.
  struct Path: CustomTestStringConvertible {
    var decibel: Double
    /// In samples of 8 kHz.
    var delay: Int
    var taps: [Float] = [1]
    var isMuLaw = false

    var testDescription: String { "−\(decibel) dB, \(delay) samples, \(taps.count) taps, µ-law \(isMuLaw)" }

    static let all = [
      Path(decibel: 6, delay: 0), Path(decibel: 10, delay: 80, isMuLaw: true), Path(decibel: 20, delay: 1600, taps: roomTaps),
      Path(decibel: 20, delay: 1601, taps: roomTaps, isMuLaw: true), Path(decibel: 30, delay: 4000, taps: roomTaps),
      Path(decibel: 30, delay: 4000, isMuLaw: true), Path(decibel: 40, delay: 800, taps: roomTaps),
    ]

    private static let roomTaps: [Float] =
      [0.1, -0.3, 0.8, 0.5, -0.2] + [Float](repeating: 0, count: 40) + [0.2, -0.15, 0.1]

    func callAsFunction(_ samples: [Float], on own: [Float]) -> [Float] {
      let gain = Float(pow(10, -decibel / 20))
      return own.indices.map { index in
        var echo: Float = 0
        for (tap, weight) in taps.enumerated() where index - delay - tap >= 0 { echo += weight * samples[index - delay - tap] }
        let sum = own[index] + gain * echo
        return isMuLaw ? muLaw(sum) : sum
      }
    }

    private func muLaw(_ sample: Float) -> Float {
      let level = log1p(255 * min(sample.magnitude, 1)) / log(256)
      let magnitude = (pow(256, (level * 127).rounded() / 127) - 1) / 255
      return sample < 0 ? -magnitude : magnitude
    }
  }

  /// A voice, and another one.
  private let voice: [Float]
  private let other: [Float]

  init() throws {
    let prompt = try promptSamples()
    voice = prompt.map { 2 * $0 }
    other = Array(voice.reversed())
  }

  /// Seconds, with line noise at −66 dB.
  private func line(_ parts: [[Float]], seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return parts.joined().map { $0 + Float.random(in: -0.0008...0.0008, using: &generator) }
  }

  private func silence(like samples: [Float]) -> [Float] { [Float](repeating: 0, count: samples.count) }

  private func echo(_ channels: [[Float]], block: Int = 8000) throws -> [[Bool]] {
    var finder = try EchoFinder(channelCount: channels.count)
    var found = [[Bool]](repeating: [], count: channels.count)
    func keep(_ more: [[Bool]]) {
      for (channel, frames) in more.enumerated() { found[channel] += frames }
    }
    for start in stride(from: 0, to: channels[0].count, by: block) {
      for (index, channel) in channels.enumerated() {
        finder.append(Array(channel[start..<min(channel.count, start + block)]), to: index)
      }
      keep(finder.takeFrames())
    }
    keep(finder.finish())
    return found
  }

  private func energies(_ samples: [Float]) -> [Float] {
    (0..<samples.count / 320).map { frame in samples[320 * frame..<320 * (frame + 1)].reduce(0) { $0 + $1 * $1 } / 320 }
  }

  /// In turns: what of the loud frames of one voice on the other's channel is found, and what of either's own is lost.
  @Test(arguments: Path.all) func echoIsFoundAndTurnsAreKept(path: Path) throws {
    let pause = silence(like: voice)
    let first = line([voice, voice, pause, pause, voice, pause], seed: 1)
    let own = line([pause, pause, other, other, pause, other], seed: 2)
    let found = try echo([first, path(first, on: own)])
    let (speech, loud) = (energies(own), energies(path(first, on: silence(like: first))))
    let most = loud.max() ?? 0
    // At −40 dB the line's noise is above all but the loudest.
    let echoes = loud.indices.filter { loud[$0] > most * (path.decibel < 35 ? 0.01 : 0.1) && speech[$0] < loud[$0] / 4 }
    let heard = echoes.count { found[1][$0] }
    #expect(Double(heard) >= 0.9 * Double(echoes.count) && echoes.count > 50)
    let spoken = speech.indices.filter { speech[$0] > 1e-4 && speech[$0] > 2 * loud[$0] }
    #expect(spoken.count { found[1][$0] } <= spoken.count / 50)
    let talking = energies(first)
    #expect(talking.indices.filter { talking[$0] > 1e-4 && found[0][$0] }.count <= talking.count / 100)
  }

  /// Both at once: what is louder than the echo is the party's own.
  @Test(arguments: Path.all) func doubleTalkIsKept(path: Path) throws {
    let first = line([voice, voice, voice, voice], seed: 1)
    let own = line([silence(like: voice), other, other, silence(like: voice)], seed: 2)
    let found = try echo([first, path(first, on: own)])
    let (speech, loud) = (energies(own), energies(path(first, on: silence(like: first))))
    let spoken = speech.indices.filter { speech[$0] > 1e-4 && speech[$0] > 2 * loud[$0] }
    #expect(spoken.count > 50)
    #expect(spoken.count { found[1][$0] } <= spoken.count / 20)
  }

  @Test func voicesWithoutEchoAreKept() throws {
    let first = line([voice, voice, voice], seed: 1)
    for gain in [1, 0.3, 0.03] as [Float] {
      let found = try echo([first, line([other, other, other].map { $0.map { gain * $0 } }, seed: 2)])
      #expect(!found.joined().contains(true))
    }
  }

  @Test func itIsFoundOnBothChannelsAndHoweverSamplesAreCut() throws {
    let pause = silence(like: voice)
    let (first, second) = (line([voice, voice, pause, pause], seed: 1), line([pause, pause, other, other], seed: 2))
    let path = Path(decibel: 20, delay: 1000)
    let channels = [path(second, on: first), path(first, on: second)]
    let found = try echo(channels)
    let half = found[0].count / 2
    #expect(found[0][half...].count { $0 } > 40 && found[1][..<half].count { $0 } > 40)
    #expect(found[0][..<(voice.count / 320)].count { $0 } == 0)
    #expect(try echo(channels, block: 999) == found)
  }

  @Test func aFilterIsTheSolutionOfItsEquations() {
    let (column, right) = ([4, 1.5, -0.5, 0.25], [1.0, 2, -3, 0.5])
    let solution = EchoFinder.solveToeplitz(column, right)
    for row in 0..<4 {
      let sum = (0..<4).reduce(0) { $0 + column[abs(row - $1)] * solution[$1] }
      #expect(abs(sum - right[row]) < 1e-12)
    }
  }

  /// A scan leaves it out, at any rate, and the verdict is that of the channel alone.
  @Test(arguments: [8000, 16000]) func aScanLeavesEchoOut(rate: Int) throws {
    func converted(_ samples: [Float]) throws -> [Float] {
      var resampler = try Resampler(from: 8000, to: rate)
      var converted: [Float] = []
      resampler.process(samples.span, appendingTo: &converted)
      resampler.finish(appendingTo: &converted)
      return converted
    }
    let pause = silence(like: voice)
    let first = line([voice, voice, pause, pause, pause], seed: 1)
    let second = line([pause, pause, pause, other, other], seed: 2)
    let channels = try [first, Path(decibel: 20, delay: 1600)(first, on: second)].map(converted)
    let (detector, folder) = (Detector(model: try .narrowband), try TemporaryFolder())
    let clean = detector.scan(try folder.writeWAV("clean.wav", channels: try [first, second].map(converted), sampleRate: rate))
    let result = detector.scan(try folder.writeWAV("echo.wav", channels: channels, sampleRate: rate))
    try #require(result.parties.count == 2 && clean.parties.count == 2)
    #expect(clean.parties.allSatisfy { $0.echo == 0 })
    #expect(result.parties[0] == clean.parties[0])
    #expect(result.parties[1].echo > 1)
    #expect(abs(result.parties[1].speech - clean.parties[1].speech) < 0.6)
    #expect(result.parties[1].segments.allSatisfy { $0.start > Double(2 * voice.count) / 8000 })
  }
}
