/// Samples where a host has them.
enum Samples {
  /// Bytes that a process can have at most: user space has 47 bits on x86-64, and 48 elsewhere.
  #if arch(x86_64)
    private static let addressSpace: UInt = 1 << 47
  #else
    private static let addressSpace: UInt = 1 << 48
  #endif

  /// - Parameter count: of samples; as a `size_t` it may be more than an address space holds.
  static func checked<Sample>(
    _ start: UnsafePointer<Sample>?, count: Int
  ) throws(CallError) -> UnsafeBufferPointer<Sample> {
    let most = (addressSpace - min(addressSpace, UInt(bitPattern: start))) / UInt(MemoryLayout<Sample>.stride)
    guard UInt(bitPattern: count) <= most else {
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
