import BonafideReport
import NIOHTTP1

/// Which request is answered with what.
struct Routes {
  let calls: Calls
  let scans: Scans
  let gate: Gate
  let connections: ConnectionCount

  /// A telephone system's way of speaking, by the path at which it is spoken.
  enum Stream: String {
    case twilio = "/twilio"
    case audioHook = "/audiohook"
    case audioFork = "/audio-fork"

    var adapter: String { String(rawValue.dropFirst()) }

    /// - Parameter uri: as requested, with its query.
    func parser(_ uri: String) throws(WireError) -> any WebSocketParser {
      switch self {
      case .twilio: MediaStreamParser()
      case .audioHook: AudioHookParser()
      case .audioFork: try AudioForkParser(uri: uri)
      }
    }
  }

  /// The path of a request, without its query.
  static func path(of head: HTTPRequestHead) -> Substring { head.uri.prefix { $0 != "?" } }

  /// Why a WebSocket is not opened; `nil` where it is.
  func refusal(ofStream head: HTTPRequestHead) -> Reply? {
    let path = Self.path(of: head)
    guard let stream = Stream(rawValue: String(path)) else { return .failure(.notFound, "no stream is taken at \(path)") }
    let isAdmitted =
      switch stream {
      case .twilio: gate.admitsMediaStream(head)
      case .audioHook: gate.admitsAudioHook(head)
      case .audioFork: gate.admits(head)
      }
    guard isAdmitted else { return unauthorized }
    do throws(WireError) { _ = try stream.parser(head.uri) } catch { return .failure(.badRequest, error.description) }
    guard let refusal = calls.refusal else { return nil }
    return .failure(.serviceUnavailable, "no more calls are taken: \(refusal.rawValue)", headers: [("Retry-After", "5")])
  }

  var unauthorized: Reply {
    .failure(.unauthorized, "a token or a signature is needed", headers: [("WWW-Authenticate", "Basic realm=\"bonafide\", charset=\"UTF-8\"")])
  }

  /// What a request is answered.
  func reply(to head: HTTPRequestHead) -> Reply {
    let path = Self.path(of: head)
    if path == Self.scan { return .failure(.methodNotAllowed, "\(path) takes POST, with a recording as body", headers: [("Allow", "POST")]) }
    guard head.method == .GET || head.method == .HEAD else { return .failure(.methodNotAllowed, "\(path) takes GET", headers: [("Allow", "GET, HEAD")]) }
    if Stream(rawValue: String(path)) != nil {
      if let refusal = refusal(ofStream: head) {
        // Who is not let in, or speaks wrongly, is no call that was refused.
        if case .text(.serviceUnavailable, _, _, _) = refusal, let reason = calls.refusal { calls.countRefused(reason) }
        return refusal
      }
      return .failure(.upgradeRequired, "\(path) is a WebSocket", headers: [("Upgrade", "websocket")])
    }
    switch path {
    case "/openapi.json": return .text(.ok, type: "application/json", Self.openAPI)
    case "/healthz": return .text(.ok, type: "text/plain; charset=utf-8", "ok\n")
    case "/readyz":
      guard let refusal = calls.refusal else { return .text(.ok, type: "text/plain; charset=utf-8", "ready\n") }
      return .text(.serviceUnavailable, type: "text/plain; charset=utf-8", "\(refusal.rawValue)\n")
    default: break
    }
    guard gate.admits(head) else { return unauthorized }
    switch path {
    case "/":
      return .text(
        .ok, type: "text/html; charset=utf-8", CallsPage.html,
        headers: [
          ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
        ])
    case "/metrics": return .text(.ok, type: "text/plain; version=0.0.4; charset=utf-8", Metrics.text(calls, scans: scans, connections: connections))
    case "/v1/calls": return .json(.ok, .object([("calls", .array(calls.all.map(\.summary)))]))
    case "/v1/events": return .events(nil)
    default: return reply(toCall: path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { $0 }, path)
    }
  }

  private func reply(toCall parts: [Substring], _ path: Substring) -> Reply {
    guard (3...4).contains(parts.count), parts[0] == "v1", parts[1] == "calls", parts.count == 3 || parts[3] == "events" else {
      return .failure(.notFound, "nothing is at \(path)")
    }
    guard let call = calls[String(parts[2])] else { return .failure(.notFound, "no call \(parts[2]) is under way") }
    return parts.count == 3 ? .json(.ok, call.summary) : .events(call)
  }
}
