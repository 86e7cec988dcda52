import Glibc

/// An open file, closed when it goes out of scope.
package struct FileDescriptor: ~Copyable, Sendable {
  package let number: CInt

  init(owning number: CInt) {
    self.number = number
  }

  deinit {
    close(number)
  }

  /// Reads up to `buffer.count` bytes.
  ///
  /// - Returns: the bytes read, 0 at the end, or a negative number with the reason in `errno`.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      let count = Glibc.read(number, buffer.baseAddress, buffer.count)
      if count >= 0 || errno != EINTR { return count }
    }
  }

  /// Up to `count` bytes from the start of the file.
  func prefix(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = max(0, pread(number, buffer.baseAddress, count, 0))
    }
  }

  /// Up to `count` bytes from the end of the file.
  func suffix(_ count: Int) -> [UInt8] {
    var status = stat()
    guard fstat(number, &status) == 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = max(0, pread(number, buffer.baseAddress, count, max(0, status.st_size - count)))
    }
  }
}

extension FileDescriptor {
  /// Opens an input so that it can be read again from the start: a regular file as it is; standard input (`-`), a
  /// pipe or a socket by way of a temporary file that has no name.
  ///
  /// - Throws: `notFound`, `isDirectory`, `unreadable`, `empty`.
  static func opening(_ path: String) throws(AudioError) -> FileDescriptor {
    if path == "-" {
      let input = dup(STDIN_FILENO)
      guard input >= 0 else { throw unreadable(path, "standard input is closed") }
      return try spooling(FileDescriptor(owning: input), path: path)
    }
    guard !path.utf8.contains(0) else { throw AudioError(code: .notFound, path: path, message: "no such file") }
    let number = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard number >= 0 else { throw openFailure(path, reason: errno) }
    let file = FileDescriptor(owning: number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw unreadable(path, String(cString: strerror(errno))) }
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      guard status.st_size > 0 else { throw AudioError(code: .empty, path: path, message: "the file is empty") }
      return file
    case S_IFDIR:
      throw AudioError(code: .isDirectory, path: path, message: "is a directory; name the files in it")
    case S_IFIFO, S_IFSOCK:
      return try spooling(file, path: path)
    default:
      throw unreadable(path, "is a device, not a file")
    }
  }

  private static func openFailure(_ path: String, reason: CInt) -> AudioError {
    switch reason {
    case ENOENT, ENOTDIR:
      var status = stat()
      let isLink = lstat(path.cPath, &status) == 0
      return AudioError(
        code: .notFound, path: path,
        message: isLink ? "the symbolic link leads to a file that is not there" : "no such file")
    case EACCES, EPERM:
      return unreadable(path, "no permission to read it")
    default:
      return unreadable(path, String(cString: strerror(reason)))
    }
  }

  private static func unreadable(_ path: String, _ reason: String) -> AudioError {
    AudioError(code: .unreadable, path: path, message: "cannot be read: \(reason)")
  }

  /// Copies all that `input` gives to a temporary file without a name.
  private static func spooling(_ input: consuming FileDescriptor, path: String) throws(AudioError) -> FileDescriptor {
    let spool = try temporaryFile(path: path)
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { block.deallocate() }
    var total = 0
    while true {
      let count = input.read(into: block)
      guard count >= 0 else { throw unreadable(path, String(cString: strerror(errno))) }
      if count == 0 { break }
      total += count
      try write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<count]), to: spool, path: path)
    }
    guard total > 0 else {
      throw AudioError(code: .empty, path: path, message: path == "-" ? "standard input is empty" : "the pipe is empty")
    }
    return spool
  }

  /// Copies an excerpt of the file to a temporary file without a name.
  func spooling(_ excerpt: Excerpt, path: String) throws(AudioError) -> FileDescriptor {
    let spool = try Self.temporaryFile(path: path)
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { block.deallocate() }
    var place: Int64 = 0
    while place < excerpt.count {
      let count = excerpt.read(at: place, into: block, of: number)
      guard count > 0 else { break }
      try Self.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<count]), to: spool, path: path)
      place += Int64(count)
    }
    return spool
  }

  /// Adds bytes to a temporary file.
  ///
  /// - Parameter path: what errors call it.
  package static func write(
    _ bytes: UnsafeRawBufferPointer, to spool: borrowing FileDescriptor, path: String
  ) throws(AudioError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(spool.number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR {
        throw unreadable(path, "no room for it in \(temporaryFolder) (\(String(cString: strerror(errno)))); set TMPDIR")
      }
    }
  }

  private static var temporaryFolder: String {
    guard let folder = getenv("TMPDIR"), folder.pointee != 0 else { return "/tmp" }
    return String(cString: folder)
  }

  /// A file in `TMPDIR` that has no name, and is gone once it is closed, however the process ends.
  ///
  /// - Parameter path: what errors call it.
  package static func temporaryFile(path: String) throws(AudioError) -> FileDescriptor {
    let name = "\(temporaryFolder)/bonafide-\(UInt64.random(in: 0...UInt64.max))"
    let number = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else {
      throw unreadable(
        path, "no temporary file in \(temporaryFolder) (\(String(cString: strerror(errno)))); set TMPDIR")
    }
    unlink(name)
    return FileDescriptor(owning: number)
  }
}
