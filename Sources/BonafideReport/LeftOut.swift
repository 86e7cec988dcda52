/// Files of folders that were not screened, counted by kind.
public struct LeftOut: Sendable, Equatable {
  /// Why a file is left out.
  public enum Kind: Sendable, Hashable {
    /// Its content begins as no recording does, and no recording has its extension, which is in lower case, if it has one.
    case other(extension: String?)
    /// It has no header by its extension: it takes `--raw`, such as `vox:8000`.
    case headerless(extension: String, raw: String)
    /// Its name begins with a dot, as that of a folder may.
    case hidden
    /// A symbolic link to a folder.
    case linkedFolder
    /// A pipe, a socket or a device.
    case special
    /// A pattern of the command line leaves it out.
    case excluded
    /// Of more kinds than are told apart.
    case further
  }

  private var numbers: [Kind: Int] = [:]

  /// Most kinds that are told apart; names such as `call.20240131` could make any number of them.
  private static let mostKinds = 20

  public init() {}

  /// Counts a file.
  public mutating func count(_ kind: Kind) {
    let isKnown = numbers[kind] != nil || numbers.count < Self.mostKinds
    numbers[isKnown ? kind : .further, default: 0] += 1
  }

  /// Kinds and how many files are of each: those that `--raw` reads first, then the most numerous.
  public var counts: [(kind: Kind, count: Int)] {
    numbers.map { (kind: $0.key, count: $0.value) }
      .sorted { ($0.kind.rank, -$0.count, $0.kind.name) < ($1.kind.rank, -$1.count, $1.kind.name) }
  }

  /// Whether some are recordings by their names.
  public var hasHeaderless: Bool { numbers.keys.contains { $0.raw != nil } }

  /// All in one line, such as `left out: 3 × .vox, which take --raw vox:8000; 2 × .txt`; `nil` where there is nothing to say.
  public var line: String? {
    numbers.isEmpty ? nil : "left out: " + counts.map { "\($0.count) \($0.kind.phrase(isOne: $0.count == 1))" }.joined(separator: "; ")
  }
}

extension LeftOut.Kind {
  /// What reports call it: the extension with its dot, or words.
  var name: String {
    switch self {
    case .other(let name?), .headerless(let name, _): ".\(name)"
    case .other(nil): "no extension"
    case .hidden: "hidden"
    case .linkedFolder: "linked folder"
    case .special: "no file"
    case .excluded: "excluded"
    case .further: "further"
    }
  }

  /// What `--raw` is to be given; `nil` where it does not help.
  var raw: String? {
    if case .headerless(_, let raw) = self { return raw }
    return nil
  }

  fileprivate var rank: Int {
    switch self {
    case .headerless: 0
    case .other: 1
    default: 2
    }
  }

  fileprivate func phrase(isOne: Bool) -> String {
    switch self {
    case .headerless(_, let raw): "× \(name), which \(isOne ? "takes" : "take") --raw \(raw)"
    case .other(extension: .some): "× \(name)"
    case .other(nil): "without an extension"
    case .hidden: "hidden"
    case .linkedFolder: isOne ? "linked folder" : "linked folders"
    case .special: isOne ? "that is no file" : "that are no files"
    case .excluded: "by --include and --exclude"
    case .further: "of other kinds"
    }
  }
}

extension JSON {
  init(_ leftOut: LeftOut) {
    self = .array(
      leftOut.counts.map { kind, count in
        .object([("kind", .string(kind.name)), ("count", .integer(count)), ("raw", JSON(kind.raw))])
      })
  }
}
