import COpenAPI
import NIOHTTP1

extension Routes {
  /// Where recordings are taken.
  static let scan = "/v1/scan"

  /// The document of all routes, in OpenAPI 3.1: `docs/openapi.json`.
  static let openAPI: String = {
    let text = bonafide_openapi()
    return String(decoding: UnsafeBufferPointer(start: text.bytes, count: text.size), as: UTF8.self)
  }()

  /// Kinds of bodies that may be recordings; the last is what curl says where it is not told.
  private static let kinds = ["audio/", "video/", "application/octet-stream", "application/ogg", "application/x-www-form-urlencoded"]

  /// What is to be done with a recording, as soon as the head of its request is there; `nil` for other requests, which are answered when
  /// they are whole.
  ///
  /// - Parameter client: its address.
  func reception(of head: HTTPRequestHead, from client: String) -> Result<(ScanRequest, Scans.Ticket), Upload.Refused>? {
    guard Self.path(of: head) == Self.scan, head.method == .POST else { return nil }
    do throws(Upload.Refused) { return .success(try recording(head, from: client)) } catch { return .failure(error) }
  }

  private func recording(_ head: HTTPRequestHead, from client: String) throws(Upload.Refused) -> (ScanRequest, Scans.Ticket) {
    guard gate.admits(head) else { throw Upload.Refused(reply: unauthorized) }
    let request: ScanRequest
    do throws(ScanRequest.Fault) { request = try ScanRequest(uri: head.uri) } catch {
      throw Upload.Refused(reply: .failure(.badRequest, error.message))
    }
    if request.fast == false, calls.screening.detector.second == nil {
      throw Upload.Refused(reply: .failure(.badRequest, "fast=false: this host was started without a second stage"))
    }
    try checkBody(head)
    do throws(Scans.Refusal) { return (request, try scans.ticket(for: client)) } catch { throw Upload.Refused(reply: reply(to: error)) }
  }

  /// Refuses a body that can be no recording.
  private func checkBody(_ head: HTTPRequestHead) throws(Upload.Refused) {
    func refuse(_ detail: String) -> Upload.Refused {
      Upload.Refused(reply: .failure(.unsupportedMediaType, detail, headers: [("Accept-Post", "audio/*, video/*, application/octet-stream, application/ogg")]))
    }
    if let kind = head.headers.first(name: "Content-Type")?.lowercased(), !Self.kinds.contains(where: { kind.hasPrefix($0) }) {
      throw refuse("the body is to be the recording itself, as audio/* or application/octet-stream, not \(kind.prefix(100))")
    }
    if head.headers[canonicalForm: "Content-Encoding"].contains(where: { $0.lowercased() != "identity" }) {
      throw refuse("a recording with a Content-Encoding is not taken; send it as it is")
    }
    if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > scans.limits.mostBytes {
      throw Upload.Refused(reply: Upload.tooLarge(scans.limits))
    }
  }

  private func reply(to refusal: Scans.Refusal) -> Reply {
    let wait = [("Retry-After", "5")]
    return switch refusal {
    case .full: .failure(.serviceUnavailable, "\(scans.limits.most) recordings are in work or wait", headers: wait)
    case .share: .failure(.tooManyRequests, "half of the places for recordings are this client's", headers: wait)
    case .late: .failure(.serviceUnavailable, "calls under way have to wait; recordings come after them", headers: wait)
    case .shutdown: Scans.stopping
    }
  }
}
