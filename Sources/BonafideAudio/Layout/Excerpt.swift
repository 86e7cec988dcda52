import Glibc

/// Bytes as a decoder is to see them: pieces of a file in their order, with bytes of ours between, such as a header that
/// says what is there.
struct Excerpt: Sendable, Equatable {
  /// A run of bytes.
  enum Piece: Sendable, Equatable {
    case bytes([UInt8])
    case file(Range<Int64>)

    var count: Int64 {
      switch self {
      case .bytes(let bytes): Int64(bytes.count)
      case .file(let range): range.upperBound - range.lowerBound
      }
    }
  }

  /// In order; none is empty.
  let pieces: [Piece]
  /// Place of each piece's first byte.
  private let starts: [Int64]
  /// Bytes in all.
  let count: Int64

  init(_ pieces: [Piece]) {
    self.pieces = pieces.filter { $0.count > 0 }
    var (starts, total): ([Int64], Int64) = ([], 0)
    for piece in self.pieces {
      starts.append(total)
      total += piece.count
    }
    self.starts = starts
    count = total
  }

  /// One range of a file.
  init(_ range: Range<Int64>) {
    self.init([.file(range)])
  }

  /// The first byte of the file in it, and the end of the last.
  var firstFilePlace: Int64? { ranges.first?.lowerBound }
  var lastFilePlace: Int64? { ranges.last?.upperBound }

  private var ranges: [Range<Int64>] {
    pieces.compactMap { piece in
      if case .file(let range) = piece { return range }
      return nil
    }
  }

  /// Reads from `offset` until `buffer` is full or the excerpt ends.
  ///
  /// - Parameter descriptor: of the file.
  /// - Returns: the bytes read.
  func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer, of descriptor: CInt) -> Int {
    guard offset >= 0, offset < count, !buffer.isEmpty else { return 0 }
    // The last piece that starts at the offset or before.
    var (low, high) = (0, pieces.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    var (done, index) = (0, low)
    while done < buffer.count, index < pieces.count {
      let place = offset + Int64(done) - starts[index]
      let wanted = Int(min(Int64(buffer.count - done), pieces[index].count - place))
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + wanted)])
      switch pieces[index] {
      case .bytes(let bytes): room.copyBytes(from: bytes[Int(place)..<(Int(place) + wanted)])
      case .file(let range):
        let got = pread(descriptor, room.baseAddress, wanted, off_t(range.lowerBound + place))
        if got <= 0 { return done }
        done += got
        if got < wanted { continue }
        index += 1
        continue
      }
      done += wanted
      index += 1
    }
    return done
  }
}

extension FileDescriptor {
  /// Bytes of the file.
  var size: Int64 {
    var status = stat()
    return fstat(number, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// `count` bytes from `offset` on, or as many as there are.
  func bytes(at offset: Int64, count: Int) -> [UInt8] {
    guard offset >= 0, count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = max(0, pread(number, buffer.baseAddress, count, off_t(offset)))
    }
  }

  /// Where `pattern`, which is not empty, first stands in a range, wholly inside.
  func firstPlace(of pattern: [UInt8], in range: Range<Int64>) -> Int64? {
    let block = 1 << 20
    var place = range.lowerBound
    while place + Int64(pattern.count) <= range.upperBound {
      let window = bytes(at: place, count: Int(min(Int64(block + pattern.count - 1), range.upperBound - place)))
      guard window.count >= pattern.count else { return nil }
      let found = window.withUnsafeBytes { window -> Int? in
        guard let base = window.baseAddress else { return nil }
        var index = 0
        while index + pattern.count <= window.count,
          let hit = memchr(base + index, CInt(pattern[0]), window.count - pattern.count + 1 - index)
        {
          index = UnsafeRawPointer(hit) - base
          if memcmp(base + index, pattern, pattern.count) == 0 { return index }
          index += 1
        }
        return nil
      }
      if let found { return place + Int64(found) }
      place += Int64(block)
    }
    return nil
  }

  /// Whether a range holds zeros alone.
  func isZero(_ range: Range<Int64>) -> Bool {
    var place = range.lowerBound
    while place < range.upperBound {
      let block = bytes(at: place, count: Int(min(1 << 16, range.upperBound - place)))
      guard !block.isEmpty, block.allSatisfy({ $0 == 0 }) else { return false }
      place += Int64(block.count)
    }
    return true
  }
}

/// Numbers in the header of a container.
extension [UInt8] {
  /// The unsigned number of `count` bytes, 1 to 8, at `offset`; `nil` where they are not all there, or pass `Int64`.
  func number(at offset: Int, bytes count: Int, bigEndian: Bool) -> Int64? {
    guard offset >= 0, offset + count <= self.count else { return nil }
    var value: UInt64 = 0
    for index in 0..<count {
      let byte = self[offset + (bigEndian ? index : count - 1 - index)]
      value = value << 8 | UInt64(byte)
    }
    return Int64(exactly: value)
  }

  func hasText(_ text: String, at offset: Int = 0) -> Bool {
    dropFirst(offset).starts(with: text.utf8)
  }
}

/// A number as bytes of a header.
func headerBytes(_ value: Int64, count: Int, bigEndian: Bool) -> [UInt8] {
  let little = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * Int64($0))) }
  return bigEndian ? little.reversed() : little
}
