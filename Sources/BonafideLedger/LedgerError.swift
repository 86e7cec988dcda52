import BonafideAudio
import FoundationEssentials
import GRDB

/// Why a ledger could not be opened, read or written, in one line. Nothing of it was overwritten.
public struct LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Code: Sendable, Equatable {
    /// There is no file of that name.
    case missing
    /// The file is something else.
    case noLedger
    /// A newer version of the program has made it.
    case tooNew
    /// Its content is damaged.
    case corrupt
    /// It, or the folder that it is in, may not be written.
    case readOnly
    /// There is no room on the disk.
    case full
    /// Another process has kept it locked for a minute.
    case busy
    /// Anything else.
    case failed
  }

  /// What kind of failure it is.
  public let code: Code
  /// The ledger.
  public let path: String
  /// What is wrong and what to do.
  public let message: String

  /// The path and what is wrong with it.
  public var description: String { "\(path): \(message)" }

  init(_ code: Code, _ path: String, _ message: String) {
    self.code = code
    self.path = path.readablePath
    self.message = message
  }

  /// An error of SQLite, or of what stands above it.
  init(_ error: any Error, path: String) {
    if let error = error as? LedgerError {
      if error.path.isEmpty { self.init(error.code, path, error.message) } else { self = error }
      return
    }
    if let detail = Self.damage(error) {
      self.init(.corrupt, path, "is damaged (\(detail)), and is left as it is; \(Self.wayOut)")
      return
    }
    guard let error = error as? DatabaseError else {
      self.init(.failed, path, "\(error)")
      return
    }
    let detail = error.message ?? "SQLite's code \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_NOTADB: self.init(.noLedger, path, "is no ledger, and is left as it is; name another file")
    case .SQLITE_FULL: self.init(.full, path, "there is no room left on its disk; make room and begin again: what is in it stays done")
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      self.init(.readOnly, path, "cannot be written (\(detail)); it and its folder must be writable")
    case .SQLITE_CANTOPEN: self.init(.readOnly, path, "cannot be opened (\(detail)); its folder must be there and be writable")
    case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.busy, path, "another process keeps it locked; end that, and begin again")
    case .SQLITE_IOERR: self.init(.failed, path, "cannot be read or written (\(detail)); what is in it stays done")
    default: self.init(.failed, path, detail)
    }
  }

  /// What one who has a damaged ledger can do.
  public static let wayOut = "take a copy of it from a backup, or begin another ledger"

  /// Whether an error is of the ledger, and not of what is done with its rows.
  static func isOfLedger(_ error: any Error) -> Bool { error is DatabaseError || error is LedgerError || damage(error) != nil }

  /// What is wrong with the content of a ledger; `nil` where the error says nothing of that.
  private static func damage(_ error: any Error) -> String? {
    switch error {
    case let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT: error.message ?? "SQLite's code \(error.extendedResultCode.rawValue)"
    // Tables and columns that the program asks for are there, or somebody has changed them.
    case let error as DatabaseError where error.resultCode == .SQLITE_ERROR || error.resultCode == .SQLITE_MISMATCH:
      error.message ?? "it lacks tables"
    case is RowDecodingError, is DecodingError: "a value in it is none that a ledger has"
    default: nil
    }
  }
}
