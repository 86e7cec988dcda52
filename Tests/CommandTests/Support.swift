import Bonafide
import Foundation
import Testing

/// A folder that is removed with the value.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "bonafide-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

/// The sources of the package.
let packageFolder = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A person who reads a telephone prompt: mono, 8 kHz, 16 bits, a header of 44 bytes.
let promptPath = packageFolder.appending(path: "Tests/BonafideTests/Golden/prompt.wav").path

func promptSamples() throws -> [Int16] {
  let bytes = [UInt8](try Data(contentsOf: URL(filePath: promptPath))).dropFirst(44)
  return stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { i in
    Int16(bitPattern: UInt16(bytes[i]) | UInt16(bytes[i + 1]) << 8)
  }
}

/// Looks whether something is so until it is, so many times at most.
func look(_ times: Int, every microseconds: UInt32, until isSo: () throws -> Bool) rethrows {
  for _ in 0..<times {
    if try isSo() { return }
    usleep(microseconds)
  }
}

/// The header of a WAV file, true or not.
struct WAVHeader {
  /// 1 is PCM, 3 is floating point.
  var encoding: UInt16 = 1
  var channelCount: UInt16 = 1
  var sampleRate: UInt32 = 8000
  var bits: UInt16 = 16
  var dataSize: UInt32

  var bytes: [UInt8] {
    let frame = UInt32(channelCount) * UInt32(bits) / 8
    return Array("RIFF".utf8) + little(dataSize > .max - 36 ? .max : dataSize + 36) + Array("WAVEfmt ".utf8)
      + little(UInt32(16)) + little(encoding) + little(channelCount) + little(sampleRate) + little(sampleRate * frame)
      + little(UInt16(truncatingIfNeeded: frame)) + little(bits) + Array("data".utf8) + little(dataSize)
  }
}

func little(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// A WAV file of 16-bit samples.
func wav(_ channels: [[Int16]], sampleRate: UInt32 = 8000) -> [UInt8] {
  let frames = channels.map(\.count).min() ?? 0
  var data: [UInt8] = []
  data.reserveCapacity(2 * frames * channels.count)
  for frame in 0..<frames {
    for channel in channels {
      let bits = UInt16(bitPattern: channel[frame])
      data.append(UInt8(truncatingIfNeeded: bits))
      data.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
  }
  let header = WAVHeader(
    channelCount: UInt16(channels.count), sampleRate: sampleRate, dataSize: UInt32(data.count))
  return header.bytes + data
}

/// A WAV file of floating-point samples.
func floatWAV(_ samples: [Float], sampleRate: UInt32 = 8000) -> [UInt8] {
  let data = samples.flatMap { little($0.bitPattern) }
  return WAVHeader(encoding: 3, sampleRate: sampleRate, bits: 32, dataSize: UInt32(data.count)).bytes + data
}

/// What a run of the command left.
struct Run: Equatable {
  var status: Int32
  /// The signal that ended it, if one did.
  var signal: Int32?
  var output: String
  var errors: String

  var errorLines: [Substring] { errors.split(separator: "\n") }
}

/// Runs the command that was built with the tests.
///
/// - Parameter launcher: a program and its arguments that start the command.
func bonafide(
  _ arguments: [String], input: [UInt8] = [], in folder: TemporaryFolder? = nil, environment: [String: String] = [:],
  by launcher: [String] = []
) throws -> Run {
  let scratch = try TemporaryFolder()
  let process = Process()
  // The tests and the command are built side by side.
  let command = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "bonafide")
  process.executableURL = launcher.first.map { URL(filePath: $0) } ?? command
  process.arguments = launcher.isEmpty ? arguments : launcher.dropFirst() + [command.path] + arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  if let folder { process.currentDirectoryURL = folder.url }
  // Files, since a full pipe would stop the command.
  for (name, content) in ["in": input, "out": [], "err": []] { try scratch.write(name, content) }
  process.standardInput = try FileHandle(forReadingFrom: scratch.url.appending(path: "in"))
  process.standardOutput = try FileHandle(forWritingTo: scratch.url.appending(path: "out"))
  process.standardError = try FileHandle(forWritingTo: scratch.url.appending(path: "err"))
  try process.run()
  process.waitUntilExit()
  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: scratch.url.appending(path: name)), as: UTF8.self)
  }
  return Run(
    status: process.terminationStatus,
    signal: process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil,
    output: try text("out"), errors: try text("err"))
}

/// Options that flag any voice, and none, so that verdicts hold for any model; by the first stage alone, which is fast.
let flagAll = ["--fast", "--alarm-at", "1000", "--clear-at", "1001"]
let clearAll = ["--fast", "--alarm-at", "-1001", "--clear-at", "-1000"]

/// The recordings of a report in JSON, which must fit its schema.
func document(_ run: Run, sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: JSONValue]] {
  let value = try JSONDecoder().decode(JSONValue.self, from: Data(run.output.utf8))
  #expect(try JSONSchema.ofReports().faults(in: value, as: "document") == [], sourceLocation: sourceLocation)
  guard case .object(let members) = value, case .array(let files) = members["files"] else { return [] }
  return files.compactMap { if case .object(let file) = $0 { file } else { nil } }
}

/// Their paths.
func paths(_ run: Run) throws -> [String] {
  try document(run).compactMap { if case .string(let path) = $0["path"] { path } else { nil } }
}
