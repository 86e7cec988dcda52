import BonafideAudio
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
  ///   - raw: whether recordings are headerless, which go by other extensions.
  ///   - wanted: whether a file of a folder is taken, by its path; those named one by one always are.
  ///   - passedOver: gets the first file in a folder that is left out and has the name of a headerless recording, if any.
  static func all(
    at paths: [String], raw: Bool, where wants: (String) -> Bool, passedOver: inout String?
  ) -> [Recording] {
    var wanted = Wanted(extensions: raw ? rawExtensions : audioExtensions, byContent: !raw)
    var recordings: [Recording] = []
    for path in paths {
      if path == "-" {
        recordings.append(Recording(path: path))
        continue
      }
      let matches = !exists(path) && path.contains(where: { "*?[".contains($0) }) ? namesMatching(path) : []
      // Where nothing is there, the decoder says what is wrong with it.
      for path in matches.isEmpty ? [path] : matches { recordings += found(at: path, &wanted, where: wants) }
    }
    passedOver = wanted.passedOver
    var seen: Set<FileIdentity> = []
    return recordings.filter { recording in
      FileIdentity(recording.path).map { seen.insert($0).inserted } ?? true
    }
  }

  /// What is a recording in a folder.
  private struct Wanted {
    var extensions: Set<String>
    /// Whether the content of other files is looked at.
    var byContent: Bool
    /// The first file that is none, but has the name of a headerless one.
    var passedOver: String?

    mutating func has(_ name: String, at path: String) -> Bool {
      if hasExtension(name, of: extensions) { return true }
      if byContent, AudioFormat.isRecognised(path: path) || MediaSignature.begins(fileAt: path) { return true }
      if passedOver == nil, hasExtension(name, of: rawExtensions) { passedOver = path }
      return false
    }
  }

  /// Extensions by which recordings in folders are known, in lower case.
  static let audioExtensions: Set<String> = [
    "3g2", "3gp", "3gpp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "awb", "caf", "dts",
    "eac3", "flac", "flv", "g722", "g723", "g729", "gsm", "m2ts", "m4a", "m4b", "m4r", "m4v", "mka", "mkv", "mov", "mp2", "mp3",
    "mp4", "mpc", "mpeg", "mpg", "mts", "mxf", "oga", "ogg", "ogv", "opus", "qcp", "rf64", "shn", "snd", "sph", "spx", "tak",
    "ts", "tta", "voc", "w64", "wav", "wav49", "wave", "webm", "wma", "wmv", "wv",
  ]

  /// The same for headerless recordings.
  static let rawExtensions: Set<String> = [
    "al", "alaw", "g711", "g711a", "g711u", "pcm", "pcma", "pcmu", "raw", "s16", "s16le", "sln", "sw", "ul", "ulaw",
    "sln16", "vox",
  ]

  private static let notUTF8 = "its name is not UTF-8; rename it to have it screened"

  private static func found(
    at path: String, _ wanted: inout Wanted, where wants: (String) -> Bool
  ) -> [Recording] {
    guard isFolder(path) else {
      if path.unicodeScalars.contains("\u{FFFD}"), !exists(path) { return [Recording(path: path, problem: notUTF8)] }
      return [Recording(path: path, size: size(of: path))]
    }
    var recordings: [Recording] = []
    walk(path, &wanted, into: &recordings)
    recordings.removeAll { $0.problem == nil && !wants($0.path) }
    if recordings.isEmpty {
      let problem = "no recordings in this folder; name files one by one to have them tried"
      return [Recording(path: path, problem: problem)]
    }
    return recordings
  }

  /// Adds what is in a folder. Hidden files are left out, and so are folders behind symbolic links, which may lead
  /// round in circles.
  private static func walk(_ folder: String, _ wanted: inout Wanted, into recordings: inout [Recording]) {
    guard let stream = opendir(folder) else {
      recordings.append(Recording(path: folder, problem: "folder cannot be read: \(systemMessage(errno))"))
      return
    }
    var names: [String] = []
    while let entry = readdir(stream) {
      withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { bytes in
          if let name = String(validatingCString: bytes) {
            if !name.hasPrefix(".") { names.append(name) }
          } else {
            let repaired = String(cString: bytes)
            if hasExtension(repaired, of: wanted.extensions) {
              recordings.append(Recording(path: join(folder, repaired), problem: notUTF8))
            }
          }
        }
      }
    }
    closedir(stream)

    for name in names.sorted() {
      let path = join(folder, name)
      switch kind(of: path) {
      case .folder: walk(path, &wanted, into: &recordings)
      case .unknown(let error): recordings.append(Recording(path: path, problem: "cannot be looked at: \(systemMessage(error))"))
      case .file where wanted.has(name, at: path):
        recordings.append(Recording(path: path, size: size(of: path)))
      default: break
      }
    }
  }

  private enum Kind {
    case folder, file, other
    /// Why it is not known, such as for want of the right to search the folder.
    case unknown(Int32)
  }

  /// What is at a path. A link is a file, unless it leads to something that is none; one that leads nowhere is a file
  /// that cannot be read.
  private static func kind(of path: String) -> Kind {
    var status = stat()
    guard lstat(path, &status) == 0 else { return .unknown(errno) }
    if status.st_mode & S_IFMT == S_IFDIR { return .folder }
    if status.st_mode & S_IFMT == S_IFLNK, stat(path, &status) != 0 { return .file }
    return status.st_mode & S_IFMT == S_IFREG ? .file : .other
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func size(of path: String) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0 else { return 0 }
    return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
  }

  private static func hasExtension(_ name: String, of extensions: Set<String>) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  private static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  private static func namesMatching(_ pattern: String) -> [String] {
    var matches = glob_t()
    defer { globfree(&matches) }
    guard glob(pattern, 0, nil, &matches) == 0 else { return [] }
    return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
  }
}
