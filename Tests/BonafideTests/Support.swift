import BonafideAudio
import Foundation
import Testing

@testable import Bonafide

/// Numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A file of the `Golden` folder.
func golden(_ name: String) throws -> URL {
  let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
  return folder.appending(path: name)
}

/// Samples of `prompt.wav`, which has a header of 44 bytes and 16-bit samples.
func promptSamples() throws -> [Float] {
  let bytes = [UInt8](try Data(contentsOf: golden("prompt.wav"))).dropFirst(44)
  return stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { i in
    Float(Int16(bitPattern: UInt16(bytes[i]) | UInt16(bytes[i + 1]) << 8)) / 32768
  }
}

/// Samples of one channel (from 1) of a recording of `samples/`, at `rate`.
func recording(_ file: String, channel: Int = 1, rate: Int = 8000, seconds: Int = 60) throws -> [Float] {
  var reader = try AudioReader(path: GoldenModelTests.samples.appending(path: file).path)
  let (channelCount, fileRate) = (reader.format.channelCount, reader.format.sampleRate)
  var resampler = try Resampler(from: fileRate, to: rate)
  var (block, mono, result): ([Float], [Float], [Float]) = ([], [], [])
  while try reader.read(into: &block, frames: fileRate) > 0, mono.count < seconds * fileRate {
    mono += stride(from: channel - 1, to: block.count, by: channelCount).map { block[$0] }
  }
  let first = Array(mono.prefix(seconds * fileRate))
  resampler.process(first.span, appendingTo: &result)
  resampler.finish(appendingTo: &result)
  return result
}

/// A folder that is removed with the value.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "bonafide-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// Writes a WAV file of 32-bit float samples, which are cut to channels of the same length.
  func writeWAV(_ name: String, channels: [[Float]], sampleRate: Int = 8000) throws -> String {
    let frames = channels.map(\.count).min() ?? 0
    var data: [UInt8] = []
    func append(_ value: UInt32, bytes: Int = 4) {
      for i in 0..<bytes { data.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * i))) }
    }
    let size = frames * channels.count * 4
    data += Array("RIFF".utf8)
    append(UInt32(36 + size))
    data += Array("WAVEfmt ".utf8)
    append(16)
    append(3, bytes: 2)
    append(UInt32(channels.count), bytes: 2)
    append(UInt32(sampleRate))
    append(UInt32(sampleRate * channels.count * 4))
    append(UInt32(channels.count * 4), bytes: 2)
    append(32, bytes: 2)
    data += Array("data".utf8)
    append(UInt32(size))
    for frame in 0..<frames {
      for channel in channels { append(channel[frame].bitPattern) }
    }
    return try write(name, Data(data))
  }

  func write(_ name: String, _ data: Data) throws -> String {
    let file = url.appending(path: name)
    try data.write(to: file)
    return file.path
  }
}
