import BonafideAudio
import BonafideReport
import Glibc

/// A recording to screen, or a path where none was found.
struct Recording: Sendable, Equatable {
  /// As the user named it, or the folder that the user named and the way from there; `-` is standard input.
  var path: String
  /// Bytes, 0 where there is no file; `nil` where only reading it will tell.
  var size: Int64?
  /// Why there is nothing to screen.
  var problem: String?

  /// The recordings at `paths`, in their order. A folder stands for the recordings in it and its folders, by name: files
  /// that begin as recordings do, and those with extensions of recordings; what cannot be read is there with the reason. A path that does not
  /// exist may be a pattern (`*`, `?`, `[…]`); anything else is taken as it is.
  ///
  /// - Parameters:
  ///   - raw: what recordings without headers are, which go by other extensions; `nil` for recordings with headers.
  ///   - wanted: whether a file of a folder is taken, by its path; those named one by one always are.
  ///   - leftOut: counts the files of folders that are not taken.
  static func all(
    at paths: [String], raw: RawFormat?, where wants: (String) -> Bool, leftOut: inout LeftOut
  ) -> [Recording] {
    var scan = FolderScan(raw: raw)
    var recordings: [Recording] = []
    for path in paths {
      if path == "-" {
        recordings.append(Recording(path: path))
        continue
      }
      let matches = !exists(path) && path.contains(where: { "*?[".contains($0) }) ? namesMatching(path) : []
      // Where nothing is there, the decoder says what is wrong with it.
      for path in matches.isEmpty ? [path] : matches {
        recordings += isFolder(path) ? scan.recordings(in: path, where: wants) : [Recording(path: path, size: size(of: path))]
      }
    }
    leftOut = scan.leftOut
    var seen: Set<FileIdentity> = []
    return recordings.filter { recording in
      FileIdentity(recording.path).map { seen.insert($0).inserted } ?? true
    }
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path.cPath, &status) == 0
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path.cPath, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Bytes of a file, 0 where there is none; `nil` of what is no file.
  static func size(of path: String) -> Int64? {
    var status = stat()
    guard stat(path.cPath, &status) == 0 else { return 0 }
    return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
  }

  private static func namesMatching(_ pattern: String) -> [String] {
    var matches = glob_t()
    defer { globfree(&matches) }
    guard glob(pattern.cPath, 0, nil, &matches) == 0 else { return [] }
    return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cPath: $0) } }
  }
}
