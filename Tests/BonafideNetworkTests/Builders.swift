@testable import BonafideNetwork

/// Writes safetensors files.
struct SafetensorsBuilder {
  var metadata: [String: String] = [:]
  private var entries: [String] = []
  private var data: [UInt8] = []

  init(metadata: [String: String] = [:]) {
    self.metadata = metadata
  }

  mutating func add(_ name: String, shape: [Int], values: [Float]) {
    let begin = data.count
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
    entries.append(#""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(begin),\#(data.count)]}"#)
  }

  /// A matrix of 8 bits, and the scales of its rows.
  mutating func add(_ name: String, rows: Int, columns: Int, bytes: [Int8], scales: [Float]) {
    let begin = data.count
    data += bytes.map(UInt8.init(bitPattern:))
    entries.append(#""\#(name)":{"dtype":"I8","shape":[\#(rows),\#(columns)],"data_offsets":[\#(begin),\#(data.count)]}"#)
    add(name + ".scale", shape: [rows], values: scales)
  }

  var bytes: [UInt8] {
    let metadata = metadata.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
    let header = "{" + (["\"__metadata__\":{\(metadata)}"] + entries).joined(separator: ",") + "}"
    return Self.bytes(header: header, data: data)
  }

  static func bytes(header: String, data: [UInt8]) -> [UInt8] { bytes(header: Array(header.utf8), data: data) }

  static func bytes(header: [UInt8], data: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
  }
}

/// Random numbers that are the same in every run (xorshift64; Marsaglia 2003).
struct Xorshift: RandomNumberGenerator {
  private var state: UInt64

  /// - Parameter seed: not 0.
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
