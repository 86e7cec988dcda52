import Bonafide
import CReportPage

/// What a page says of the scan beside its results.
public struct PageInfo: Sendable, Equatable {
  /// When the scan began, to read; `nil` for a page that does not say.
  public var created: String?

  public init(created: String? = nil) {
    self.created = created
  }
}

/// A page in one file to see and decide calls in: a list of all parties, and a view of each call.
///
/// The page is a style sheet, a script and then data, a line of JSON for each recording, so that it is written as recordings are
/// done, and is a page of those done where it ends too early. Its policy forbids it any network, and any other script.
public struct HTMLReport: ReportWriter {
  private let engine: EngineInfo
  private let prior: Double
  private let info: PageInfo
  private var tally = Tally()
  private var leftOut = 0

  /// - Parameter prior: share of synthetic parties that probabilities follow from.
  public init(engine: EngineInfo, prior: Double = ScanOptions().prior, info: PageInfo = PageInfo()) {
    self.engine = engine
    self.prior = prior
    self.info = info
  }

  public var opening: String {
    let (style, script) = (PageText.style, PageText.script)
    let policy = "default-src 'none'; style-src '\(style.source)'; script-src '\(script.source)'; img-src data:; "
      + "base-uri 'none'; form-action 'none'"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <title>bonafide</title>
      <link rel="icon" href="data:,">
      <style>\(style.text)</style>
      <script>\(script.text)</script>
      </head>
      <body>
      <main class="report">
      <p>This page needs JavaScript, which is in it; nothing is fetched.</p>
      </main>
      <script type="application/jsonl" id="data">
      \(line(about))
      """
  }

  public mutating func entry(for result: FileResult) -> String {
    tally.count(result)
    return line(.object(members(of: result)))
  }

  public mutating func leaveOut(_ result: FileResult) {
    tally.count(result)
    leftOut += 1
  }

  public var closing: String {
    line(.object([("end", .object([("files", .integer(tally.files)), ("left_out", .integer(leftOut))]))])) + "</script>\n</body>\n</html>\n"
  }

  private var about: JSON {
    .object([
      ("report", .integer(1)), ("created", JSON(info.created)), ("engine", JSON(engine)), ("prior", .number(prior, places: 6)),
    ])
  }

  /// A line of data. A script element ends at what looks like its end, whatever it is part of, so that no `<` is left.
  private func line(_ value: JSON) -> String {
    value.text.replacing("<", with: "\\u003c") + "\n"
  }
}

/// A text of the package's `page` folder.
struct PageText {
  let text: String

  static let style = PageText(bonafide_page_style())
  static let script = PageText(bonafide_page_script())

  private init(_ embedded: bonafide_page_text) {
    text = String(decoding: UnsafeBufferPointer(start: embedded.bytes, count: embedded.size), as: UTF8.self)
  }

  /// How a content security policy names it: by its hash.
  var source: String {
    var hash = SHA256()
    hash.update(text.utf8)
    return "sha256-" + base64(hash.digest())
  }
}

/// Base64 with padding (RFC 4648).
func base64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  text.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = (0..<3).map { start + $0 < bytes.count ? UInt32(bytes[start + $0]) : 0 }
    let bits = group[0] << 16 | group[1] << 8 | group[2]
    for index in 0..<4 {
      text.append(start + index <= bytes.count ? alphabet[Int(bits >> UInt32(18 - 6 * index)) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
