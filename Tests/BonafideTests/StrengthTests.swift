import Bonafide
import Foundation
import Testing

@Suite struct StrengthTests {
  @Test(arguments: [
    (1.0, StrengthOfEvidence.none), (1.999, .none), (2.001, .weak), (9.99, .weak), (10.01, .moderate), (99.9, .moderate),
    (100.1, .moderatelyStrong), (999, .moderatelyStrong), (1001, .strong), (9999, .strong), (10_001, .veryStrong),
    (999_999, .veryStrong), (1_000_001, .extremelyStrong), (.infinity, .extremelyStrong), (0.001, .none), (.nan, .none),
  ])
  func bordersAreTheGuidelines(_ ratio: Double, _ strength: StrengthOfEvidence) {
    #expect(StrengthOfEvidence(llr: log(ratio)) == strength)
  }

  /// Words are for the verdict: of a stretch where one decides, and none where the points put a verdict against the evidence.
  @Test func wordsAreOfTheVerdict() {
    func party(_ verdict: Verdict, _ llr: Double?, stretch: Double? = nil) -> PartyResult {
      PartyResult(
        channel: 1, verdict: verdict, speech: 10, llr: llr,
        segments: stretch.map { [Segment(start: 1, end: 4, llr: $0, syntheticProbability: 0.5)] } ?? [])
    }
    #expect(party(.synthetic, 3, stretch: -5).strength == .moderatelyStrong)
    #expect(party(.synthetic, 3, stretch: -5).decidingLLR == -5)
    #expect(party(.synthetic, -8, stretch: -5).decidingLLR == -8)
    #expect(party(.synthetic, 9).strength == StrengthOfEvidence.none)
    #expect(party(.bonafide, 9).strength == .strong)
    #expect(party(.bonafide, -9).strength == StrengthOfEvidence.none)
    #expect(party(.inconclusive, -1).strength == .weak)
    #expect(party(.inconclusive, nil).strength == nil)
    #expect(party(.synthetic, 3, stretch: -5).flagged == 3)
  }
}
