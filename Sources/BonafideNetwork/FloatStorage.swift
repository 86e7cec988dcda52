import CKernels
import Glibc

/// Memory for floats, zero at first, aligned to a cache line, freed with its owner.
struct FloatStorage: ~Copyable, @unchecked Sendable {
  // unchecked: there is one owner, so the memory moves between threads with it
  let start: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
    start = memory.initializeMemory(as: Float.self, repeating: 0, count: count)
    self.count = count
  }

  deinit { start.deallocate() }
}

/// Packed weights, written once, aligned to a cache line, freed with their last user.
final class PackedStorage<Value: BitwiseCopyable>: @unchecked Sendable {
  // unchecked: nobody writes after init
  let start: UnsafePointer<Value>

  /// - Parameter fill: is given all of the memory, and writes all of it.
  init(count: Int, fill: (UnsafeMutablePointer<Value>) -> Void) {
    var bytes = count * MemoryLayout<Value>.stride
    let isLarge = bytes >= hugePage
    if isLarge { bytes = (bytes + hugePage - 1) / hugePage * hugePage }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? hugePage : 64)
    // Advice: where it is not taken, small pages are as good.
    if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
    let values = memory.bindMemory(to: Value.self, capacity: count)
    fill(values)
    start = UnsafePointer(values)
  }

  deinit { start.deallocate() }
}

/// Bytes of a large page, which is there for one fault in place of 512.
private let hugePage = 1 << 21

/// Calls `body` with values rounded to bfloat16, from the start of a cache line: a matrix unit takes rows that lie across two of them half as
/// fast.
func withHalves(of values: UnsafePointer<Float>, count: Int, _ body: (UnsafePointer<UInt16>) -> Void) {
  withUnsafeTemporaryAllocation(byteCount: count * MemoryLayout<UInt16>.stride, alignment: 64) { memory in
    guard let halves = memory.bindMemory(to: UInt16.self).baseAddress else { return }
    kernels_halves(values, count, halves)
    body(halves)
  }
}

/// Calls `body` with values of 8 bits, and what they stand for. `count` is a multiple of `kernels_byte_run`.
func withCodes(of values: UnsafePointer<Float>, count: Int, _ body: (UnsafePointer<UInt8>, UnsafePointer<kernels_step>) -> Void) {
  withCodes(of: Matrix(values, rows: 1, columns: count), body)
}

/// The same of rows, one after the other. Each has a multiple of `kernels_byte_run`.
func withCodes(of rows: Matrix, _ body: (UnsafePointer<UInt8>, UnsafePointer<kernels_step>) -> Void) {
  let count = rows.rows * rows.columns
  withUnsafeTemporaryAllocation(byteCount: count, alignment: 64) { memory in
    withUnsafeTemporaryAllocation(of: kernels_step.self, capacity: count / kernels_byte_run) { steps in
      guard let codes = memory.bindMemory(to: UInt8.self).baseAddress, let steps = steps.baseAddress else { return }
      for row in 0..<rows.rows {
        let start = row * rows.columns
        kernels_codes(rows.start + row * rows.stride, rows.columns, codes + start, steps + start / kernels_byte_run)
      }
      body(codes, steps)
    }
  }
}

/// Activations in time, frequency and channel, the channel changing fastest, with a margin of zeros one cell wide all round
/// so that a 3x3 window fits everywhere.
struct Activations: ~Copyable, Sendable {
  let columns, channels: Int
  private let storage: FloatStorage

  init(rows: Int, columns: Int, channels: Int) {
    self.columns = columns
    self.channels = channels
    storage = FloatStorage(count: (rows + 2) * (columns + 2) * channels)
  }

  /// Floats from a row to the next.
  var stride: Int { (columns + 2) * channels }

  /// First value of a row, behind the margin. Rows -1 and the number of rows are the margin's.
  func row(_ row: Int) -> UnsafeMutablePointer<Float> {
    storage.start + (row + 1) * stride + channels
  }

  /// Makes a row part of the margin.
  func clear(row: Int) {
    self.row(row).update(repeating: 0, count: columns * channels)
  }
}
