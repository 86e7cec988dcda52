/// Finds files of one list by names from another: protocols, score files and reports name the same recording with and
/// without folder and extension.
struct FileIndex {
  private let paths: [String]
  private var exact: [String: Int] = [:]
  private var byStem: [String: [Int]] = [:]

  init(_ paths: [String]) {
    self.paths = paths
    for (index, path) in paths.enumerated() {
      exact[path] = index
      byStem[Self.stem(of: path), default: []].append(index)
    }
  }

  /// The file of that very name; else the only one whose path ends in it; else the only one where, without extensions,
  /// one path ends in the other: `in/call.wav` is `call`, but not `out/call.wav`. `nil` where there is none, or more than
  /// one.
  func index(of file: String) -> Int? {
    if let index = exact[file] { return index }
    let candidates = byStem[Self.stem(of: file), default: []]
    let ending = candidates.filter { Self.ends(paths[$0], in: file) }
    if ending.count == 1 { return ending[0] }
    guard ending.isEmpty else { return nil }
    let name = Self.withoutExtension(file)
    let related = candidates.filter { index in
      let path = Self.withoutExtension(paths[index])
      return path == name || Self.ends(path, in: name) || Self.ends(name, in: path)
    }
    return related.count == 1 ? related[0] : nil
  }

  /// Whether the last parts of `path` are `ending`.
  private static func ends(_ path: String, in ending: String) -> Bool {
    path.utf8.reversed().starts(with: ("/" + ending).utf8.reversed())
  }

  /// What follows a dot in the last part of a path is an extension if it is short and has a letter: `call.2024` is a name.
  private static func withoutExtension(_ path: String) -> String {
    let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
    guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name else { return path }
    let ending = path[path.utf8.index(after: dot)...]
    return (1...5).contains(ending.utf8.count) && ending.contains(where: \.isLetter) ? String(path[..<dot]) : path
  }

  private static func stem(of path: String) -> String {
    let path = withoutExtension(path)
    return path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? path
  }
}
