import Testing

@testable import BonafideEvaluation

@Suite struct ScoreFileTests {
  private func parse(_ text: String, _ format: ScoreFormat? = nil) throws(EvaluationError) -> ScoreTable {
    try ScoreTable(parsing: text, path: "s.txt", format: format)
  }

  @Test(arguments: [
    "a 1.5\nb -2\nc nan\n", "a\t1.5\r\nb\t-2\r\nc\t-\r\n", "filename\tcm-score\na\t1.5\nb\t-2\nc\tnone\n",
    "a - bonafide 1.5\nb A07 spoof -2\nc A07 spoof nan\n", "p1 a 1.5 bonafide\np1 b -2 spoof\np2 c nan spoof\n",
    "a,1.5\r\nb,-2\r\nc,nan\r\n", "path,kind,llr\na,x,1.5\n\"b\",\"x,y\",-2\nc,,\n",
  ])
  func formsOfScores(_ text: String) throws {
    #expect(try parse(text).entries == [.init(file: "a", score: 1.5), .init(file: "b", score: -2), .init(file: "c", score: nil)])
  }

  @Test(arguments: ScoreFileWriter.Format.allCases)
  func whatIsWrittenIsReadAgain(_ format: ScoreFileWriter.Format) throws {
    let trials = try list(
      ["a b.wav\tspoof\tA07", "c.wav\tbonafide\t-", "d.wav\tspoof\t-", "e.wav\tspoof\tA08"], header: "file\tlabel\tsystem")
    let scores = [0.1 + 0.2, -.infinity, 1e-300, nil]
    let table = ScoreTable(entries: zip(trials.trials, scores).map { .init(file: $0.file, score: $1) })
    let text = ScoreFileWriter(format: format).text(trials: trials, scores: table)
    let again = try parse(text)
    #expect(again.entries == Array(table.entries.prefix(3)))
    #expect(ScoreFormat.detect(text, lines(of: text))?.rawValue == format.rawValue)
  }

  @Test func formsAreAsTheChallengesHaveThem() throws {
    let trials = try list(["x\tspoof\tA07", "y\tbonafide\t-"], header: "file\tlabel\tsystem")
    let table = ScoreTable(entries: [.init(file: "x", score: -1.5), .init(file: "y", score: 2)])
    func text(_ format: ScoreFileWriter.Format) -> String { ScoreFileWriter(format: format).text(trials: trials, scores: table) }
    #expect(text(.asvspoof2019) == "x A07 spoof -1.5\ny - bonafide 2.0\n")
    #expect(text(.asvspoof2021) == "x -1.5\ny 2.0\n")
    #expect(text(.asvspoof5) == "filename\tcm-score\nx\t-1.5\ny\t2.0\n")
  }

  @Test func channelsHaveScoresOfTheirOwn() throws {
    let trials = try list(["c.wav\tspoof\t2", "c.wav\tbonafide\t1"], header: "file\tlabel\tchannel")
    let recording = ScreenedRecording(
      path: "c.wav", duration: 1,
      parties: [.init(channel: 1, llr: 3, speech: 1, stretches: []), .init(channel: 2, llr: -3, speech: 1, stretches: [])])
    let text = ScoreFileWriter(format: .asvspoof2021).text(trials: trials, scores: ScoreTable(recordings: [recording]))
    #expect(text == "c.wav#2 -3.0\nc.wav#1 3.0\n")
    #expect(try Evaluation(trials: trials, scores: parse(text)).figure(.equalErrorRate)?.value == 0)
  }

