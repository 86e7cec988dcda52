import Bonafide
import Foundation
import Testing

/// `bonafide calibrate` as a user runs it, and `--profile` of what it wrote. The first stage alone, which is fast.
@Suite struct CalibrateTests {
  private func calibrate(_ arguments: [String], in folder: TemporaryFolder? = nil) throws -> Run {
    try bonafide(["calibrate", "--fast", "--genuine"] + arguments, in: folder)
  }

  private func scan(_ arguments: [String], in folder: TemporaryFolder? = nil) throws -> Run {
    try bonafide(["scan", "--fast", "-f", "csv"] + arguments, in: folder)
  }

  @Test func aProfileSaysWhatChangesAndScanUsesIt() throws {
    let folder = try TemporaryFolder()
    // Fifty parties: the prompt at as many levels. On channels of one recording they would be searched for each other's echo.
    let voice = try promptSamples()
    for level in 0..<50 { try folder.write("genuine/\(level).wav", wav([voice.map { Int16(Double($0) * (1 - 0.01 * Double(level))) }])) }
    let run = try calibrate(["genuine", "--output", "profile.json"], in: folder)
    #expect(run.status == 0 && run.output == "")
    #expect(run.errorLines.count == 4)
    let patterns = [
      /bonafide: narrowband: 50 genuine parties; scores moved by −?[0-9.]+; alarm point −?[0-9.]+, was −?[0-9.]+; clear point .*, as it was/,
      /bonafide: narrowband: of the 50, [0-9]+ flagged, were 0, and [0-9]+ cleared, were [0-9]+ \(by cross-validation\)/,
      /bonafide: narrowband: warning: a share of 1 % cannot be known from 50 parties: .* up to 6 % of all may be \(rule of three\); it takes 300/,
      /bonafide: wideband: 0 genuine parties are too few, for it takes 50; it stays as it is/,
    ]
    for (line, pattern) in zip(run.errorLines, patterns) { #expect(line.wholeMatch(of: pattern) != nil, "\(line)") }
    let made = try JSONDecoder().decode(SiteProfile.self, from: Data(contentsOf: URL(filePath: folder.path("profile.json"))))
    #expect(made.adjustments.map(\.parties) == [50])
    #expect(made.adjustments.map(\.modelSHA256) == [try Model.narrowband.sha256])

    let (before, after) = (try scan([promptPath], in: folder), try scan([promptPath, "--profile", "profile.json"], in: folder))
    #expect(before.output != after.output && after.errors == "")
  }

  /// Verdicts of an analyst, as the page exports them: some parties of a recording, by number and by name.
  @Test func aTableSaysWhichPartiesAreGenuine() throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    try folder.write("calls/call.wav", wav((0..<4).map { level in voice.map { $0 - $0 / 10 * Int16(level) } }))
    try folder.write("verdicts.csv", Array("path,channel,label,note\ncalls/call.wav,1,bonafide,\"seen, heard\"\ncalls/call.wav,2,,\n".utf8))
    // Beside the table.
    try folder.write("calls/names.tsv", Array("path\tchannel\tlabel\ncall.wav\tagent\tspoof\ncall.wav\tcaller\tbonafide\n".utf8))
    let run = try calibrate(["verdicts.csv", "calls/names.tsv", "--channel-names", "one,agent,caller,two"], in: folder)
    #expect(run.status == 2)
    #expect(
      run.errorLines == [
        "bonafide: too few genuine parties that could be judged: narrowband judged 2, wideband judged 0; a model takes 50, better a few hundred"
      ])
    let nameless = try calibrate(["calls/names.tsv"], in: folder)
    #expect(nameless.errorLines.first == "bonafide: calls/call.wav: has no channel caller; names of channels are those of --channel-names")
    #expect(nameless.errors.contains("narrowband judged 0"))

    try folder.write("none.csv", Array("path,label\ncalls/call.wav,spoof\n".utf8))
    #expect(try calibrate(["none.csv"], in: folder).errorLines == ["bonafide: none.csv: has no row whose label is bonafide"])
    #expect(try calibrate(["verdicts.csv", "-o", "verdicts.csv"], in: folder).status == 64)
  }

  /// A profile of the other model says nothing of telephone speech.
  @Test func aProfileThatHasNothingForTheModelAtWorkSaysSo() throws {
    let folder = try TemporaryFolder()
    let json = """
      {"schema":"bonafide.profile/1","adjustments":[{"model":"wideband","model_sha256":"\(try Model.wideband.sha256)",\
      "parties":60,"offset_llr":0.1,"alarm_llr":-3}]}
      """
    try folder.write("profile.json", Array(json.utf8))
    let line =
      "bonafide: profile.json: warning: has nothing for model narrowband, which judged 1 party as without a profile; "
      + "calibrate with more calls of that band"
    let run = try scan([promptPath, "--profile", "profile.json", "--alarm-at", "-900"], in: folder)
    #expect(run.status == 0 && run.errorLines.map(String.init) == [line])
    let strict = try scan([promptPath, "--profile", "profile.json", "--quiet", "--strict", "--alarm-at", "-900"], in: folder)
    #expect(strict.status == 2 && strict.errors == "")
    try folder.write("t.csv", Array("path,label\n\(promptPath),bonafide\n".utf8))
    let evaluation = try bonafide(["evaluate", "--fast", "t.csv", "--audio", ".", "--profile", "profile.json"], in: folder)
    #expect(evaluation.status == 0 && evaluation.errorLines.map(String.init) == [line])
  }

  @Test func whatIsNoProfileIsSaidInOneLine() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("notes.txt", Array("Not a profile.".utf8))
    for path in [text, "/nonexistent.json"] {
      let run = try scan([promptPath, "--profile", path])
      #expect(run.status == 2 && run.output == "" && run.errorLines.count == 1)
    }
    let few = try calibrate([promptPath])
    #expect(few.status == 2 && few.output == "")
    #expect(few.errorLines.count == 1 && few.errors.contains("too few genuine parties"))
    #expect(try calibrate([promptPath, "--false-alarms", "50"]).status == 64)
  }
}
