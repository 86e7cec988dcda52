import Bonafide
import CReportPage

/// What a page says of the scan beside its results.
public struct PageInfo: Sendable {
  /// When the scan began, to read; `nil` for a page that does not say.
  public var created: String?
  /// Options of the command line that move results, with their values.
  public var options: [(name: String, value: String)] = []
  /// Where verdicts change, by the name of the model that judges.
  public var points: [(model: String, alarm: Double, clear: Double)] = []
  /// Whether these are those that the models' error rates are of.
  public var hasOwnPoints = true
  /// Error rates of the models, as their cards have them: the `metrics` by the name of the card.
  public var metrics: [(card: String, values: [String: JSONValue])] = []

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
  private let filesLeftOut: LeftOut
  private var tally = Tally()
  private var leftOut = 0

  /// - Parameters:
  ///   - prior: share of synthetic parties that probabilities follow from.
  ///   - info: what it says of the scan.
  ///   - leftOut: what folders have besides.
  public init(
    engine: EngineInfo, prior: Double = ScanOptions().prior, info: PageInfo = PageInfo(), leftOut: LeftOut = LeftOut()
  ) {
    self.engine = engine
    self.prior = prior
    self.info = info
    filesLeftOut = leftOut
  }

  public var opening: String {
    let (style, script) = (PageText.style, PageText.script)
    let policy =
      "default-src 'none'; style-src '\(style.source)'; script-src '\(script.source)'; img-src data:; "
      // Audio that is in the page, or beside it.
      + "media-src blob: 'self' file:; "
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

  public mutating func entry(for result: FileResult) -> String { entry(for: result, exhibit: nil) }

  public mutating func entry(for result: FileResult, exhibit: Exhibit?) -> String {
    tally.count(result)
    let marks: [(String, JSON)] = [("sha256", JSON(exhibit?.sha256)), ("link", JSON(exhibit?.link))]
    return line(.object(members(of: result) + (exhibit == nil ? [] : marks))) + details(of: result, exhibit)
  }

  /// What a call's view shows, in lines of their own, which the script reads when they are needed: drawings, and audio.
  private func details(of result: FileResult, _ exhibit: Exhibit?) -> String {
    let clips = (exhibit?.clips ?? []).map { clip in
      JSON.object([
        ("start_s", .number(clip.start, places: 3)), ("end_s", .number(clip.end, places: 3)),
        ("channels", .array(clip.channels.map { .integer($0) })), ("opus", .string(base64(clip.opus))),
      ])
    }
    let traces = result.parties.map { party in party.sameAs == nil ? party.trace.map { JSON($0) } ?? .null : .null }
    let hasTraces = result.parties.contains { $0.trace != nil }
    return (hasTraces ? line(.object([("traces", .array(traces))])) : "") + (clips.isEmpty ? "" : line(.object([("clips", .array(clips))])))
  }

  public mutating func leaveOut(_ result: FileResult) {
    tally.count(result)
    leftOut += 1
  }

  public var closing: String {
    line(.object([("end", .object([("files", .integer(tally.files)), ("left_out", .integer(leftOut))]))])) + "</script>\n</body>\n</html>\n"
  }

  private var about: JSON {
    let points = info.points.map { point in
      (point.model, JSON.object([("alarm", .number(point.alarm, places: 3)), ("clear", .number(point.clear, places: 3))]))
    }
    return .object([
      ("report", .integer(1)), ("created", JSON(info.created)), ("engine", JSON(engine)), ("prior", .number(prior, places: 6)),
      ("options", .array(info.options.map { .array([.string($0.name), .string($0.value)]) })), ("points", .object(points)),
      ("left_out", JSON(filesLeftOut.line)),
      ("own_points", .integer(info.hasOwnPoints ? 1 : 0)),
      ("metrics", .object(info.metrics.map { ($0.card, JSON(JSONValue.object($0.values))) })),
    ])
  }

  /// A line of data. A script element ends at what looks like its end, whatever it is part of, so that no `<` is left.
  private func line(_ value: JSON) -> String {
    let text = value.text
    // By bytes: the audio of a call is half a million characters.
    return (text.utf8.contains(UInt8(ascii: "<")) ? text.replacing("<", with: "\\u003c") : text) + "\n"
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
  return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
    var place = 0
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let (second, third) = (start + 1 < bytes.count, start + 2 < bytes.count)
      let bits = UInt32(bytes[start]) << 16 | (second ? UInt32(bytes[start + 1]) << 8 : 0) | (third ? UInt32(bytes[start + 2]) : 0)
      text[place] = alphabet[Int(bits >> 18)]
      text[place + 1] = alphabet[Int(bits >> 12 & 63)]
      text[place + 2] = second ? alphabet[Int(bits >> 6 & 63)] : UInt8(ascii: "=")
      text[place + 3] = third ? alphabet[Int(bits & 63)] : UInt8(ascii: "=")
      place += 4
    }
    return place
  }
}