  @Test func reportsOfScan() throws {
    let line = """
      {"schema":"bonafide.scan/1","path":"in/call.wav","format":"WAV","duration_s":2.5,"error":null,"channels":[\
      {"channel":1,"name":null,"llr":-1.25,"speech_s":2,"segments":[{"start_s":0.5,"end_s":1,"llr":-3,"synthetic_probability":0.9}],\
      "timeline":{"hop_s":0.04,"llr":[0.5,null]}},{"channel":2,"same_as":1,"llr":-1.25,"speech_s":2,"segments":[]},\
      {"channel":3,"llr":0.5,"speech_s":1,"segments":[]}]}
      """
    let table = try parse(line + "\n" + #"{"schema":"bonafide.scan/1","path":"x.wav","duration_s":null,"error":"gone","channels":[]}"#)
    #expect(table.recordings.count == 2)
    let call = table.recordings[0]
    #expect(call.parties.map(\.channel) == [1, 3])
    #expect(call.parties[0].frames == [0.5, nil])
    #expect(call.parties[0].stretches == [.init(span: Span(start: 0.5, end: 1), llr: -3)])
    #expect(call.score(channel: nil) == -1.25)
    #expect(call.score(channel: .number(3)) == 0.5)
    #expect(call.score(channel: .number(2)) == nil)
    #expect(table.recordings[1].error == "gone")
    let document = #"{"schema":"bonafide.scan/2","engine":{},"files":[\#n"# + line + "\n]}\n"
    #expect(try parse(document).recordings == [call])
    // Reports of two runs put together.
    #expect(try parse(line + "\n" + line).recordings == [call])
  }

  /// The table of scan, of two runs put together.
  @Test func tablesOfScan() throws {
    let header =
      "path,channel,name,same_as,verdict,reason,speech_s,llr,synthetic_probability,flagged_s,segments,format,sample_rate_hz,"
      + "duration_s,bandwidth_hz,error,warnings,heard_s,unheard_s,track,evidence_llr,strength,flagged_share\n"
    let call = "\"in/a, b.wav\",1,caller,,synthetic,,6.5,-1.25,0.9,2,0.5-1.5;3-4,WAV,8000,9,3400,,,9,0,1,-4,moderate,0.2\n"
    let table = try parse(
      header + call + "\"in/a, b.wav\",2,agent,,inconclusive,no_speech,0,,,0,,WAV,8000,9,3400,,,9,0,1,,,0\n"
        + "\"in/a, b.wav\",3,,2,inconclusive,no_speech,0,,,0,,WAV,8000,9,3400,,,9,0,1,,,0\n" + header + call
        + "x.wav,,,,,,,,,,,,,,,gone,,,,,,,\n")
    let stretches = [Span(start: 0.5, end: 1.5), Span(start: 3, end: 4)].map { ScreenedRecording.Stretch(span: $0, llr: -4) }
    let parties: [ScreenedRecording.Party] = [
      .init(channel: 1, name: "caller", answer: .flagged, llr: -1.25, speech: 6.5, stretches: stretches),
      .init(channel: 2, name: "agent", answer: .inconclusive("no_speech"), llr: nil, speech: 0, stretches: []),
    ]
    #expect(
      table.recordings == [
        ScreenedRecording(path: "in/a, b.wav", duration: 9, parties: parties),
        ScreenedRecording(path: "x.wav", duration: nil, error: "gone", parties: []),
      ])
    #expect(table.recordings[0].score(channel: .name("caller")) == -1.25)
    #expect(table.recordings[0].answer(channel: nil) == .flagged)
    for (row, message) in [
      ("a,1,,,synthetic\n", "has 5 columns"), (call.replacing(",synthetic,", with: ",bad,"), "is no row of bonafide scan"),
      (call + call.replacing("-1.25", with: "1"), "gives in/a, b.wav other scores"),
    ] {
      #expect(failure { () throws(EvaluationError) in try parse(header + row) }.contains(message))
    }
  }

  /// As scan judges a recording by its parties.
  @Test(
    arguments: [
      ([.cleared, .flagged], .flagged), ([.cleared, .inconclusive("ambiguous")], .inconclusive("ambiguous")),
      ([.inconclusive("no_speech"), .cleared], .cleared), ([.inconclusive("no_speech")], .inconclusive("no_speech")), ([nil], nil), ([], nil),
    ] as [([ScreenedRecording.Answer?], ScreenedRecording.Answer?)])
  func aRecordingIsAnsweredByItsParties(_ answers: [ScreenedRecording.Answer?], _ answer: ScreenedRecording.Answer?) {
    let parties = answers.enumerated().map { index, answer in
      ScreenedRecording.Party(channel: index + 1, answer: answer, llr: 0, speech: 1, stretches: [])
    }
    #expect(ScreenedRecording(path: "a", duration: 1, parties: parties).answer(channel: nil) == answer)
  }

