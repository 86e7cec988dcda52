import BonafideEvaluation
import Testing

@testable import BonafideReport

/// How reports of evaluations tell what was answered.
@Suite struct AnswersTests {
  @Test func answersAndMistakesAreInEveryForm() throws {
    func recording(_ path: String, _ answer: ScreenedRecording.Answer, _ llr: Double?) -> ScreenedRecording {
      ScreenedRecording(path: path, duration: 2, parties: [.init(channel: 1, answer: answer, llr: llr, speech: 1, stretches: [])])
    }
    let recordings = [
      recording("a.wav", .flagged, -4.25), recording("<b>.wav", .cleared, 3), recording("c.wav", .inconclusive("no_speech"), nil),
      recording("d.wav", .cleared, 2.5), recording("e.wav", .cleared, 1.5), recording("f.wav", .flagged, -3),
    ]
    let table = """
      path,label,line
      a.wav,bonafide,gsm
      <b>.wav,bonafide,<isdn>
      c.wav,bonafide,gsm
      d.wav,spoof,gsm
      e.wav,spoof,-
      f.wav,spoof,gsm

      """
    var options = EvaluationOptions()
    options.breakdownColumns = ["line"]
    let evaluation = try Evaluation(
      trials: TrialList(parsing: table, path: "t.csv"), scores: ScoreTable(recordings: recordings), options: options)
    var info = EvaluationInfo(
      version: "1", protocolPath: "t.csv", split: nil, scoresPath: "s.csv", engine: nil,
      points: [.init(model: "narrowband", alarm: -2, clear: 1.25)])
    info.mostMistakes = 1
    let text = EvaluationTextReport().report(on: evaluation, info: info)
    for line in [
      "\nPoints in force: narrowband −2.00 and 1.25\n", "  AS ANSWERED                              SHARE      95 % INTERVAL\n",
      "  bona fide flagged                      33.33 %       0.84 – 90.57  1 of 3\n",
      "  bona fide inconclusive                 33.33 %       0.84 – 90.57  1 of 3\n    no_speech                            33.33 %",
      "  spoof cleared                          66.67 %       9.43 – 99.16  2 of 3\n",
      "  ANSWERED BY LINE             TRIALS                        FLAGGED                        CLEARED                   INCONCLUSIVE\n",
      "  <isdn>            bona fide       1      0.00 %       0.00 – 97.50    100.00 %      2.50 – 100.00      0.00 %       0.00 – 97.50\n",
      "  gsm               bona fide       2     50.00 %       1.26 – 98.74      0.00 %       0.00 – 84.19     50.00 %       1.26 – 98.74\n",
      "  gsm                   spoof       2     50.00 %       1.26 – 98.74     50.00 %       1.26 – 98.74      0.00 %       0.00 – 84.19\n",
      "         LLR  BONA FIDE FLAGGED: 1\n       −4.25  a.wav\n", "         LLR  SPOOF CLEARED: 2, the worst 1\n        2.50  d.wav\n",
    ] { #expect(text.contains(line), "\(line)") }
    let json = EvaluationJSONReport().report(on: evaluation, info: info)
    #expect(try JSONSchema.ofEvaluations().faults(in: json) == [])
    for part in [
      #""points":[{"model":"narrowband","alarm_llr":-2,"clear_llr":1.25}]"#,
      #""flagged":{"count":1,"share":0.333333,"low":0.008404,"high":0.905701}"#, #""reasons":{"no_speech":{"count":1"#,
      #""answer_groups":[{"column":"line","value":"<isdn>","answers":[{"label":"bonafide","trials":1,"flagged":{"count":0,"share":0,"#,
      #"{"label":"bonafide","file":"a.wav","channel":null,"llr":-4.25,"verdict":"synthetic"}"#,
    ] { #expect(json.contains(part), "\(part)") }
    info.mostMistakes = 2
    let page = EvaluationPage().report(on: evaluation, info: info).replacing(#/\ data-column="[^"]*"/#, with: "")
    #expect(page.contains("<tr><td>bona fide flagged</td><td>33.33 %</td><td>0.84 – 90.57</td><td>1 of 3</td></tr>"))
    #expect(page.contains("<h2>As answered, by line</h2>"))
    #expect(
      page.contains(
        "<tr><td>&lt;isdn&gt;</td><td>bona fide</td><td>1</td><td>0.00 %</td><td>0.00 – 97.50</td><td>100.00 %</td>"
          + "<td>2.50 – 100.00</td><td>0.00 %</td><td>0.00 – 97.50</td></tr>"))
    #expect(page.contains("<h2>Worst mistakes: spoof cleared, 2 of 2</h2>") && page.contains("<td>e.wav</td><td>1.50</td>"))
    // One class has no curve.
    let genuine = try Evaluation(
      trials: TrialList(parsing: "path,label\na.wav,bonafide\n<b>.wav,bonafide\n", path: "t.csv"),
      scores: ScoreTable(recordings: recordings))
    let part = EvaluationPage().report(on: genuine, info: info)
    #expect(part.contains("bona fide cleared") && !part.contains("<svg") && !part.contains("Figures of scores"))
    #expect(EvaluationTextReport().report(on: genuine, info: info).contains("no error rates: they need scores of both classes"))
  }
}
