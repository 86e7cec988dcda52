import CSndfile
import Foundation
import Testing

@testable import BonafideAudio

/// A folder for the files of one test, removed with it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "bonafide-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and gives its path.
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// A file that libsndfile writes: 2 s of `low`, then 1 s of `high`.
  func written(_ format: Int, channels: Int = 1) throws -> [UInt8] {
    let path = file("written.bin")
    let mono = sine(cycles: low, count: 16_000) + sine(cycles: high, count: 8_000)
    let samples = mono.flatMap { Array(repeating: $0, count: channels) }
    let isWritten = writeSoundFile(path, format: format, samples: samples, channels: channels)
    try #require(isWritten)
    return try bytes(path)
  }
}

/// The bytes of a file.
func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

/// The bytes of a WAV file, right or wrong.
struct WaveBytes {
  var formatTag: UInt16 = 1
  var channelCount: UInt16 = 1
  var sampleRate: UInt32 = 8_000
  var bitsPerSample: UInt16 = 16
  var data: [UInt8] = []
  /// What the header says of `data`; the truth where `nil`.
  var claimedSize: UInt32?

  init(pcm samples: [Int16], channelCount: UInt16 = 1, sampleRate: UInt32 = 8_000) {
    self.channelCount = channelCount
    self.sampleRate = sampleRate
    data = samples.flatMap { littleEndian(UInt16(bitPattern: $0)) }
  }

  init(float samples: [Float], channelCount: UInt16 = 1, sampleRate: UInt32 = 8_000) {
    formatTag = 3
    bitsPerSample = 32
    self.channelCount = channelCount
    self.sampleRate = sampleRate
    data = samples.flatMap { littleEndian($0.bitPattern) }
  }

  var bytes: [UInt8] {
    let blockAlign = channelCount &* (bitsPerSample / 8)
    let size = claimedSize ?? UInt32(data.count)
    var bytes = Array("RIFF".utf8) + littleEndian(size > .max - 36 ? .max : size + 36) + Array("WAVEfmt ".utf8)
    bytes += littleEndian(16 as UInt32) + littleEndian(formatTag) + littleEndian(channelCount)
    bytes += littleEndian(sampleRate) + littleEndian(sampleRate &* UInt32(blockAlign)) + littleEndian(blockAlign)
    bytes += littleEndian(bitsPerSample) + Array("data".utf8) + littleEndian(size) + data
    return bytes
  }
}

func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  (0..<(Number.bitWidth / 8)).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
}

/// Two tones, so that it is told what was read where: cycles per sample at 8 kHz.
let (low, high) = (0.05, 0.1)

/// A sine, `cycles` per sample.
func sine(cycles: Double, count: Int, amplitude: Double = 0.5) -> [Float] {
  (0..<count).map { Float(amplitude * sin(2 * .pi * cycles * Double($0))) }
}

func int16(_ samples: [Float]) -> [Int16] {
  samples.map { Int16(($0 * 32_767).rounded()) }
}

/// The amplitude of a sine in samples, by projection, and the root mean square of all else.
func tone(cycles: Double, in samples: ArraySlice<Float>) -> (amplitude: Double, rest: Double) {
  guard !samples.isEmpty else { return (0, 0) }
  var (real, imaginary, energy) = (0.0, 0.0, 0.0)
  for (index, sample) in samples.enumerated() {
    let angle = 2 * .pi * cycles * Double(index)
    real += Double(sample) * cos(angle)
    imaginary += Double(sample) * sin(angle)
    energy += Double(sample) * Double(sample)
  }
  let count = Double(samples.count)
  let amplitude = 2 * (real * real + imaginary * imaginary).squareRoot() / count
  return (amplitude, max(0, energy / count - amplitude * amplitude / 2).squareRoot())
}

/// Whether a tone fills samples of a recording.
func hears(_ cycles: Double, in samples: ArraySlice<Float>) -> Bool {
  let (amplitude, rest) = tone(cycles: cycles, in: samples)
  return abs(amplitude - 0.5) < 0.08 && rest < 0.12
}

/// A recording as it was read.
struct Recording {
  var format: AudioFormat
  var samples: [Float] = []
  var warnings: [String] = []
  var unheard = 0.0
}

/// Reads all of a recording, in blocks of `block` frames.
func readAll(_ path: String, raw: RawFormat? = nil, block: Int = 1_000) throws -> Recording {
  var reader = try AudioReader(path: path, raw: raw)
  var recording = Recording(format: reader.format)
  var buffer: [Float] = []
  while try reader.read(into: &buffer, frames: block) > 0 { recording.samples += buffer }
  recording.warnings = reader.warnings
  recording.unheard = reader.unheard
  return recording
}

/// The error that reading a recording ends with; `nil` where it is read.
func failure(_ path: String, raw: RawFormat? = nil) -> AudioError? {
  do {
    _ = try readAll(path, raw: raw)
    return nil
  } catch {
    return error as? AudioError
  }
}

/// Writes a file by libsndfile. `false` where it does not write that format.
func writeSoundFile(_ path: String, format: Int, samples: [Float], sampleRate: Int = 8_000, channels: Int = 1) -> Bool {
  var info = SF_INFO()
  info.samplerate = CInt(sampleRate)
  info.channels = CInt(channels)
  info.format = CInt(format)
  guard sf_format_check(&info) != 0, let handle = sf_open(path, CInt(SFM_WRITE), &info) else { return false }
  defer { sf_close(handle) }
  return sf_write_float(handle, samples, sf_count_t(samples.count)) == sf_count_t(samples.count)
}

/// Whether a program is on `PATH`.
func isInstalled(_ program: String) -> Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}

/// Runs a program and gives its exit status.
func run(_ program: String, _ arguments: [String]) throws -> Int32 {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus
}

/// The same random numbers in each run (Knuth's linear congruential generator, MMIX).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64 = 1

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state.byteSwapped ^ state
  }
}
