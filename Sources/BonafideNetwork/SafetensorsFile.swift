/// What is wrong with a safetensors file.
public struct SafetensorsError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    /// The file ends before its header or its data do.
    case truncated
    /// The header's length is more than any real header has.
    case headerTooLarge
    /// The header is not the JSON that the format prescribes.
    case badHeader
    /// A name occurs twice.
    case duplicateName
    /// A tensor is of another type than `F32` and `I8`.
    case unsupportedType
    /// A shape and its data offsets disagree, or are out of range.
    case badOffsets
    /// Tensors share bytes, or bytes belong to no tensor.
    case badLayout
  }

  public let code: Code
  /// What is wrong and what to do, in one line.
  public let message: String

  public var description: String { message }
}

/// A safetensors file in memory, its header checked: every tensor lies inside the file and none overlaps another.
///
/// The format: eight bytes with the header's length (little-endian), the header (JSON), the tensors' bytes one after the
/// other. See https://github.com/huggingface/safetensors#format. The type `F32` is read, and `I8` for matrices: row r of tensor `name` is then
/// its bytes times number r of the tensor `name.scale`.
public struct SafetensorsFile: Sendable {
  /// What the file says about itself (`__metadata__` of the header).
  public let metadata: [String: String]
  private let bytes: FileBytes
  private let entries: [String: Entry]

  private struct Entry: Sendable {
    let shape: [Int]
    /// Of `bytes`.
    let range: Range<Int>
    /// Bytes of a value: four of a float, one of 8 bits.
    let width: Int
  }

  /// Longest header that is read, as in the format's reference implementation.
  private static let greatestHeader = 100_000_000
  private static let prefix = 8

  /// - Parameter bytes: of the whole file. They may be anything: what is not a sound file is an error.
  public init(_ bytes: [UInt8]) throws(SafetensorsError) { try self.init(FileBytes(bytes)) }

  /// - Parameter bytes: of the whole file, as for an array of them.
  public init(_ bytes: FileBytes) throws(SafetensorsError) {
    guard bytes.count >= Self.prefix else {
      throw SafetensorsError(code: .truncated, message: "not a safetensors file: only \(bytes.count) bytes; get it again")
    }
    let length = bytes.copy(0..<Self.prefix).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.greatestHeader else {
      throw SafetensorsError(
        code: .headerTooLarge, message: "not a safetensors file: its header would have \(length) bytes; give a .safetensors file")
    }
    let dataStart = Self.prefix + Int(length)
    guard dataStart <= bytes.count else {
      throw SafetensorsError(
        code: .truncated,
        message: "truncated: the header has \(length) bytes, \(bytes.count - Self.prefix) are there; get it again")
    }
    let header = try SafetensorsHeader(bytes.copy(Self.prefix..<dataStart)[...])
    entries = try Self.locate(header.tensors, in: dataStart..<bytes.count)
    metadata = header.metadata
    self.bytes = bytes
  }

  /// Names of the tensors, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// A copy of a tensor; `nil` where the file has none of that name, or one of 8 bits without scales for its rows.
  public func tensor(named name: String) -> Tensor? {
    guard let entry = entries[name] else { return nil }
    if entry.width == 1 { return byteMatrix(named: name).flatMap { Tensor(shape: entry.shape, values: $0.values) } }
    let count = entry.range.count / entry.width
    let values = [Float](unsafeUninitializedCapacity: count) { values, filled in
      bytes.withUnsafeBytes { bytes in
        // The format is little-endian, as the processors are that the kernels are for.
        UnsafeMutableRawBufferPointer(values).copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[entry.range]))
      }
      filled = count
    }
    return Tensor(shape: entry.shape, values: values)
  }

  /// A matrix of 8 bits, not copied; `nil` where the file has none of that name with scales for its rows.
  func byteMatrix(named name: String) -> ByteMatrix? {
    guard let entry = entries[name], entry.width == 1, entry.shape.count == 2, let scales = tensor(named: name + ".scale"),
      scales.shape == [entry.shape[0]]
    else { return nil }
    return ByteMatrix(bytes, range: entry.range, rows: entry.shape[0], columns: entry.shape[1], scales: scales.values)
  }

  private static func locate(
    _ tensors: [SafetensorsHeader.Tensor], in data: Range<Int>
  ) throws(SafetensorsError) -> [String: Entry] {
    var entries: [String: Entry] = [:]
    var end = 0
    for tensor in tensors.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard let width = ["F32": 4, "I8": 1][tensor.type] else {
        throw SafetensorsError(
          code: .unsupportedType,
          message: "tensor \(tensor.name.quoted) is of type \(tensor.type.quoted); only F32 and I8 are read, so export it as one of those")
      }
      let size = BonafideNetwork.Tensor.count(of: tensor.shape)?.multipliedReportingOverflow(by: width)
      guard tensor.begin <= tensor.end, let size, !size.overflow, size.partialValue == tensor.end - tensor.begin else {
        throw SafetensorsError(
          code: .badOffsets,
          message:
            "tensor \(tensor.name.quoted) has shape \(tensor.shape.prefix(8)), but bytes \(tensor.begin) to \(tensor.end); export it again")
      }
      guard tensor.end <= data.count else {
        throw SafetensorsError(
          code: .truncated,
          message:
            "truncated: tensor \(tensor.name.quoted) ends at byte \(tensor.end) of the data, \(data.count) are there; get it again")
      }
      guard tensor.begin == end else {
        throw SafetensorsError(
          code: .badLayout,
          message:
            "tensor \(tensor.name.quoted) begins at byte \(tensor.begin) of the data, the one before it ends at \(end); export it again")
      }
      end = tensor.end
      let range = data.lowerBound + tensor.begin..<data.lowerBound + tensor.end
      guard entries.updateValue(Entry(shape: tensor.shape, range: range, width: width), forKey: tensor.name) == nil else {
        throw SafetensorsError(code: .duplicateName, message: "tensor \(tensor.name.quoted) is there twice; export it again")
      }
    }
    guard end == data.count else {
      throw SafetensorsError(
        code: .badLayout, message: "\(data.count - end) bytes at the end belong to no tensor; get it again")
    }
    return entries
  }
}

extension String {
  /// The text for a message: in quotes, short, and with escapes, as it comes from a file that may hold anything.
  var quoted: String { String(String.UnicodeScalarView(unicodeScalars.prefix(80))).debugDescription }
}
