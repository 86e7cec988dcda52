import CBonafide

/// Where a host wants lines to go.
///
/// Unchecked: the header asks the host for a function that may be called on several threads.
struct Log: @unchecked Sendable {
  private let function: bonafide_log
  private let context: UnsafeMutableRawPointer?

  init?(_ options: bonafide_options) {
    guard let function = options.log else { return nil }
    self.function = function
    context = options.log_context
  }

  func write(_ level: bonafide_level, _ line: String) {
    bonafide_call_log(function, context, level, line)
  }
}