  @Test(
    arguments: [
      ("", nil, "s.txt: is empty"), ("a b c\n", nil, "s.txt:1: is in no form of scores"),
      ("a 1\nb\n", nil, "s.txt:2: has 1 columns"), ("a 1\na 2\n", nil, "s.txt:2: gives a another score"),
      ("a 1\n", .asvspoof2019, "s.txt:1: has 2 columns, which is not the form asvspoof2019"),
      ("{\"schema\":\"bonafide.scan/3\",\"files\":[]}", nil, "s.txt: has schema bonafide.scan/3"),
      ("{\"path\":\"a\",\"duration_s\":1e300,\"channels\":[]}", nil, "s.txt:1: a has a time that no recording can have"),
      (
        "{\"path\":\"a\",\"channels\":[{\"channel\":1,\"speech_s\":1,\"segments\":[],\"timeline\":{\"hop_s\":0,\"llr\":[1]}}]}", nil,
        "s.txt:1: a has a time"
      ),
      (
        "{\"path\":\"a\",\"channels\":[{\"channel\":1,\"speech_s\":1,\"segments\":[{\"start_s\":2,\"end_s\":1,\"llr\":0}]}]}", nil,
        "s.txt:1: a has a time"
      ),
      ("{\"path\":\"a\",\"channels\":[]}\n{\"path\":\"a\",\"duration_s\":1,\"channels\":[]}", nil, "s.txt:2: gives a other scores"),
      ("{\"schema\":\"bonafide.scan/1\",\"path\":\"a\",\"channels\":[]}\n{\"path\":", nil, "s.txt:2: is no report of bonafide scan"),
    ] as [(String, ScoreFormat?, String)])
  func whatIsUnreadableIsSaidWithItsLine(_ text: String, _ format: ScoreFormat?, _ message: String) {
    #expect(failure { () throws(EvaluationError) in try parse(text, format) }.hasPrefix(message))
  }

  @Test func verificationScores() throws {
    // At the threshold 2 a third of targets and of nontargets are wrong.
    let scores = "- target 1\n- target 2\n- target 3\n- nontarget 0\n- nontarget 1.5\n- nontarget 2.5\nA07 spoof 2\nA07 spoof 0\n"
    let rates = try VerificationErrorRates(parsing: scores, path: "asv.txt")
    #expect(isClose(rates.miss, 1.0 / 3))
    #expect(isClose(rates.falseAlarm, 1.0 / 3))
    #expect(rates.spoofFalseAlarm == 0.5)
    let given = try VerificationErrorRates(parsing: "Pmiss_asv 0.1\nPfa_asv 0.2\nPmiss_spoof_asv 0.75\n", path: "asv.txt")
    #expect(given == VerificationErrorRates(miss: 0.1, falseAlarm: 0.2, spoofFalseAlarm: 0.25))
    let keys = "p1 u1 alaw x bonafide target notrim eval\np1 u2 alaw x bonafide nontarget notrim eval\np1 u3 alaw x A07 spoof notrim eval\n"
    let keyed = try VerificationErrorRates(parsing: "p1 u1 5\np1 u2 1\np1 u3 6\n", path: "asv.txt", keys: keys)
    #expect(keyed == VerificationErrorRates(miss: 0, falseAlarm: 0, spoofFalseAlarm: 1))
    #expect(
      failure { () throws(EvaluationError) in try VerificationErrorRates(parsing: "p1 u1 5\n", path: "asv.txt") }
        .hasPrefix("asv.txt:1: has no key target"))
    #expect(
      failure { () throws(EvaluationError) in try VerificationErrorRates(parsing: "Pfa_asv 2\n", path: "asv.txt") }
        .hasPrefix("asv.txt:1: is no rate from 0 to 1"))
  }

  @Test(
    arguments: [
      ("a/b.wav", 0), ("b.wav", nil), ("b", nil), ("a/b.flac", 0), ("q/b.wav", nil), ("c", 2), ("in/c.flac", 2), ("x/in/c.opus", 2),
      ("x/c.opus", nil), ("d.2024", 3), ("d", nil), ("e", nil), ("f.wav", 4), ("f.flac", 5), ("f", nil), ("x/g.wav", 6), ("", nil), ("/", nil),
    ] as [(String, Int?)])
  func filesAreFoundByTheirEnd(_ name: String, _ index: Int?) {
    let paths = ["a/b.wav", "z/b.wav", "in/c.opus", "d.2024", "out/f.wav", "out/f.flac", "g"]
    #expect(FileIndex(paths).index(of: name) == index)
  }
}
