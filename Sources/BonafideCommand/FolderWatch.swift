import BonafideAudio
import BonafideLedger
import BonafideReport
import Glibc

/// Tells which recordings come into folders: those that are there, those that are written and those that are moved in, each when it is complete.
///
/// By inotify, and by looking through the folders now and then, since network mounts tell no events. A file is complete when it has not
/// changed for a while and, where the system tells, nobody has it open for writing.
struct FolderWatch {
  private let folders: [String]
  private let party: PartyOptions
  private let settling: Duration
  private let interval: Duration
  private let inotify: Int32
  /// Folders by the numbers that the system has for them.
  private var watched: [Int32: String] = [:]
  /// Files that are there and are not known to be complete, and since when they are as they are.
  private var pending: [String: (mark: FileMark, since: ContinuousClock.Instant)] = [:]
  /// Files that were complete, as they were.
  private var known: [String: FileMark] = [:]
  private var lastLook: ContinuousClock.Instant?
  /// Folders that are gone, of which somebody was told.
  private var missing: Set<String> = []
  /// What was said of folders that cannot be read, and of which kinds of files that are left out.
  private var told: Set<String> = []
  private var toldKinds: Set<LeftOut.Kind> = [.hidden]

  /// - Parameters:
  ///   - folders: with all folders in them; hidden ones and links are left out.
  ///   - party: says which files are recordings.
  ///   - settling: how long a file must not change.
  ///   - interval: between looks through the folders.
  init(folders: [String], party: PartyOptions, settling: Duration, interval: Duration) throws(RunError) {
    self.folders = folders
    self.party = party
    self.settling = settling
    self.interval = interval
    inotify = inotify_init1(O_CLOEXEC | O_NONBLOCK)
    // One that opens a file for writing while it is looked at breaks a lease, of which this would tell.
    signal(SIGIO, SIG_IGN)
    for folder in folders {
      var status = stat()
      guard stat(folder.cPath, &status) == 0 else { throw RunError(message: "\(folder): \(systemMessage(errno))") }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw RunError(message: "\(folder): is no folder") }
    }
  }

  /// Waits a fifth of a second at most for what happens.
  ///
  /// - Returns: recordings that are complete now, by name.
  mutating func next() -> [String] {
    let now = ContinuousClock.now
    noticeFolders()
    if lastLook.map({ now - $0 >= interval }) ?? true {
      look()
      lastLook = now
    }
    if inotify >= 0 {
      var descriptor = pollfd(fd: inotify, events: Int16(POLLIN), revents: 0)
      if poll(&descriptor, 1, 200) > 0 { readEvents() }
    } else {
      usleep(200_000)
    }
    return takeComplete()
  }

  /// A recording is to be told of once more.
  mutating func lookAgain(at path: String) {
    known[path] = nil
    consider(path)
  }

  /// Says which folders are gone, and which are back; what is in those is looked at at once.
  private mutating func noticeFolders() {
    for folder in folders {
      var status = stat()
      let isThere = stat(folder.cPath, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      guard isThere == missing.contains(folder) else { continue }
      if isThere {
        missing.remove(folder)
        lastLook = nil
        Terminal.say("\(folder): is back")
      } else {
        missing.insert(folder)
        Terminal.say("\(folder): is gone; waits for it to come back")
      }
    }
  }

  /// Looks through all folders.
  private mutating func look() {
    for folder in folders { watch(folder) }
    var leftOut = LeftOut()
    let found = party.recordings(at: folders, leftOut: &leftOut)
    // A folder that is gone has been told of.
    if missing.isEmpty { tell(found.compactMap { recording in recording.problem.map { "\(recording.path): \($0)" } }) }
    tell(leftOut)
    let there = found.filter { $0.problem == nil }.map(\.path)
    for path in there { consider(path) }
    let names = Set(there)
    known = known.filter { names.contains($0.key) }
  }

  /// Says what was not said at the last look.
  private mutating func tell(_ lines: [String]) {
    for line in lines where !told.contains(line) { Terminal.say(line) }
    told = Set(lines)
  }

  /// Says what is left out where there is a new kind of it: recorders put a file of their own beside each recording.
  private mutating func tell(_ leftOut: LeftOut) {
    let kinds = Set(leftOut.counts.map(\.kind))
    if let line = leftOut.line, !kinds.isSubset(of: toldKinds) { Terminal.say(line) }
    toldKinds.formUnion(kinds)
  }

  /// Has the system tell of a folder and of those in it.
  private mutating func watch(_ folder: String) {
    guard inotify >= 0 else { return }
    let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR)
    let number = inotify_add_watch(inotify, folder.cPath, events)
    // Where it tells nothing, the next look does.
    guard number >= 0, watched.updateValue(folder, forKey: number) != folder, let stream = opendir(folder.cPath) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cPath: $0) }
      }
      var status = stat()
      let path = Self.path(of: name, in: folder)
      if !name.hasPrefix("."), lstat(path.cPath, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { watch(path) }
    }
  }

  private mutating func readEvents() {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(inotify, &bytes, bytes.count)
      guard count > 0 else { return }
      var place = 0
      // The number of the folder, what happened, a cookie, the length of the name, the name and zeros: inotify(7).
      while place + 16 <= count {
        let fields = bytes.withUnsafeBytes { bytes in (0..<4).map { bytes.loadUnaligned(fromByteOffset: place + 4 * $0, as: UInt32.self) } }
        let name = bytes[(place + 16)..<min(place + 16 + Int(fields[3]), count)].prefix { $0 != 0 }
        let number = Int32(bitPattern: fields[0])
        take(fields[1], String(pathBytes: name), in: watched[number])
        if fields[1] & UInt32(IN_IGNORED) != 0 { watched[number] = nil }
        place += 16 + Int(fields[3])
      }
    }
  }

  private mutating func take(_ events: UInt32, _ name: String, in folder: String?) {
    // More has happened than the system has kept.
    if events & UInt32(IN_Q_OVERFLOW) != 0 { lastLook = nil }
    guard let folder, !name.isEmpty, !name.hasPrefix(".") else { return }
    let path = Self.path(of: name, in: folder)
    if events & UInt32(IN_ISDIR) == 0 { return consider(path) }
    watch(path)
    var leftOut = LeftOut()
    for recording in party.recordings(at: [path], leftOut: &leftOut) where recording.problem == nil { consider(recording.path) }
  }

  private mutating func consider(_ path: String) {
    guard let mark = FileMark(path: path), known[path] != mark, pending[path]?.mark != mark else { return }
    // What was last changed long ago need not be waited for.
    pending[path] = (mark, .now - max(mark.age, .zero))
  }

  private mutating func takeComplete() -> [String] {
    let now = ContinuousClock.now
    var complete: [String] = []
    for (path, entry) in pending {
      guard let mark = FileMark(path: path) else {
        pending[path] = nil
        continue
      }
      if mark != entry.mark {
        pending[path] = (mark, now)
      } else if now - entry.since >= settling, !Self.isBeingWritten(path) {
        pending[path] = nil
        known[path] = mark
        complete.append(path)
      }
    }
    guard !complete.isEmpty else { return [] }
    // What an event has named may be anything.
    return complete.sorted().filter { path in
      let name = path.split(separator: "/").last.map(String.init) ?? path
      return FolderScan(raw: party.raw).takes(name, at: path)
    }
  }

  private static func path(of name: String, in folder: String) -> String { folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)" }

  /// Whether somebody has a file open for writing, as far as the system tells: it grants a lease for reading only where nobody has.
  private static func isBeingWritten(_ path: String) -> Bool {
    let descriptor = open(path.cPath, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // fcntl(2): F_SETLEASE, which headers have for GNU sources alone.
    let setLease: Int32 = 1024
    if fcntl(descriptor, setLease, Int32(F_RDLCK)) != 0 { return errno == EAGAIN }
    _ = fcntl(descriptor, setLease, Int32(F_UNLCK))
    return false
  }
}
