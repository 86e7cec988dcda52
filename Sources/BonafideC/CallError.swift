import Bonafide
import CBonafide

/// Why a call fails: what it returns, and what `bonafide_message` says.
struct CallError: Error {
  let status: bonafide_status
  /// What is wrong and what to do, in one line.
  let message: String

  static func nullPointer(_ name: String) -> CallError {
    CallError(status: BONAFIDE_NULL_POINTER, message: "\(name) is NULL, and must not be")
  }

  static func badArgument(_ message: String) -> CallError {
    CallError(status: BONAFIDE_BAD_ARGUMENT, message: message)
  }

  init(status: bonafide_status, message: String) {
    self.status = status
    self.message = message
  }

  init(_ error: ScreeningError) {
    switch error {
    case .unsupportedRate: status = BONAFIDE_BAD_RATE
    case .finished: status = BONAFIDE_FINISHED
    case .badCount, .badOption: status = BONAFIDE_BAD_ARGUMENT
    case .cancelled: status = BONAFIDE_CANCELLED
    case .audio, .features: status = BONAFIDE_FAILED
    }
    message =
      error == .finished ? "the stream has been finished: reset it before more samples, or create another" : error.message
  }

  /// The value of `body`, with its error as the error of a call.
  static func wrapping<Value: ~Copyable>(_ body: () throws(ScreeningError) -> Value) throws(CallError) -> Value {
    do { return try body() } catch { throw CallError(error) }
  }
}

/// Runs the body of a call; keeps the message where it fails.
func attempt(_ body: () throws(CallError) -> Void) -> bonafide_status {
  do throws(CallError) {
    try body()
    return BONAFIDE_OK
  } catch {
    bonafide_keep_message(error.message)
    return error.status
  }
}

/// The value of `body`; tells the log where it fails.
func telling<Value: ~Copyable>(_ log: Log?, _ body: () throws(CallError) -> Value) throws(CallError) -> Value {
  do throws(CallError) {
    return try body()
  } catch {
    log?.write(BONAFIDE_LEVEL_ERROR, error.message)
    throw error
  }
}

/// - Parameter name: what the header calls the pointer.
func required<Pointee>(
  _ pointer: UnsafeMutablePointer<Pointee>?, _ name: String
) throws(CallError) -> UnsafeMutablePointer<Pointee> {
  guard let pointer else { throw .nullPointer(name) }
  return pointer
}
