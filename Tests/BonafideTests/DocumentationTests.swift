import Bonafide
import Foundation
import Testing

/// The examples of the documentation, as it has them: that they compile is the test, and that it has no others.
@Suite struct DocumentationTests {
  func aRecording() throws {
    let result = try Detector.default.scan("call.wav")
    for party in result.parties {
      print(party.channel, party.verdict, party.llr ?? .nan, party.segments)
    }
  }

  func samplesInMemory(samples: [Float]) throws {
    let party = try Detector.default.score(samples, sampleRate: 16_000)
    print(party)
  }

  func aPartyThatTalks(packets: [[UInt8]]) throws {
    let stream = try Detector.default.makeStream(sampleRate: 8000)
    for packet in packets {
      let update = try stream.append(muLaw: packet)
      if update.verdict == .synthetic { print("at \(update.time) s: LLR", update.llr ?? .nan) }
    }
    let party = try stream.finish()
    print(party)
  }

  func severalAtOnce(paths: [String]) async throws {
    let detector = try Detector.default
    await withTaskGroup(of: FileResult.self) { group in
      for path in paths { group.addTask { detector.scan(path) } }
      for await result in group where result.verdict == .synthetic {
        print(result.path)
        group.cancelAll()
      }
    }
  }

  func headerless(path: String) throws {
    var options = ScanOptions()
    options.raw = RawFormat(encoding: .ulaw, sampleRate: 8000)
    options.prior = 0.01
    let detector = try Detector.default.adjusted(to: SiteProfile(path: "our.json"))
    let result = detector.scan("dump.raw", options: options)
    if case .audio(let error)? = result.failure, error.code == .notFound { print("no such file") }
    let json = try JSONEncoder().encode(result)
    print(json)
  }

  @Test func examplesAreTheseOnes() throws {
    let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: package.appending(path: "Sources/Bonafide/Bonafide.docc/Bonafide.md"), encoding: .utf8)
    func lines(_ text: some StringProtocol) -> [String] {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("import ") }
    }
    let blocks = page.components(separatedBy: "```swift").dropFirst().compactMap { $0.components(separatedBy: "```").first }
    #expect(blocks.count == 5)
    let compiled = lines(source).joined(separator: "\n")
    for block in blocks {
      #expect(compiled.contains(lines(block).joined(separator: "\n")), "not compiled here:\n\(block)")
    }
  }
}
