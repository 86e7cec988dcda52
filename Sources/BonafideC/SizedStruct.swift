/// Structs that get members in later versions: the library and the host may know different ends of them.
enum SizedStruct {
  /// Copies a value to a host that knows `size` bytes of it; those that the library does not know become zeros.
  static func write<Value: BitwiseCopyable>(
    _ value: Value, to place: UnsafeMutablePointer<Value>?, size: Int, _ name: String
  ) throws(CallError) {
    let raw = UnsafeMutableRawPointer(try required(place, name))
    try check(size, of: name)
    let known = min(size, MemoryLayout<Value>.size)
    withUnsafeBytes(of: value) { raw.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(raw), byteCount: known) }
    (raw + known).initializeMemory(as: UInt8.self, repeating: 0, count: size - known)
  }

  /// Reads the bytes that both know over `value`.
  static func read<Value: BitwiseCopyable>(
    _ place: UnsafePointer<Value>, size: Int, over value: inout Value, _ name: String
  ) throws(CallError) {
    try check(size, of: name)
    let known = min(size, MemoryLayout<Value>.size)
    let rest = UnsafeRawBufferPointer(start: UnsafeRawPointer(place) + known, count: size - known)
    guard rest.allSatisfy({ $0 == 0 }) else {
      throw .badArgument("\(name) has members set that this version does not know: use the header that came with the library")
    }
    withUnsafeMutableBytes(of: &value) { $0.copyMemory(from: UnsafeRawBufferPointer(start: place, count: known)) }
  }

  /// Greater than a struct will ever be, so that what was not set is told.
  private static let greatestSize = 4096

  private static func check(_ size: Int, of name: String) throws(CallError) {
    guard (8...greatestSize).contains(size) else {
      throw .badArgument("the size of \(name) is said to be \(size) bytes: give sizeof the struct")
    }
  }
}
