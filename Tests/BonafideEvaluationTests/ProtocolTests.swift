import Testing

@testable import BonafideEvaluation

/// Each form of truth, from an excerpt made by hand in that form.
@Suite struct ProtocolTests {
  private func parse(_ text: String, _ format: ProtocolFormat? = nil) throws(EvaluationError) -> TrialList {
    try TrialList(parsing: text, path: "p.txt", format: format)
  }

  @Test func ourTable() throws {
    let text = """
      file\tlabel\tsystem\tkind\tspeaker\tlanguage\tsource\tsplit\tnote\r
      dev/a b.opus\tbonafide\t-\tphone\tp1\ten\tsrc one\tdev\t\r
      dev/2.opus\tspoof\ttacotron2+hifi-gan\ttts\t-\tde\tsrc one\tdev\ta "phone call"\r
      train/3.opus\tcodec\tencodec\t-\tp2\ten\tsrc2\ttrain\t\r

      """
    var list = try parse(text)
    #expect(list.trials.map(\.label) == [.bonafide, .spoof, .neither])
    #expect(list.trials[0].file == "dev/a b.opus")
    #expect(list.value(of: list.trials[1], in: "system") == "tacotron2+hifi-gan")
    #expect(list.value(of: list.trials[1], in: "note") == "a \"phone call\"")
    #expect(list.value(of: list.trials[0], in: "system") == nil)
    #expect(list.value(of: list.trials[0], in: "nothing") == nil)
    try list.select(split: "dev", path: "p.txt")
    #expect(list.trials.count == 2)
    #expect(
      failure { () throws(EvaluationError) in
        var list = try parse(text)
        try list.select(split: "test", path: "p.txt")
      } == "p.txt: no trial is in split test; there are dev, train")
  }

  @Test func asvspoof2019AndPartialSpoof() throws {
    let list = try parse("LA_0039 LA_E_2834763 - A11 spoof\nLA_0014 LA_E_8877452 - - bonafide\n")
    #expect(list.trials.map(\.file) == ["LA_E_2834763", "LA_E_8877452"])
    #expect(list.trials.map(\.label) == [.spoof, .bonafide])
    #expect(list.value(of: list.trials[0], in: "system") == "A11")
    #expect(list.value(of: list.trials[0], in: "speaker") == "LA_0039")
    #expect(try parse("LA_0028 CON_T_0000000 - CON spoof\n").trials[0].file == "CON_T_0000000")
  }

  @Test func asvspoof2021() throws {
    let la = try parse("LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\nLA_0001 LA_E_1 none - bonafide bonafide trim progress\n")
    #expect(la.trials.map(\.label) == [.spoof, .bonafide])
    #expect(la.value(of: la.trials[0], in: "codec") == "alaw")
    var progress = la
    try progress.select(split: "progress", path: "p.txt")
    #expect(progress.trials.map(\.file) == ["LA_E_1"])
    let df = try parse("LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -\n")
    #expect(df.value(of: df.trials[0], in: "vocoder") == "traditional_vocoder")
    #expect(df.value(of: df.trials[0], in: "task") == nil)
  }

  @Test func asvspoof5() throws {
    let list = try parse("E_0001 E_0000000000 F - - - AC3 A05 spoof -\nE_0002 E_0000000001 M C05 4 E_1 - - bonafide -\n")
    #expect(list.trials.map(\.label) == [.spoof, .bonafide])
    #expect(list.value(of: list.trials[0], in: "system") == "A05")
    #expect(list.value(of: list.trials[1], in: "codec") == "C05")
    let early = try parse("T_4850 T_0000000000 F - A05 spoof\n")
    #expect(early.value(of: early.trials[0], in: "system") == "A05")
    let keys = try parse("filename\tcm-label\nE_1\tbonafide\nE_2\tspoof\n")
    #expect(keys.trials.map(\.file) == ["E_1", "E_2"])
  }

  @Test func tablesOfVerdicts() throws {
    let list = try parse("file\tchannel\tverdict\ncall.wav\t1\tbonafide\ncall.wav\t2\tsynthetic\nmusic.wav\t-\tinconclusive\n")
    #expect(list.trials.map(\.label) == [.bonafide, .spoof, .neither])
    #expect(list.trials.map(\.channel) == [.number(1), .number(2), nil])
  }

  /// As spreadsheets write them: quotes, a comma and a line end in a field, a byte order mark.
  @Test func tablesWithCommas() throws {
    let text =
      "\u{FEFF}path,channel,label,note\r\n\"a, b.wav\",caller,spoof,\"says \"\"hello\"\"\nand goes\"\r\n"
      + "c d.wav,2,bonafide,\r\n\r\ne.wav,,bonafide,\r\nf.wav,1,,\r\n"
    let list = try parse(text)
    #expect(list.trials.map(\.file) == ["a, b.wav", "c d.wav", "e.wav", "f.wav"])
    #expect(list.trials.map(\.label) == [.spoof, .bonafide, .bonafide, .neither])
    #expect(list.trials.map(\.channel) == [.name("caller"), .number(2), nil, .number(1)])
    #expect(list.value(of: list.trials[0], in: "note") == "says \"hello\"\nand goes")
    // What the table calls so goes before another word for it.
    let both = try parse("path,verdict,label\na.wav,synthetic,bonafide\n")
    #expect(both.trials.map(\.label) == [.bonafide] && both.columns == ["file", "verdict", "label"])
    #expect(try parse("a.wav,bonafide\nb c.wav, synthetic\n").trials.map(\.label) == [.bonafide, .spoof])
  }

  @Test func listOfLabels() throws {
    #expect(try parse("a.wav bonafide\nb.wav spoof\n").trials.map(\.label) == [.bonafide, .spoof])
  }

  @Test func rttm() throws {
    let text = """
      ;; a comment
      SPEAKER call 1 1.50 2.00 <NA> <NA> synthetic 0.9 <NA>
      SPEAKER call 1 3.40 1.00 <NA> <NA> A07 <NA> <NA>
      SPEAKER call 2 0.00 9.00 <NA> <NA> bonafide <NA> <NA>
      SPEAKER other 1 0.00 9.00 <NA> <NA> bonafide <NA> <NA>
      """
    let list = try parse(text)
    #expect(list.trials.map(\.label) == [.spoof, .bonafide])
    #expect(list.segments?.spans(file: "calls/call.wav", channel: 1) == [Span(start: 1.5, end: 4.4)])
    #expect(list.segments?.spans(file: "call", channel: 2) == [])
    #expect(list.segments?.spans(file: "nothing", channel: 1) == nil)
  }

  @Test(arguments: [
    "CON_1 1 1 0 0 1", "CON_1 11001", "CON_1\t1 1 0 0 1", "CON_1 0.00-0.04-T/0.04-0.08-F/0.08-0.10-T 0",
    "CON_1 0.10 spoof 0.00-0.04-bonafide 0.04-0.08-spoof 0.08-0.10-bonafide",
  ])
  func segmentLabels(_ line: String) throws {
    let truth = try SegmentTruth(parsing: line + "\nREAL_1 1 1\n", path: "s.txt")
    #expect(truth.spans(file: "CON_1", channel: 1) == [Span(start: 0.04, end: 0.08)])
    #expect(truth.spans(file: "REAL_1.wav", channel: 1) == [])
    #expect(try parse(line + "\nREAL_1 1 1\n").trials.map(\.label) == [.spoof, .bonafide])
  }

  @Test(
    arguments: [
      ("", nil, "p.txt: is empty; a protocol has a line for each trial"),
      ("one two three\n", nil, "p.txt:1: is in no form of protocol that is known"),
      ("file\tlabel\na\tbonafide\n\nb\tperhaps\n", nil, "p.txt:4: label perhaps is none of"),
      ("file\tlabel\tlabel\n", nil, "p.txt:1: the header has two columns label"),
      ("file\tkind\tlabel\na\ttts\n", nil, "p.txt:2: has 2 columns, where the header has 3"),
      ("file\tlabel\n\tspoof\n", nil, "p.txt:2: names no file"),
      ("file\tlabel\tchannel\na\tspoof\t0\n", nil, "p.txt:2: channel 0 is neither a number from 1 nor a name"),
      ("path,label\n\"a\nb\",spoof\n\"a\nb\",bonafide\n", nil, "p.txt:4: a\nb has a line before"),
      ("path,label\na,perhaps\n", nil, "p.txt:2: label perhaps is none of"),
      ("path,label\nc,spoof\n\"a,spoof\n", nil, "p.txt:3: has a quote that is not closed"),
      ("file\tlabel\na\tspoof\na\tbonafide\n", nil, "p.txt:3: a has a line before"),
      ("a b - - bonafide\nc d - bonafide\n", nil, "p.txt:2: has 4 columns, where the first line has 5"),
      ("a b - - bonafide\nc d - - genuine\n", nil, "p.txt:2: key genuine in column 5 is not bonafide or spoof"),
      ("a b - - bonafide\n", .asvspoof2021, "p.txt:1: has 5 columns, which is not the form asvspoof2021"),
      ("a b - - bonafide\n", .table, "p.txt:1: the header names no columns file and label"),
      ("SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 -1 1 <NA> <NA> x <NA> <NA>\n", nil, "p.txt:2: channel, start or"),
      ("SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEECH a\n", nil, "p.txt:2: is no RTTM line"),
      ("a 1 1 0\nb 1 2\n", nil, "p.txt:2: has neither labels"),
    ] as [(String, ProtocolFormat?, String)])
  func whatIsUnreadableIsSaidWithItsLine(_ text: String, _ format: ProtocolFormat?, _ message: String) {
    #expect(failure { () throws(EvaluationError) in try parse(text, format) }.hasPrefix(message))
  }
}
