import BonafideAudio
import Glibc
import Synchronization

/// Where a report goes: standard output, or a file that appears under its name only when the report is whole.
struct ReportOutput: ~Copyable {
  /// An open file.
  private struct Place {
    /// What errors call it.
    var name: String
    var descriptor: Int32
    /// The unfinished file and the file that it becomes; `nil` when the report is written in place.
    var partial: (path: String, target: String)?
  }

  private var place: Place

  /// - Parameters:
  ///   - path: of a file; `nil` or `-` is standard output. An existing file keeps its permissions, and is there
  ///     with its old content until `commit()`; something that is no file, such as a pipe, is written in place.
  ///   - keepsUnfinished: whether a signal that ends the program puts in place what there is of the report: one that says of
  ///     itself that it is not whole.
  init(path: String?, keepsUnfinished: Bool = false) throws(RunError) {
    place =
      if let path, path != "-" {
        try Self.open(path)
      } else {
        Place(name: "standard output", descriptor: STDOUT_FILENO)
      }
    if let partial = place.partial { onSignal(leave: partial.path, at: keepsUnfinished ? partial.target : nil) }
  }

  private static func open(_ path: String) throws(RunError) -> Place {
    var status = stat()
    let exists = stat(path.cPath, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG {
      let descriptor = Glibc.open(path.cPath, O_WRONLY | O_CLOEXEC)
      if descriptor < 0 { throw failure(path, "cannot be opened", errno) }
      return Place(name: path, descriptor: descriptor)
    }
    if exists, access(path.cPath, W_OK) != 0 { throw failure(path, "cannot be written", errno) }

    var target = path
    if exists, let resolved = realpath(path.cPath, nil) {
      target = String(cPath: resolved)
      free(resolved)
    }
    // A file that an earlier run left behind, killed and of the same process number, is in nobody's way.
    var (partial, descriptor): (String, Int32) = ("", -1)
    for attempt in 0..<100 {
      partial = "\(target).\(getpid())\(attempt == 0 ? "" : "-\(attempt)").part"
      descriptor = Glibc.open(partial.cPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 || errno != EEXIST { break }
    }
    if descriptor < 0 { throw failure(path, "cannot be created", errno) }
    if exists { fchmod(descriptor, status.st_mode & 0o7777) }
    return Place(name: path, descriptor: descriptor, partial: (partial, target))
  }

  deinit {
    if let partial = place.partial {
      unlink(partial.path.cPath)
      onSignal(leave: nil)
    }
    if place.descriptor != STDOUT_FILENO { close(place.descriptor) }
  }

  /// Writes all of `text`.
  func write(_ text: String) throws(RunError) {
    var text = text
    let error = text.withUTF8 { bytes -> Int32? in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(place.descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        } else if errno != EINTR {
          return errno
        }
      }
      return nil
    }
    if let error { throw Self.failure(place.name, "cannot be written", error) }
  }

  /// Puts the whole report in place.
  mutating func commit() throws(RunError) {
    guard let partial = place.partial else { return }
    guard fsync(place.descriptor) == 0, rename(partial.path.cPath, partial.target.cPath) == 0 else {
      throw Self.failure(place.name, "cannot be written", errno)
    }
    place.partial = nil
    onSignal(leave: nil)
  }

  private static func failure(_ name: String, _ what: String, _ number: Int32) -> RunError {
    RunError(message: "\(name): \(what): \(systemMessage(number))")
  }
}

/// Addresses of the paths of the unfinished report, and of where it is put all the same, as C strings; 0 where there is none.
private let unfinished = Atomic<UInt>(0)
private let destination = Atomic<UInt>(0)

/// SIG_IGN, which the importer does not bring over as a handler that can be compared.
private let ignored = 1

/// Has the unfinished report at `path` removed when a signal ends the program, or renamed to `target` where there is one; `nil` when
/// there is no unfinished report any more.
private func onSignal(leave path: String?, at target: String? = nil) {
  // The old strings are left: a handler may be reading them.
  let pointer = path.flatMap { strdup($0.cPath) }
  unfinished.store(0, ordering: .sequentiallyConsistent)
  destination.store(UInt(bitPattern: target.flatMap { strdup($0.cPath) }), ordering: .sequentiallyConsistent)
  unfinished.store(UInt(bitPattern: pointer), ordering: .sequentiallyConsistent)
  guard pointer != nil else { return }
  for number in [SIGHUP, SIGINT, SIGTERM, SIGPIPE] {
    // What the caller has ignored, as nohup does, stays so.
    var present = sigaction()
    sigaction(number, nil, &present)
    if unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self) == ignored { continue }
    signal(number) { number in
      let path = UnsafePointer<CChar>(bitPattern: unfinished.load(ordering: .sequentiallyConsistent))
      let target = UnsafePointer<CChar>(bitPattern: destination.load(ordering: .sequentiallyConsistent))
      if let path, target.map({ rename(path, $0) != 0 }) ?? true { unlink(path) }
      signal(number, SIG_DFL)
      raise(number)
    }
  }
}
