import Bonafide
import Foundation
import Testing

@testable import BonafideReport

@Suite struct ReportTests {
  static let variants: [(name: String, format: ReportFormat, style: TextStyle)] = [
    ("text.txt", .text, TextStyle()),
    ("text-color.txt", .text, TextStyle(color: true, width: 80)),
    ("report.json", .json, TextStyle()),
    ("report.jsonl", .jsonl, TextStyle()),
    ("report.csv", .csv, TextStyle()),
    ("report.rttm", .rttm, TextStyle()),
    ("labels.txt", .audacity, TextStyle()),
    ("report.html", .html, TextStyle()),
  ]

  @Test(arguments: variants.indices)
  func snapshot(_ index: Int) throws {
    let (name, format, style) = Self.variants[index]
    let writer = format.writer(
      engine: Results.engine, style: style, fileCount: Results.all.count, page: PageInfo(created: "2026-11-28 12:00 UTC"))
    var report = writer.report(on: Results.all)
    // Style and script are files of their own, with tests of their own.
    for text in [PageText.style, PageText.script] {
      report = report.replacing(text.text, with: "…").replacing(text.source, with: "sha256-…")
    }
    if ProcessInfo.processInfo.environment["BONAFIDE_WRITE_SNAPSHOTS"] != nil {
      let file = packageFolder.appending(path: "Tests/CommandTests/Snapshots/\(name)")
      try Data(report.utf8).write(to: file)
      return
    }
    let folder = try #require(Bundle.module.url(forResource: "Snapshots", withExtension: nil))
    let snapshot = String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    #expect(
      report == snapshot,
      """
      \(name) has changed. If that is right, write it anew, look at the difference, and test again: \
      BONAFIDE_WRITE_SNAPSHOTS=1 swift test --filter CommandTests; git diff Tests/CommandTests/Snapshots
      """)
  }

  @Test func everyFormatHasASnapshot() {
    #expect(Set(Self.variants.map(\.format)) == Set(ReportFormat.allCases))
  }

  @Test(arguments: [Results.all, [], [Results.call], [Results.missing]])
  func jsonFitsItsSchema(_ results: [FileResult]) throws {
    let schema = try JSONSchema.ofReports()
    let document = JSONReport(engine: Results.engine).report(on: results)
    #expect(try schema.faults(in: document) == [])
    #expect(try schema.faults(in: document, as: "document") == [])

    let lines = JSONLinesReport(engine: Results.engine).report(on: results).split(separator: "\n")
    #expect(lines.count == results.count)
    for line in lines { #expect(try schema.faults(in: line, as: "line") == []) }
  }

  @Test func schemaIsOfTheSamePartsForDocumentsAndLines() throws {
    let data = try Data(contentsOf: packageFolder.appending(path: "docs/bonafide.scan-2.schema.json"))
    guard case .object(let schema) = try JSONDecoder().decode(JSONValue.self, from: data),
      case .object(let definitions) = schema["$defs"], case .object(let line) = definitions["line"],
      case .object(var properties) = line["properties"], case .object(let file) = definitions["file"]
    else {
      Issue.record("the schema has no line and file")
      return
    }
    properties["schema"] = nil
    properties["engine"] = nil
    properties["prior"] = nil
    properties["left_out"] = nil
    #expect(file["properties"] == .object(properties))
  }

  @Test func kindsThatAreLeftOutAreFew() {
    var leftOut = LeftOut()
    #expect(leftOut.line == nil && !leftOut.hasHeaderless)
    for number in 0..<30 { leftOut.count(.other(extension: "\(number)")) }
    #expect(leftOut.counts.count == 21 && leftOut.counts.map(\.count).reduce(0, +) == 30)
    #expect(leftOut.line?.hasSuffix("; 10 of other kinds") == true && !leftOut.hasHeaderless)
  }

  @Test func oneRecordingNeedsNoNameInLabels() {
    let labels = ReportFormat.audacity.writer(engine: Results.engine, fileCount: 1).report(on: [Results.call])
    #expect(labels.hasPrefix("1.200000\t8.440000\tcaller: synthetic, LLR -4.1\n"))
  }

  @Test func rttmNamesAreOneWord() {
    var result = Results.call
    result.path = "/x.y/a b\tc.tar.gz"
    let line = "SPEAKER a_b_c.tar 2 1.200 7.240 <NA> <NA> synthetic 0.7605 <NA>\n"
    #expect(RTTMReport().entry(for: result).hasPrefix(line))
    result.path = "-"
    #expect(RTTMReport().entry(for: result).hasPrefix("SPEAKER - 2 "))
    result.path = ".wav"
    #expect(RTTMReport().entry(for: result).hasPrefix("SPEAKER .wav 2 "))
  }

  @Test func csvRowsHaveTheColumnsOfTheHeader() {
    var result = Results.copy
    result.path = "plain"
    result.warnings = []
    let rows = CSVReport().report(on: [result, FileResult(path: "x", error: "no")]).split(separator: "\n")
    #expect(rows.count == 5)
    #expect(Set(rows.map { $0.count { $0 == "," } }) == [23])
  }

  @Test func csvQuotesLineEnds() {
    let report = CSVReport().entry(for: FileResult(path: "a\r\nb\"", error: "no"))
    #expect(Array(report.utf8).starts(with: Array("\"a\r\nb\"\"\",".utf8)))
  }

  /// However short a flag and however narrow the bar, it shows; one outside of the call does no harm.
  @Test(arguments: [0.0, 30, 59.999, 60, 1e9, -5, .infinity, .nan])
  func barsShowShortFlags(_ start: Double) {
    let party = PartyResult(
      channel: 1, verdict: .synthetic, speech: 2, llr: -1, syntheticProbability: 0.5,
      segments: [Segment(start: start, end: start + 0.001, llr: -1, syntheticProbability: 0.5)])
    let result = FileResult(path: "a", duration: 60, verdict: .synthetic, parties: [party])
    for width in [0, 1, 80, 1000] {
      var report = TextReport(style: TextStyle(width: width))
      let text = report.entry(for: result)
      #expect(text.contains("─"))
      if start.isFinite { #expect(text.count { $0 == "█" } == 1) }
    }
  }

  @Test func hostileNumbersDoNotTrap() throws {
    for value in [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e300, .leastNonzeroMagnitude] {
      let segment = Segment(start: value, end: value, llr: value, syntheticProbability: value)
      let result = FileResult(
        path: "a", sampleRate: .max, duration: value, bandwidth: value, verdict: .synthetic,
        parties: [
          PartyResult(
            channel: 1, verdict: .synthetic, speech: value, llr: value, syntheticProbability: value,
            segments: [segment], timeline: Timeline(hop: value, llr: [Float(value)]))
        ])
      for format in ReportFormat.allCases {
        let report = format.writer(engine: Results.engine, fileCount: 1).report(on: [result])
        if format == .json { _ = try JSONDecoder().decode(JSONValue.self, from: Data(report.utf8)) }
      }
    }
  }

  /// A page's data are lines of JSON that no script element ends in, and all but the first and last are those of `jsonl`.
  @Test func pagesHoldWhatJSONHolds() throws {
    var call = Results.call
    call.path = "</script><!--\u{2028}\r\n\"\\.wav"
    let report = HTMLReport(engine: Results.engine).report(on: [call, Results.missing])
    let data = try #require(report.components(separatedBy: "id=\"data\">\n").last?.components(separatedBy: "</script>"))
    #expect(data.count == 2 && data[1] == "\n</body>\n</html>\n")
    #expect(!data[0].contains("<"))
    let lines = data[0].split(separator: "\n")
    #expect(lines.count == 4)
    for (line, result) in zip(lines.dropFirst(), [call, Results.missing]) {
      let value = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
      let known = try JSONDecoder().decode(JSONValue.self, from: Data(JSON.object(members(of: result)).text.utf8))
      #expect(value == known)
    }
  }

  /// Beside a recording's line, a page has where it is and what it was, and lines of drawings and audio.
  @Test func pagesHoldExhibits() throws {
    var call = Results.call
    call.parties[0].trace = PartyTrace(
      hop: 0.04, lowest: [nil, -16, 0, 20], highest: [nil, -16, 0.5, 20], speech: [0, 1, 0.5, 1], echo: [0, 0, 0, 0], missing: [0, 0, 0, 0],
      alarm: -3.8, clear: 1.5, beyondAlarm: 0.04, lowestAt: 0.06, peakHop: 0.04, peaks: [0, 0.25, 0.5], spectrumHop: 0.04, bands: 2,
      lowEdge: 60, highEdge: 3900, spectra: [-1, -14, -7.5, PartyTrace.silence])
    let exhibit = Exhibit(
      sha256: "ab", link: "./a%20call.wav", clips: [Exhibit.Clip(start: 1, end: 2.5, channels: [1, 2], opus: Array("Ogg".utf8))])
    var report = HTMLReport(engine: Results.engine)
    let lines = report.entry(for: call, exhibit: exhibit).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasSuffix("],\"sha256\":\"ab\",\"link\":\"./a%20call.wav\"}"))
    #expect(
      lines[1] == """
        {"traces":[{"hop_s":0.04,"lowest":"..AAgA__","highest":"..AAhA__","speech":"A_g_","echo":"","missing":"","alarm":-3.8,"clear":1.5,\
        "beyond_s":0.04,"lowest_at_s":0.06,"peak_hop_s":0.04,"peaks":"Ag_","peak":0.5,"spectrum_hop_s":0.04,"bands":2,"low_hz":60,\
        "high_hz":3900,"spectra":"_AgA"},null]}
        """)
    #expect(lines[2] == "{\"clips\":[{\"start_s\":1,\"end_s\":2.5,\"channels\":[1,2],\"opus\":\"T2dn\"}]}")
  }

  /// A page says how many recordings it does not show.
  @Test func pagesCountWhatTheyLeaveOut() {
    var report = HTMLReport(engine: Results.engine)
    report.leaveOut(Results.call)
    _ = report.entry(for: Results.copy)
    #expect(report.closing.hasPrefix("{\"end\":{\"files\":2,\"left_out\":1}}\n</script>"))
  }

  /// The policy of a page names its style and script as `openssl dgst -sha256 -binary | base64` does.
  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("fooba", "Zm9vYmE=")])
  func base64IsPadded(_ text: String, _ encoded: String) {
    #expect(base64(Array(text.utf8)) == encoded)
    #expect(base64([UInt8](0...255)) == Data(0...255).base64EncodedString())
  }

  @Test func talliesCountEachFileOnce() {
    var tally = Tally()
    for result in Results.all { tally.count(result) }
    let counts: [Int] = [tally.files, tally.flagged, tally.inconclusive, tally.failed]
    #expect(counts == [3, 1, 1, 1] as [Int])
  }
}
