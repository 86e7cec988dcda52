import BonafideAudio
import Glibc

/// What the file system says of a recording, by which it is known again without being read.
public struct FileMark: Sendable, Equatable {
  /// Bytes.
  public let size: Int64
  /// When the content was last written, in nanoseconds since 1970.
  public let modified: Int64
  /// When anything of the file was last changed, in nanoseconds since 1970: no program can set it.
  private let changed: Int64
  private let device: UInt
  private let inode: UInt

  /// The mark of a regular file; `nil` of what is none, or is not there.
  public init?(path: String) {
    var status = stat()
    guard stat(path.cPath, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    size = Int64(status.st_size)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }

  /// Time that must lie between the last change of a file and the look at it for its times to tell a later change: clocks of
  /// file systems go on in steps, of up to two seconds.
  private static let leastAge = Duration.seconds(2)

  /// `modified`, if a later change of the file would move it; `nil` where the file was changed just now, or has a time to come.
  var settled: Int64? { age >= Self.leastAge ? modified : nil }

  /// Since when nothing of the file was changed; negative where its time is to come.
  public var age: Duration {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return .nanoseconds(Self.nanoseconds(now) - max(modified, changed))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    // Times that a broken file system makes up may be any number.
    Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int64(time.tv_nsec)
  }
}

/// The path from the root by which a ledger knows a file or folder, without links in it; `nil` where there is none.
public func wholePath(_ path: String) -> String? {
  guard let resolved = realpath(path.cPath, nil) else { return nil }
  defer { free(resolved) }
  return String(cPath: resolved)
}
