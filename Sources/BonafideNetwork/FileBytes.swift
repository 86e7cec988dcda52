import CKernels
import Glibc

/// The bytes of a file of weights: read into memory, or compiled in, where they are as long as the program and nobody copies them.
public struct FileBytes: @unchecked Sendable {
  // unchecked: constants are never written to
  private enum Storage {
    case array([UInt8])
    case constant(UnsafeBufferPointer<UInt8>)
  }

  private let storage: Storage

  public init(_ bytes: [UInt8]) { storage = .array(bytes) }

  /// - Parameter start: of `count` bytes that are compiled in, and so lie in the program's file, from which the system reads them again after
  ///   `giveBack`. Of other memory zeros would come back.
  public init(constant start: UnsafePointer<UInt8>, count: Int) { storage = .constant(UnsafeBufferPointer(start: start, count: count)) }

  public var count: Int {
    switch storage {
    case .array(let bytes): bytes.count
    case .constant(let bytes): bytes.count
    }
  }

  /// A copy of them, or of a part.
  public func copy(_ range: Range<Int>? = nil) -> [UInt8] {
    withUnsafeBytes { bytes in Array(bytes[range ?? 0..<count]) }
  }

  /// Gives the memory of a part back where it is compiled in: the system reads it again when it is asked for.
  func giveBack(_ range: Range<Int>) {
    guard case .constant(let bytes) = storage, let start = bytes.baseAddress else { return }
    let page = UInt(getpagesize())
    let first = (UInt(bitPattern: start + range.lowerBound) + page - 1) / page * page
    let end = UInt(bitPattern: start + range.upperBound) / page * page
    // Advice: where it is not taken, the memory stays.
    if first < end { madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED) }
  }

  func withUnsafeBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    switch storage {
    case .array(let bytes): bytes.withUnsafeBufferPointer(body)
    case .constant(let bytes): body(bytes)
    }
  }
}

/// A matrix of 8 bits where it lies in its file: row r is its bytes times number r of `scales`.
struct ByteMatrix: Sendable {
  let rows, columns: Int
  let scales: [Float]
  private let file: FileBytes
  private let start: Int

  /// - Parameter range: of the file's bytes, `rows` times `columns` of them.
  init(_ file: FileBytes, range: Range<Int>, rows: Int, columns: Int, scales: [Float]) {
    precondition(range.count == rows * columns && range.upperBound <= file.count && scales.count == rows, "a matrix beyond its file")
    (self.file, start, self.rows, self.columns, self.scales) = (file, range.lowerBound, rows, columns, scales)
  }

  /// - Parameter body: is given the first byte of the first row.
  func withUnsafeBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result? {
    file.withUnsafeBytes { bytes in bytes.baseAddress.map { body($0 + start) } }
  }

  /// Gives its memory back, for now.
  func giveBack() { file.giveBack(start..<start + rows * columns) }

  /// Its values, row by row.
  var values: [Float] {
    [Float](unsafeUninitializedCapacity: rows * columns) { values, count in
      guard let start = values.baseAddress else { return }
      _ = withUnsafeBytes { kernels_widen($0, rows, columns, scales, start) }
      count = rows * columns
    }
  }
}
