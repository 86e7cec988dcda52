import Bonafide
import BonafideEvaluation
import Foundation
import Testing

@testable import BonafideReport

/// Trials and scores that are made up, with ties, a source of both classes and a file without a score.
private enum Trials {
  static let header = "file\tlabel\tsystem\tkind\tspeaker\tlanguage\tsource\tsplit\tsource_rate\tnote"

  static let rows: [(row: String, score: String)] = (0..<48).map { index in
    let isSpoof = index % 2 == 1
    let source = ["studio <one>", "podcast", "calls", "demo"][index / 12]
    let system = isSpoof ? ["tacotron2+hifi-gan", "vits", "espeak"][index % 3] : "-"
    let kind = isSpoof ? ["tts", "vc"][index / 24] : ["read", "phone"][index / 24]
    let rate = source == "calls" ? "8000" : "16000"
    let row = [
      "\(index).wav", isSpoof ? "spoof" : "bonafide", system, kind, "p\(index % 5)", ["en", "de"][index % 4 / 2], source,
      index < 40 ? "dev" : "test", rate, "",
    ]
    // Spoofs are lower by two on average, and 17 in a row make all remainders.
    let score = Double(index * 7 % 17) / 2 - 4 + (isSpoof ? -1 : 1)
    return (row.joined(separator: "\t"), "\(index).wav \(index == 30 ? "nan" : "\(score)")")
  }

  static var table: String { ([header] + rows.map(\.row)).joined(separator: "\n") + "\n" }
  static var scores: String { rows.map(\.score).joined(separator: "\n") + "\nnowhere.wav 1\n" }

  static func evaluation() throws -> Evaluation {
    var options = EvaluationOptions()
    options.breakdownColumns = ["kind", "language"]
    options.bootstrapCount = 100
    options.verification = VerificationErrorRates(miss: 0.02, falseAlarm: 0.03, spoofFalseAlarm: 0.4)
    return try Evaluation(
      trials: TrialList(parsing: table, path: "t.tsv"), scores: ScoreTable(parsing: scores, path: "s.txt"), options: options)
  }

  static let info = EvaluationInfo(
    version: "1.2.3", protocolPath: "data/t.tsv", split: "dev", scoresPath: "s.txt", engine: Results.engine)
}

