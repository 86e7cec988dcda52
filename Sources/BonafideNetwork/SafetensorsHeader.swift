/// The header of a safetensors file, read as the JSON that the format prescribes and nothing else.
///
/// `{"__metadata__": {name: text…}, name: {"dtype": text, "shape": [size…], "data_offsets": [begin, end]}…}`. The grammar
/// is fixed, so nothing nests, and no header can make the reader recurse.
struct SafetensorsHeader {
  struct Tensor {
    let name: String
    let type: String
    let shape: [Int]
    /// First byte of the data, and the byte after the last, from where the data begin.
    let begin, end: Int
  }

  private(set) var tensors: [Tensor] = []
  private(set) var metadata: [String: String] = [:]

  init(_ bytes: ArraySlice<UInt8>) throws(SafetensorsError) {
    var text = HeaderText(bytes)
    var hasMetadata = false
    // the first byte is the brace: the format allows spaces only behind the object
    guard bytes.first == UInt8(ascii: "{") else { throw text.error("no \"{\"") }
    try text.object { (name, text) throws(SafetensorsError) in
      if name == "__metadata__" {
        if hasMetadata { throw SafetensorsError(code: .duplicateName, message: "__metadata__ is there twice; export it again") }
        hasMetadata = true
        metadata = try Self.metadata(&text)
      } else {
        tensors.append(try Self.tensor(name, &text))
      }
    }
    try text.end()
  }

  private static func metadata(_ text: inout HeaderText) throws(SafetensorsError) -> [String: String] {
    var metadata: [String: String] = [:]
    try text.object { (name, text) throws(SafetensorsError) in
      guard metadata.updateValue(try text.string(), forKey: name) == nil else {
        throw SafetensorsError(code: .duplicateName, message: "metadata \(name.quoted) is there twice; export it again")
      }
    }
    return metadata
  }

  private static func tensor(_ name: String, _ text: inout HeaderText) throws(SafetensorsError) -> Tensor {
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    try text.object { (field, text) throws(SafetensorsError) in
      switch field {
      case "dtype" where type == nil: type = try text.string()
      case "shape" where shape == nil: shape = try text.sizes()
      case "data_offsets" where offsets == nil: offsets = try text.sizes()
      default: throw text.error("\(field.quoted) in tensor \(name.quoted)")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw text.error("tensor \(name.quoted) without dtype, shape and two data_offsets")
    }
    return Tensor(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

/// Reads the values that a safetensors header is made of.
private struct HeaderText {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  func error(_ what: String) -> SafetensorsError {
    SafetensorsError(
      code: .badHeader, message: "bad safetensors header at byte \(position - bytes.startIndex): \(what); export the file again")
  }

  /// The next byte that is no white space, without taking it.
  private mutating func peek() -> UInt8? {
    while position < bytes.endIndex, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    return position < bytes.endIndex ? bytes[position] : nil
  }

  private mutating func take(_ character: Unicode.Scalar) throws(SafetensorsError) {
    guard peek() == UInt8(ascii: character) else { throw error("no \"\(character)\"") }
    position += 1
  }

  private mutating func takes(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Only white space is left.
  mutating func end() throws(SafetensorsError) {
    if peek() != nil { throw error("more behind the object") }
  }

  /// - Parameter member: called with each name, to read its value.
  mutating func object(
    _ member: (String, inout HeaderText) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    try take("{")
    if takes("}") { return }
    repeat {
      let name = try string()
      try take(":")
      try member(name, &self)
    } while takes(",")
    try take("}")
  }

  mutating func sizes() throws(SafetensorsError) -> [Int] {
    var sizes: [Int] = []
    try take("[")
    if takes("]") { return sizes }
    repeat { sizes.append(try size()) } while takes(",")
    try take("]")
    return sizes
  }

  /// An integer that is not negative and fits in an `Int`.
  private mutating func size() throws(SafetensorsError) -> Int {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = peek(), digits.contains(first) else { throw error("no number") }
    let start = position
    var value = 0
    while position < bytes.endIndex, digits.contains(bytes[position]) {
      let (tens, over) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - digits.lowerBound))
      if over || carry { throw error("number too large") }
      value = sum
      position += 1
    }
    if first == digits.lowerBound, position > start + 1 { throw error("number with a leading zero") }
    return value
  }

  mutating func string() throws(SafetensorsError) -> String {
    try take("\"")
    var text: [UInt8] = []
    while position < bytes.endIndex {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("text that is not UTF-8") }
        return string
      case UInt8(ascii: "\\"):
        text.append(contentsOf: Array(String(try escaped()).utf8))
      case ..<0x20:
        throw error("control character in text")
      default:
        text.append(byte)
      }
    }
    throw error("text without end")
  }

  /// The character of an escape, the backslash already taken.
  private mutating func escaped() throws(SafetensorsError) -> Unicode.Scalar {
    guard position < bytes.endIndex else { throw error("text without end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try scalar()
    default: throw error("unknown escape")
    }
  }

  /// The character of one `\uXXXX`, or of a pair of surrogates.
  private mutating func scalar() throws(SafetensorsError) -> Unicode.Scalar {
    let unit = try codeUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else { throw error("half a surrogate pair") }
    position += 2
    let second = try codeUnit()
    guard 0xd800..<0xdc00 ~= unit, 0xdc00..<0xe000 ~= second,
      let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
    else { throw error("half a surrogate pair") }
    return scalar
  }

  private mutating func codeUnit() throws(SafetensorsError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < bytes.endIndex, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw error("\\u without four digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
