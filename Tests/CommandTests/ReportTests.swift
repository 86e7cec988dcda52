import Bonafide
import Foundation
import Testing

@testable import BonafideReport

/// Results of all kinds, made up.
enum Results {
  static let engine = EngineInfo(
    version: "1.2.3", narrowband: EngineInfo.Model(name: "narrowband", sha256: String(repeating: "0123456789abcdef", count: 4)),
    wideband: EngineInfo.Model(name: "wideband", sha256: String(repeating: "fedcba9876543210", count: 4)),
    second: EngineInfo.Model(name: "second", sha256: String(repeating: "02468ace", count: 8)))

  static let genuine = PartyResult(
    channel: 1, track: 1, trackChannel: 1, name: "agent", model: "narrowband", verdict: .bonafide, speech: 31.4159,
    llr: 6.78912, syntheticProbability: 0.0000594, stages: StageScores(first: 5.5, second: 2.25))

  static let call = FileResult(
    path: "calls/a call, \"loud\".wav", format: "WAV/ULAW", sampleRate: 8000, duration: 61.3, heard: 61.3, unheard: 0,
    bandwidth: 3400.4, verdict: .synthetic,
    parties: [
      genuine,
      PartyResult(
        channel: 2, track: 2, trackChannel: 1, name: "caller", model: "wideband", verdict: .synthetic, speech: 40.1,
        llr: -3.2, syntheticProbability: 0.5635448,
        segments: [
          Segment(start: 1.2, end: 8.44, llr: -4.1, syntheticProbability: 0.7605252),
          Segment(start: 60.9, end: 61.3, llr: -9.87654, syntheticProbability: 0.9990257),
        ]),
    ])

  static let copy = FileResult(
    path: "b.flac", format: "FLAC/PCM_16", sampleRate: 44100, duration: 4000.0004, heard: 3999.5, unheard: 49.3,
    verdict: .inconclusive,
    warnings: ["header promises 61.3 s, 12.0 s are there"],
    parties: [
      PartyResult(channel: 1, verdict: .inconclusive, reason: .noSpeech, speech: 0),
      PartyResult(channel: 2, sameAs: 1, verdict: .inconclusive, reason: .noSpeech, speech: 0),
      PartyResult(
        channel: 3, verdict: .inconclusive, reason: .ambiguous, speech: 2.5, llr: -0.0001, syntheticProbability: 0.05,
        timeline: Timeline(hop: 0.04, llr: [nil, 0.123456, -1.5, -0.001])),
    ])

  static let missing = FileResult(path: "nothing\u{1B}[31m.wav", error: "no such file")

  static let all = [call, copy, missing]
}

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

@Suite struct FormattingTests {
  @Test(arguments: [
    (0, 2, "0"), (1.2, 2, "1.2"), (8.444, 2, "8.44"), (8.445001, 2, "8.45"), (-0.001, 2, "0"), (-3.2, 3, "-3.2"),
    (0.999_999_9, 6, "1"), (100, 0, "100"), (1e300, 3, "1e+300"), (-0.0, 3, "0"), (0.05, 6, "0.05"),
    (1234.5, 0, "1235"),
  ])
  func decimals(_ value: Double, _ places: Int, _ text: String) {
    #expect(decimal(value, places: places) == text)
  }

  @Test func fixedDecimalsKeepZeros() {
    #expect(fixed(1.2, places: 3) == "1.200")
    #expect(fixed(-0.05, places: 2) == "-0.05")
    #expect(fixed(-0.0004, places: 3) == "0.000")
    #expect(fixed(.nan, places: 3) == nil)
  }

  /// Random numbers come back to within half a unit of the last place.
  @Test func decimalsAreNear() {
    for _ in 0..<2000 {
      let value = Double.random(in: -1e6...1e6)
      for places in 0...6 {
        let back = decimal(value, places: places).flatMap(Double.init)
        #expect(back.map { abs($0 - value) <= 0.5 * pow(10, -Double(places)) + 1e-9 } == true)
      }
    }
  }

  @Test(arguments: [
    (0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (61.3, "1:01"), (3600, "1:00:00"), (36_061, "10:01:01"),
  ])
  func clocks(_ seconds: Double, _ text: String) {
    #expect(clock(seconds) == text)
  }

  @Test func clocksTakeAnything() {
    #expect(clock(.nan) == "0:00")
    #expect(clock(-3) == "0:00")
  }

  @Test func percentsAreNeverCertain() {
    #expect([0, 0.004, 0.5, 0.976, 0.995, 1].map(percent) == ["<1 %", "<1 %", "50 %", "98 %", ">99 %", ">99 %"])
  }

  @Test func printableTextIsHarmless() {
    #expect(printable("a\u{1B}[31m\n\u{202E}é—\u{2028}\r\n") == "a\\u{1b}[31m\\u{a}\\u{202e}é—\\u{2028}\\u{d}\\u{a}")
  }

  /// What Foundation reads is what was written.
  @Test func jsonStringsComeBack() throws {
    let scalars = (0...0x2FFF).compactMap(Unicode.Scalar.init) + ["\u{FFFD}", "\u{1F600}", "\u{10FFFF}"]
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    let back = try JSONDecoder().decode([String].self, from: Data(JSON.array([.string(text)]).text.utf8))
    #expect(back.map { Array($0.unicodeScalars) } == [scalars])
  }
}