/// `bonafide evaluate` as a user runs it.
@Suite struct EvaluateTests {
  /// A folder with the protocol and the scores.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("t.tsv", Array(Trials.table.utf8))
    try folder.write("s.txt", Array(Trials.scores.utf8))
    return folder
  }

  private func figures(_ run: Run) throws -> [String: JSONValue] {
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(run.output.utf8))
    #expect(try JSONSchema.ofEvaluations().faults(in: value) == [])
    guard case .object(let document) = value, case .object(let figures) = document["figures"] else { return [:] }
    return figures
  }

  // MARK: Reports

  @Test(arguments: [("evaluation.txt", EvaluationFormat.text), ("evaluation.json", .json), ("evaluation.html", .html)])
  func snapshot(_ name: String, _ format: EvaluationFormat) throws {
    // The style sheet is a file of its own.
    let report = try format.report(on: Trials.evaluation(), info: Trials.info).replacing(PageText.style.text, with: "…")
    if ProcessInfo.processInfo.environment["BONAFIDE_WRITE_SNAPSHOTS"] != nil {
      try Data(report.utf8).write(to: packageFolder.appending(path: "Tests/CommandTests/Snapshots/\(name)"))
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

  @Test func jsonFitsItsSchema() throws {
    let report = try EvaluationJSONReport().report(on: Trials.evaluation(), info: Trials.info)
    #expect(try JSONSchema.ofEvaluations().faults(in: report) == [])
  }

  @Test func pagesAreWholeAndQuoteWhatTheyAreGiven() throws {
    let page = try EvaluationPage().report(on: Trials.evaluation(), info: Trials.info)
    #expect(page.contains("studio &lt;one&gt;"))
    #expect(!page.contains("<one>"))
    for banned in ["<script", "http://", "https://", "src=", "url("] { #expect(!page.contains(banned)) }
    // Well-formed but for what HTML leaves open.
    var body = page.replacing("<!DOCTYPE html>\n", with: "").replacing("<br>", with: "<br/>")
    body = body.replacing(/<meta [^>]*>/, with: "")
    #expect(throws: Never.self) { try XMLCheck.parse(body) }
  }

  // MARK: Command

  @Test func everyFormatIsWritten() throws {
    let folder = try folder()
    for (format, start) in ["text": "s.txt on t.tsv, split dev\n", "json": "{\"schema\":\"bonafide.evaluation/1\",", "html": "<!DOCTYPE html>"] {
      let run = try bonafide(["evaluate", "t.tsv", "s.txt", "--split", "dev", "--bootstrap", "20", "--format", format], in: folder)
      #expect(run.status == 0)
      #expect(run.errors == "")
      #expect(run.output.hasPrefix(start))
    }
  }

  @Test func reportsNameWhatHasNoScore() throws {
    let run = try bonafide(["evaluate", "t.tsv", "s.txt", "--bootstrap", "0"], in: folder())
    #expect(run.output.contains("23 bona fide and 24 spoof trials with a score; 0 of neither class, 1 without a score; 1 scored file is no trial"))
    #expect(run.output.hasSuffix("\n1 of the protocol without a score:\n  30.wav\n"))
  }

  @Test func resultsAreTheSameEachTimeAndForEachForm() throws {
    let folder = try folder()
    let arguments = ["evaluate", "t.tsv", "s.txt", "--bootstrap", "30", "-f", "json"]
    let first = try bonafide(arguments, in: folder)
    #expect(try bonafide(arguments, in: folder) == first)
    for form in ["asvspoof2019", "asvspoof2021", "asvspoof5"] {
      let run = try bonafide(["evaluate", "t.tsv", "s.txt", "--bootstrap", "0", "--write-scores", "w.txt", "--write-format", form], in: folder)
      #expect(run.status == 0)
      let again = try bonafide(["evaluate", "t.tsv", "w.txt", "--bootstrap", "30", "-f", "json"], in: folder)
      #expect(try figures(again) == figures(first))
    }
    let input = Array(Trials.scores.utf8)
    let piped = try bonafide(["evaluate", "t.tsv", "-", "--bootstrap", "30", "-f", "json", "-o", "r.json"], input: input, in: folder)
    #expect(piped.output == "")
    let written = String(decoding: try Data(contentsOf: URL(filePath: folder.path("r.json"))), as: UTF8.self)
    #expect(written == first.output.replacing("\"scores\":\"s.txt\"", with: "\"scores\":\"-\""))
  }

  @Test func tandemCostNeedsVerification() throws {
    let folder = try folder()
    try folder.write("asv.txt", Array("Pmiss_asv 0.02\nPfa_asv 0.03\nPfa_spoof_asv 0.4\n".utf8))
    let run = try bonafide(["evaluate", "t.tsv", "s.txt", "--bootstrap", "0", "-f", "json", "--asv", "asv.txt"], in: folder)
    let figures = try figures(run)
    #expect(figures["min_tdcf_2019"] != nil && figures["min_tdcf_2021"] != nil)
  }

  @Test func namesFromTheRootAreTakenAsTheyAre() throws {
    let folder = try TemporaryFolder()
    let samples = packageFolder.appending(path: "samples").path
    let table = "file\tlabel\n\(samples)/genuine-en.ulaw.wav\tbonafide\n\(samples)/synthetic-hts.ulaw.wav\tspoof\n"
    try folder.write("t.tsv", Array(table.utf8))
    let run = try bonafide(["evaluate", "t.tsv", "--fast", "--audio", folder.url.path, "--bootstrap", "0"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
  }

  @Test func headerlessRecordingsAreScored() throws {
    let folder = try TemporaryFolder()
    let samples = try promptSamples().flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    try folder.write("a.raw", samples)
    try folder.write("b.raw", samples)
    try folder.write("t.tsv", Array("file\tlabel\na.raw\tbonafide\nb.raw\tspoof\n".utf8))
    let run = try bonafide(
      ["evaluate", "t.tsv", "--fast", "--audio", ".", "--raw", "s16le:8000", "--bootstrap", "0", "--write-scores", "s.txt"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    let scan = try bonafide(["--fast", "-f", "csv", "--raw", "s16le:8000", "a.raw"], in: folder)
    let scores = String(decoding: try Data(contentsOf: URL(filePath: folder.path("s.txt"))), as: UTF8.self)
    let written = try #require(scores.split(whereSeparator: \.isNewline).first).split(separator: " ")
    let row = try #require(scan.output.split(whereSeparator: \.isNewline).last).split(separator: ",", omittingEmptySubsequences: false)
    let llr = try #require(Double(written[1]))
    let reported = try #require(Double(row[7]))
    #expect(abs(llr - reported) < 1e-3)
    let few = try bonafide(["calibrate", "--fast", "--genuine", ".", "--raw", "s16le:8000", "-o", "p.json"], in: folder)
    #expect(few.status == 2 && few.errors.contains("narrowband judged 2"))
    #expect(try bonafide(["evaluate", "t.tsv", "s.txt", "--mix"], in: folder).status == 64)
  }

  /// The samples: the score of each side of a call is that of a scan.
  @Test func audioIsScored() throws {
    let folder = try TemporaryFolder()
    let samples = packageFolder.appending(path: "samples").path
    let table =
      "file\tchannel\tverdict\ncall-agent-caller.ulaw.wav\t1\tbonafide\ncall-agent-caller.ulaw.wav\t2\tsynthetic\n"
      + "spliced\t1\tsynthetic\nhold-music.alaw.wav\t1\tinconclusive\nnot-there.wav\t1\tbonafide\n"
    try folder.write("t.tsv", Array(table.utf8))
    let arguments = ["evaluate", "t.tsv", "--fast", "--audio", samples, "--segments", samples + "/spliced.rttm", "-f", "json"]
    let run = try bonafide(arguments + ["--write-scores", "w.txt"], in: folder)
    #expect(run.status == 2)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("bonafide: not-there.wav: "))
    #expect(run.output.contains("\"unscored\":[\"not-there.wav\"]"))
    let figures = try figures(run)
    #expect(figures["range_eer"] != nil && figures["ap_iou_0.5"] != nil && figures["alarms_per_hour"] != nil)

    try folder.write("other.rttm", Array("SPEAKER nobody 1 0.0 1.0 <NA> <NA> spoof <NA> <NA>\n".utf8))
    let other = try bonafide(["evaluate", "t.tsv", "w.txt", "--segments", "other.rttm"], in: folder)
    #expect(other.status == 2 && other.errors.contains("other.rttm: 1 of 1 recordings are not in t.tsv, such as nobody"))

    let recordings = [samples + "/call-agent-caller.ulaw.wav", samples + "/spliced.flac"]
    let scan = try bonafide(["scan", "--fast", "-f", "jsonl", "--timeline"] + recordings)
    try folder.write("scan.jsonl", Array(scan.output.utf8))
    let again = try bonafide(
      ["evaluate", "t.tsv", "scan.jsonl", "--segments", samples + "/spliced.rttm", "-f", "json"], in: folder)
    #expect(again.status == 0)
    for (name, figure) in try self.figures(again) where name != "cllr_bits" {
      guard case .object(let a) = figure, case .object(let b) = figures[name], case .number(let x) = a["value"],
        case .number(let y) = b["value"]
      else { continue }
      // Reports round scores.
      #expect(abs(x - y) < 0.02, "\(name)")
    }
    let written = String(decoding: try Data(contentsOf: URL(filePath: folder.path("w.txt"))), as: UTF8.self)
    #expect(written.split(separator: "\n").count == 3)

    // The same answers out of all forms of report.
    try folder.write("names.csv", Array("path,channel,label\ncall-agent-caller.ulaw.wav,agent,bonafide\nspliced.flac,,spoof\n".utf8))
    func answers(_ run: Run) -> Substring? { run.output.firstMatch(of: /"answers":.*/)?.output }
    let names = ["--channel-names", "agent,caller"]
    var found: [Substring?] = []
    for form in ["csv", "json", "jsonl"] {
      let scan = try bonafide(["scan", "--fast", "-f", form] + names + recordings)
      try folder.write("scan", Array(scan.output.utf8))
      found.append(answers(try bonafide(["evaluate", "names.csv", "scan", "-f", "json"], in: folder)))
    }
    #expect(found[0] != nil && Set(found).count == 1)
    #expect(answers(run)?.contains(#""label":"spoof","trials":2,"#) == true)
    #expect(run.output.contains(#""points":[{"model":"narrowband","#))
  }

  @Test(arguments: [
    (["t.tsv"], "Give a file of scores, or --audio"), (["t.tsv", "s.txt", "--audio", "."], "Give a file of scores, or --audio"),
    (["t.tsv", "s.txt", "--model", "m"], "--model goes with --audio"), (["t.tsv", "s.txt", "--bootstrap", "-1"], "--bootstrap"),
    (["t.tsv", "s.txt", "--bootstrap-by", "page"], "speaker"), (["t.tsv", "s.txt", "--asv-keys", "k"], "--asv-keys goes with --asv"),
    (["t.tsv", "s.txt", "--write-scores", "w", "--write-format", "scan"], "--write-format"), (["-", "-"], "Standard input"),
    (["t.tsv", "s.txt", "-o", "s.txt"], "--output would overwrite s.txt"), (["t.tsv", "s.txt", "--format", "csv"], "html"),
    (["t.tsv", "s.txt", "--write-scores", "t.tsv"], "--write-scores would overwrite t.tsv"),
    (["t.tsv", "s.txt", "--segment-hop", "0"], "--segment-hop"), (["t.tsv", "s.txt", "--worst", "-1"], "--worst"),
  ])
  func senselessArgumentsAreStatus64(_ arguments: [String], _ message: String) throws {
    let run = try bonafide(["evaluate"] + arguments, in: folder())
    #expect(run.status == 64)
    #expect(run.errors.contains(message))
    #expect(run.output == "")
  }

  @Test(arguments: [
    (["missing.tsv", "s.txt"], "missing.tsv: cannot be opened: No such file or directory"),
    (["bad.tsv", "s.txt"], "bad.tsv:3: label perhaps is none of bonafide, spoof (or synthetic), codec, neither"),
    (["t.tsv", "labels.npy"], "labels.npy: is not text in UTF-8; what is an array (npy) must be written as text first"),
    (["t.tsv", "s.txt", "--split", "eval"], "t.tsv: no trial is in split eval; there are dev, test"),
    (
      ["t.tsv", "s.txt", "--by", "accent"],
      "the protocol has no column accent to break down by; it has file, label, system, kind, "
        + "speaker, language, source, split, source_rate, note"
    ),
    (["t.tsv", "s.txt", "-o", "no/where"], "no/where: cannot be created: No such file or directory"),
    (["one.tsv", "s.txt"], "no spoof trial has a score; error rates need both classes, and files named as in the protocol (such as 0.wav)"),
  ])
  func failuresAreOneLineAndStatus2(_ arguments: [String], _ message: String) throws {
    let folder = try folder()
    try folder.write("bad.tsv", Array("file\tlabel\na\tspoof\nb\tperhaps\n".utf8))
    try folder.write("one.tsv", Array("file\tlabel\n0.wav\tbonafide\n".utf8))
    try folder.write("labels.npy", [0x93] + Array("NUMPY".utf8))
    let run = try bonafide(["evaluate"] + arguments, in: folder)
    #expect(run.status == 2)
    #expect(run.errorLines == ["bonafide: \(message)"])
    #expect(run.output == "")
    #expect(try folder.names == ["bad.tsv", "labels.npy", "one.tsv", "s.txt", "t.tsv"])
  }
}

/// Checks that elements are closed in order, which is all that the page needs of XML.
private enum XMLCheck {
  struct Fault: Error {
    var message: String
  }

  static func parse(_ text: String) throws(Fault) {
    var open: [Substring] = []
    for match in text.matches(of: /<(\/?)([a-zA-Z][a-zA-Z0-9]*)(?:\s+[a-zA-Z0-9-]+="[^"<>]*")*\s*(\/?)>/) {
      let name = match.output.2
      if !match.output.3.isEmpty { continue }
      if match.output.1.isEmpty {
        open.append(name)
      } else if open.popLast() != name {
        throw Fault(message: "</\(name)> closes something else")
      }
    }
    if let name = open.last { throw Fault(message: "<\(name)> is not closed") }
    let rest = text.replacing(/<\/?[a-zA-Z][a-zA-Z0-9]*(?:\s+[a-zA-Z0-9-]+="[^"<>]*")*\s*\/?>/, with: "")
    if rest.contains("<") { throw Fault(message: "a tag is not well-formed") }
  }
}
