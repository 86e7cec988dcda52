import BonafideAudio
import BonafideReport
import Glibc

/// Finds the recordings of folders, and counts what is none.
struct FolderScan {
  /// Files that were not taken.
  private(set) var leftOut = LeftOut()
  private let raw: RawFormat?

  /// - Parameter raw: what recordings without headers are; `nil` for recordings with headers.
  init(raw: RawFormat?) {
    self.raw = raw
  }

  /// Extensions by which recordings are known, in lower case.
  static let audioExtensions: Set<String> = [
    "3g2", "3gp", "3gpp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "awb", "caf", "dts",
    "eac3", "flac", "flv", "g722", "g723", "g729", "gsm", "m2ts", "m4a", "m4b", "m4r", "m4v", "mka", "mkv", "mov", "mp2", "mp3",
    "mp4", "mpc", "mpeg", "mpg", "mts", "mxf", "oga", "ogg", "ogv", "opus", "qcp", "rf64", "shn", "snd", "sph", "spx", "tak",
    "ts", "tta", "voc", "w64", "wav", "wav49", "wave", "webm", "wma", "wmv", "wv",
  ]

  /// Extensions of headerless recordings, and what `--raw` is to be given; `nil` where the extension does not tell.
  static let rawExtensions: [String: String?] = [
    "al": "alaw:8000", "alaw": "alaw:8000", "g711": nil, "g711a": "alaw:8000", "g711u": "ulaw:8000", "ima": "ima:8000",
    "mulaw": "ulaw:8000", "pcm": nil, "pcma": "alaw:8000", "pcmu": "ulaw:8000", "raw": nil, "s16": nil, "s16le": nil,
    "sln": "s16le:8000", "sln12": "s16le:12000", "sln16": "s16le:16000", "sln24": "s16le:24000", "sln32": "s16le:32000",
    "sln44": "s16le:44100", "sln48": "s16le:48000", "sln96": "s16le:96000", "sln192": "s16le:192000", "slin": "s16le:8000",
    "sw": nil, "ul": "ulaw:8000", "ulaw": "ulaw:8000", "vox": "vox:8000",
  ]

  /// The recordings in a folder and its folders, by name; one that says why where there are none.
  ///
  /// - Parameter wants: whether a file is taken, by its path.
  mutating func recordings(in folder: String, where wants: (String) -> Bool) -> [Recording] {
    var recordings: [Recording] = []
    walk(folder, wants, into: &recordings)
    if recordings.isEmpty {
      recordings = [Recording(path: folder, problem: "no recordings in this folder; name files one by one to have them tried")]
    }
    return recordings
  }

  /// Adds what is in a folder. Hidden files are left out, and so are folders behind symbolic links, which may lead
  /// round in circles.
  private mutating func walk(_ folder: String, _ wants: (String) -> Bool, into recordings: inout [Recording]) {
    guard let stream = opendir(folder.cPath) else {
      recordings.append(Recording(path: folder, problem: "folder cannot be read: \(systemMessage(errno))"))
      return
    }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cPath: $0) }
      }
      if !name.hasPrefix(".") {
        names.append(name)
      } else if name != ".", name != ".." {
        leftOut.count(.hidden)
      }
    }
    closedir(stream)

    for name in names.sorted() {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      switch Self.kind(of: path) {
      case .folder: walk(path, wants, into: &recordings)
      case .unknown(let error): recordings.append(Recording(path: path, problem: "cannot be looked at: \(systemMessage(error))"))
      case .linkedFolder: leftOut.count(.linkedFolder)
      case .other: leftOut.count(.special)
      case .file where !wants(path): leftOut.count(.excluded)
      case .file:
        if let reason = reason(toLeaveOut: name, at: path) {
          leftOut.count(reason)
        } else {
          recordings.append(Recording(path: path, size: Recording.size(of: path)))
        }
      }
    }
  }

  /// Whether a file is taken for a recording, by its name or its content.
  func takes(_ name: String, at path: String) -> Bool { reason(toLeaveOut: name, at: path) == nil }

  /// Why a file is not taken; `nil` where it is.
  private func reason(toLeaveOut name: String, at path: String) -> LeftOut.Kind? {
    let ending = Self.ending(of: name)
    let headerless = ending.flatMap { Self.rawExtensions[$0] }
    if let raw {
      let isTaken = headerless.map { $0.map { Self.fits(raw, $0) } ?? true } ?? (ending == raw.encoding.rawValue)
      if isTaken { return nil }
    } else if ending.map(Self.audioExtensions.contains) ?? false || AudioFormat.isRecognised(path: path)
      || MediaSignature.begins(fileAt: path)
    {
      return nil
    }
    if let headerless, let ending { return .headerless(extension: ending, raw: headerless ?? "ENCODING:RATE") }
    // What is long is no extension.
    return .other(extension: ending.flatMap { $0.utf8.count <= 8 ? $0 : nil })
  }

  /// Whether what `--raw` says can be what an extension says. Telephony's rate is that of an extension that tells none.
  private static func fits(_ raw: RawFormat, _ text: String) -> Bool {
    guard let named = try? RawFormat(parsing: text) else { return false }
    return raw.encoding == named.encoding && (raw.sampleRate == named.sampleRate || named.sampleRate == 8_000)
  }

  /// The extension of a name, in lower case.
  private static func ending(of name: String) -> String? {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name.index(after: dot) != name.endIndex else { return nil }
    return name[name.index(after: dot)...].lowercased()
  }

  private enum Kind {
    case folder, file, linkedFolder, other
    /// Why it is not known, such as for want of the right to search the folder.
    case unknown(Int32)
  }

  /// What is at a path. A link is what it leads to; one that leads nowhere is a file that cannot be read.
  private static func kind(of path: String) -> Kind {
    var status = stat()
    guard lstat(path.cPath, &status) == 0 else { return .unknown(errno) }
    if status.st_mode & S_IFMT == S_IFDIR { return .folder }
    if status.st_mode & S_IFMT == S_IFLNK {
      guard stat(path.cPath, &status) == 0 else { return .file }
      if status.st_mode & S_IFMT == S_IFDIR { return .linkedFolder }
    }
    return status.st_mode & S_IFMT == S_IFREG ? .file : .other
  }
}
