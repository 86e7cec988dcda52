import Bonafide
import Foundation
import Testing

@testable import BonafideReport

@Suite struct InfoTests {
  /// The built-in card with other words and counts in it.
  static func card(training: String, metrics: String, rate: Int = 8000) throws -> ModelCard {
    var card = try Model.narrowband.card
    card.version = "7"
    card.features.sampleRate = rate
    card.operatingPoints.alarm = -2.25
    card.operatingPoints.clear = 1.04
    card.training = try JSONDecoder().decode([String: JSONValue].self, from: Data(training.utf8))
    card.metrics = try JSONDecoder().decode([String: JSONValue].self, from: Data(metrics.utf8))
    return card
  }

  static let shares = #"{"bonafide_flagged": 0.0049, "bonafide_cleared": 0.6, "spoof_flagged": 0.50606, "spoof_cleared": null}"#

  @Test func aModelIsSummedUpInWords() throws {
    let card = try Self.card(
      training: #"{"date": "2026-11-27", "bonafide_clips": 8385, "spoof_clips": 1014089, "generators": 683, "sources": 332}"#,
      metrics: #"{"clips": \#(Self.shares)}"#)
    #expect(
      ModelSummary(card: card, second: nil).text == """
        Model     narrowband 7
        For       Hears whether a voice is a person's or synthetic, in telephone calls.
                  An answer is evidence that a person weighs: do not accuse or refuse anybody on it alone.
        Trained   2026-11-27
        On        8,385 clips of people and 1,014,089 of synthetic voices of 683 generators, from 332
                  sources
        Verdicts  synthetic at an LLR of −2.3 and below, bona fide at 1.0 and above, inconclusive between
                  (LLR: log-likelihood ratio; above 0 the voice is more like a person's, below 0 more like a
                  machine's)
        Mistakes  In per cent of voices, by the first stage alone, on development data that it was not
                  trained on. The rest is inconclusive.
                                          people    people  machines  machines
                                         flagged   cleared   flagged   cleared
                  up to 4 s of speech        0.5      60.0      50.6         –

        """)
  }

  @Test func bothStagesAreSummedUpWhereBothListen() throws {
    let card = try Self.card(training: "{}", metrics: "{}")
    var second = try SecondStage.builtIn.card
    second.version = "9"
    second.training = ["bonafide": .number(26_624), "clips": .number(87_346), "sources": .number(503), "date": .string("2026-11-28")]
    second.fusions["narrowband"]?.operatingPoints.alarm = -3
    second.metrics = try JSONDecoder().decode(
      [String: JSONValue].self,
      from: Data(#"{"conditions": {"dev ulaw 4 s": \#(Self.shares), "dev3 gsm 12 s": \#(Self.shares)}}"#.utf8))
    let lines = ModelSummary(card: card, second: second).text.split(separator: "\n")
    #expect(lines[0] == "Model     narrowband 7, and the second stage, second 9")
    #expect(lines[3] == "Trained   (the card does not say when), the second stage 2026-11-28")
    #expect(lines[4] == "On        second stage: 26,624 clips of people and 60,722 of synthetic voices, from 503 sources,")
    #expect(lines.contains { $0.hasPrefix("Verdicts  synthetic at an LLR of −3.0 and below") })
    #expect(lines.contains { $0.contains("by both stages") })
    #expect(
      lines.suffix(2) == [
        "          µ-law, up to 4 s                   0.5      60.0      50.6         –",
        "          newer generators, GSM, 12 s        0.5      60.0      50.6         –",
      ])
    second.fusions = [:]
    #expect(ModelSummary(card: card, second: second).text.hasPrefix("Model     narrowband 7\n"))
  }

  @Test func theBandSaysWhatItIsFor() throws {
    let card = try Self.card(training: "{}", metrics: "{}", rate: 16_000)
    let text = ModelSummary(card: card, second: nil).text
    #expect(text.contains("internet calls"))
    #expect(text.contains("\nOn        the card does not say what\n"))
    #expect(!text.contains("Mistakes"))
  }

  @Test func builtInModelsHaveASummary() throws {
    for arguments in [["info"], ["info", "--wideband"]] {
      let run = try bonafide(arguments)
      #expect(run.status == 0)
      for label in ["Model", "For", "Trained", "On", "Verdicts", "Mistakes"] { #expect(run.output.contains("\(label) "), "\(arguments)") }
      #expect(!run.output.contains("–"), "\(arguments): a figure is missing")
      #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
      #expect(!run.output.contains("sha256"))
    }
  }

  @Test func theWholeCardIsPrintedWhereItIsAskedFor() throws {
    let model = try Model.narrowband
    let text = try bonafide(["info", "--verbose"])
    #expect(text.status == 0)
    #expect(text.output.contains(model.sha256))
    #expect(text.output.contains("features.sample_rate_hz"))
    #expect(try bonafide(["info", "-v"]) == text)
    let json = try bonafide(["info", "--format", "json"])
    #expect(try JSONDecoder().decode(ModelCard.self, from: Data(json.output.utf8)) == model.card)
  }
}
