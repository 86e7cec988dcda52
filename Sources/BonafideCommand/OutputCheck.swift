import BonafideAudio
import Glibc

/// Refuses a report that would take the place of a file that is read, by whatever path.
///
/// - Parameters:
///   - output: where the report goes; `nil` and `-` are standard output.
///   - option: by which it was given.
///   - inputs: paths of what is read; `nil` and `-` are passed over.
func checkOutput(_ output: String?, option: String = "--output", spares inputs: [String?]) throws(RunError) {
  guard let output, output != "-", let target = FileIdentity(output) else { return }
  for case let input? in inputs where input != "-" && FileIdentity(input) == target {
    throw RunError(message: "\(option) would overwrite \(input); name another file", status: .validationFailure)
  }
}

/// Whether two reports would be one file, whether it is there or not.
func areOneFile(_ first: String, _ second: String) -> Bool {
  if let first = FileIdentity(first), let second = FileIdentity(second) { return first == second }
  func parts(_ path: String) -> (folder: String, name: Substring) {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    return (path[..<start].isEmpty ? "." : String(path[..<start]), path[start...])
  }
  let (a, b) = (parts(first), parts(second))
  var (one, other) = (stat(), stat())
  return a.name == b.name && stat(a.folder.cPath, &one) == 0 && stat(b.folder.cPath, &other) == 0 && one.st_dev == other.st_dev
    && one.st_ino == other.st_ino
}

/// Fails now, and not after hours of screening, where a report cannot be created.
func checkWritable(_ path: String?) throws(RunError) {
  var status = stat()
  // A reader of a pipe would take the closing for the end.
  guard let path, path != "-", stat(path.cPath, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else { return }
  _ = try ReportOutput(path: path)
}

/// Which regular file a path leads to.
struct FileIdentity: Hashable {
  private let device: dev_t
  private let inode: ino_t

  init?(_ path: String) {
    var status = stat()
    guard stat(path.cPath, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    (device, inode) = (status.st_dev, status.st_ino)
  }
}
