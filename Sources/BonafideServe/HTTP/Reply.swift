import BonafideReport
import NIOHTTP1

/// What a request is answered.
enum Reply: Sendable {
  case text(HTTPResponseStatus, type: String, String, headers: [(String, String)] = [])
  /// Server-sent events of a call, or of all.
  case events(Call?)

  static func json(_ status: HTTPResponseStatus, _ value: JSON) -> Reply { .text(status, type: "application/json", value.text + "\n") }

  /// An error, as RFC 9457 has it.
  ///
  /// - Parameter detail: what is wrong, and what to do, in one line.
  static func failure(_ status: HTTPResponseStatus, _ detail: String, headers: [(String, String)] = []) -> Reply {
    let problem = JSON.object([
      ("type", .string("about:blank")), ("title", .string(status.reasonPhrase)), ("status", .integer(Int(status.code))), ("detail", .string(detail)),
    ])
    return .text(status, type: "application/problem+json", problem.text + "\n", headers: headers)
  }
}
