import Foundation
import Testing

@testable import BonafideReport

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
