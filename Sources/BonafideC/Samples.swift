/// Samples where a host has them.
enum Samples {
  /// - Parameter count: of samples; as a `size_t` it may be more than an address space holds.
  static func checked<Sample>(
    _ start: UnsafePointer<Sample>?, count: Int
  ) throws(CallError) -> UnsafeBufferPointer<Sample> {
    guard (0...Int.max / MemoryLayout<Sample>.stride).contains(count) else {
      throw .badArgument("there cannot be \(UInt(bitPattern: count)) samples: give a count of samples, not of anything else")
    }
    guard count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
    guard let start else { throw .nullPointer("samples") }
    guard UInt(bitPattern: start) % UInt(MemoryLayout<Sample>.alignment) == 0 else {
      throw .badArgument("samples are not aligned to \(MemoryLayout<Sample>.alignment) bytes: copy them to where they are")
    }
    return UnsafeBufferPointer(start: start, count: count)
  }
}
