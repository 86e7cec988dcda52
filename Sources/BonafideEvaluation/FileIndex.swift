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

  /// The file of that very name; else the one whose path ends in it; else the only one with its name without folder and
  /// extension. `nil` where there is none, or more than one.
  func index(of file: String) -> Int? {
    if let index = exact[file] { return index }
    let candidates = byStem[Self.stem(of: file), default: []]
    let ending = candidates.filter { paths[$0].utf8.reversed().starts(with: ("/" + file).utf8.reversed()) }
    if ending.count == 1 { return ending[0] }
    return ending.isEmpty && candidates.count == 1 ? candidates[0] : nil
  }

  /// The last part of a path without its extension. What follows a dot is an extension if it is short and has a letter:
  /// `call.2024` is a name.
  static func stem(of path: String) -> String {
    let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { Substring($0) } ?? Substring(path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return String(name) }
    let ending = name[name.index(after: dot)...]
    let isExtension = (1...5).contains(ending.utf8.count) && ending.contains { $0.isLetter }
    return String(isExtension ? name[..<dot] : name)
  }
}
