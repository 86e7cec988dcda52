import BonafideAudio
import BonafideLedger
import Glibc

/// Puts recordings that were flagged in a folder, under names that are free there.
struct FlaggedFiles {
  enum Action: Sendable {
    case copy, move
  }

  let action: Action
  let folder: String

  /// Makes the folder where it is not there.
  init(_ action: Action, to folder: String) throws(RunError) {
    self.action = action
    self.folder = folder.hasSuffix("/") ? String(folder.dropLast()) + "/" : folder + "/"
    if mkdir(folder.cPath, 0o777) != 0, errno != EEXIST {
      throw RunError(message: "\(folder): cannot be created: \(systemMessage(errno))")
    }
    if access(self.folder.cPath, W_OK | X_OK) != 0 { throw RunError(message: "\(folder): cannot be written: \(systemMessage(errno))") }
  }

  /// Copies or moves a file. What fails leaves the recording where it is, and nothing in the folder.
  func take(_ path: String) throws(RunError) {
    var (status, target) = (stat(), stat())
    // What was read from a pipe is gone, and what is in the folder is there.
    guard path != "-", stat(path.cPath, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    let (parent, name) = Self.parts(path)
    var home = stat()
    if stat(parent.cPath, &home) == 0, stat(folder.cPath, &target) == 0, home.st_ino == target.st_ino, home.st_dev == target.st_dev { return }
    for number in 1...10_000 {
      let place = folder + Self.numbered(name, number)
      if action == .copy, Self.isCopy(place, of: path, status) { return }
      let reason = put(path, status, at: place)
      if reason == 0 { return }
      if reason != EEXIST { throw RunError(message: "\(path): cannot be put in \(folder): \(systemMessage(reason))") }
    }
    throw RunError(message: "\(path): cannot be put in \(folder): too many files of that name are there")
  }

  /// - Returns: an error number; `EEXIST` where the place is taken.
  private func put(_ path: String, _ status: stat, at place: String) -> Int32 {
    var itself = stat()
    let isLink = lstat(path.cPath, &itself) == 0 && itself.st_mode & S_IFMT == S_IFLNK
    if action == .move, !isLink {
      // A second name and then no first: nothing is overwritten, and the file has a name at any time.
      if link(path.cPath, place.cPath) == 0 {
        guard unlink(path.cPath) != 0 else { return 0 }
        let reason = errno
        unlink(place.cPath)
        return reason
      }
      if errno == EEXIST { return EEXIST }
    }
    let reason = Self.copy(path, status, to: place)
    guard reason == 0, action == .move, unlink(path.cPath) != 0 else { return reason }
    let failure = errno
    unlink(place.cPath)
    return failure
  }

  /// Whether a place has the recording already, from a run before.
  private static func isCopy(_ place: String, of path: String, _ status: stat) -> Bool {
    var there = stat()
    guard lstat(place.cPath, &there) == 0, there.st_mode & S_IFMT == S_IFREG, there.st_size == status.st_size else { return false }
    guard let content = ContentHash(path: path) else { return false }
    return ContentHash(path: place) == content
  }

  private static func copy(_ path: String, _ status: stat, to place: String) -> Int32 {
    let source = open(path.cPath, O_RDONLY | O_CLOEXEC)
    if source < 0 { return errno }
    defer { close(source) }
    let target = open(place.cPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
    if target < 0 { return errno }
    var reason = copy(source, target)
    var times = [status.st_atim, status.st_mtim]
    if reason == 0 { futimens(target, &times) }
    // Only what is on the disk is there.
    if reason == 0, fsync(target) != 0, errno != EINVAL { reason = errno }
    if close(target) != 0, reason == 0 { reason = errno }
    if reason != 0 { unlink(place.cPath) }
    return reason
  }

  private static func copy(_ source: Int32, _ target: Int32) -> Int32 {
    var block = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(source, &block, block.count)
      if count == 0 { return 0 }
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      var written = 0
      while written < count {
        let more = block.withUnsafeBytes { write(target, $0.baseAddress.map { $0 + written }, count - written) }
        if more >= 0 { written += more } else if errno != EINTR { return errno }
      }
    }
  }

  private static func parts(_ path: String) -> (parent: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (path[..<slash].isEmpty ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// The name, with a number ahead of its extension from the second try on: `call.wav`, `call-2.wav`.
  private static func numbered(_ name: String, _ number: Int) -> String {
    if number == 1 { return name }
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "\(name)-\(number)" }
    return "\(name[..<dot])-\(number)\(name[dot...])"
  }
}
