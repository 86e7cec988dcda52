import Bonafide
import Foundation
import Testing

@testable import BonafideReport
@testable import bonafide

@Suite struct PageTests {
  /// The page and its recordings can be moved together.
  @Test(arguments: [
    ("calls/a.wav", "report.html", "./calls/a.wav"), ("calls/a.wav", "out/report.html", "../calls/a.wav"),
    ("calls/a.wav", "calls/report.html", "./a.wav"), ("calls/1:2 ü%<.wav", "report.html", "./calls/1%3A2%20%C3%BC%25%3C.wav"),
  ])
  func linksAreRelative(_ recording: String, _ page: String, _ link: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(recording, [])
    try folder.write(page, [])
    #expect(address(of: folder.path(recording), from: folder.path(page)) == link)
  }

  @Test func linksOfNothingAreNone() throws {
    let folder = try TemporaryFolder()
    #expect(address(of: folder.path("gone.wav"), from: folder.path("report.html")) == nil)
    let file = try folder.write("a b.wav", [])
    #expect(address(of: file, from: nil) == "file://" + file.replacing(" ", with: "%20"))
  }

  /// The more recordings, the less is drawn of each; ten thousand parties take less than thirty megabytes.
  @Test(arguments: [1, 2, 100, 1000, 5000, 10_000])
  func drawingsHaveABound(_ recordings: Int) {
    let trace = PageScan.trace(recordings: recordings)
    #expect((32...600).contains(trace.columns))
    #expect(recordings > 2 || trace.columns == 600)
    let characters = 2 * trace.columns * (trace.bands + 6) * 2 * recordings
    if recordings <= 5000 { #expect(characters < 25_000_000) }
  }

  /// What is around a flagged stretch is heard with it, once where they are near, and in two channels where there are two parties.
  @Test func flaggedStretchesAreHeard() throws {
    let folder = try TemporaryFolder()
    let silence = [Int16](repeating: 0, count: 40 * 8000)
    let path = try folder.write("call.wav", wav([silence, silence, silence]))
    func party(_ channel: Int, _ stretches: [(Double, Double)]) -> PartyResult {
      PartyResult(
        channel: channel, verdict: .synthetic, speech: 9, segments: stretches.map { Segment(start: $0.0, end: $0.1, llr: -5, syntheticProbability: 0.9) })
    }
    func clips(_ audio: EmbeddedAudio, _ parties: [PartyResult], mix: Bool = false) -> [[Double]] {
      let exhibits = Exhibits(audio: audio, page: folder.path("report.html"), raw: nil, mix: mix)
      let exhibit = exhibits.exhibit(of: FileResult(path: path, duration: 40, parties: parties))
      #expect(exhibit.sha256?.count == 64 && exhibit.link == "./call.wav")
      #expect(exhibit.clips.allSatisfy { $0.opus.starts(with: Array("OggS".utf8)) })
      return exhibit.clips.map { [$0.start, $0.end] + $0.channels.map(Double.init) }
    }
    let (first, second) = (party(1, [(2, 4), (12, 13), (30, 31)]), party(2, [(37, 39)]))
    #expect(clips(.flagged, [first, second]) == [[0, 18, 1, 2], [25, 40, 1, 2]])
    #expect(clips(.none, [first, second]) == [])
    #expect(clips(.all, [first, second]) == [[0, 40, 1, 2]])
    #expect(clips(.flagged, [first], mix: true) == [[0, 18], [25, 36]])
    #expect(clips(.flagged, [first, second, party(3, [])]) == [[0, 18, 1], [25, 36, 1], [32, 40, 2]])
    var same = second
    same.sameAs = 1
    #expect(clips(.flagged, [first, same]) == [[0, 18, 1], [25, 36, 1]])
  }

  /// Of a call that is flagged from end to end a minute is in the page: the strongest stretches, and the begin of one that does not fit.
  @Test func flaggedAudioInAPageHasABound() throws {
    let folder = try TemporaryFolder()
    let silence = [Int16](repeating: 0, count: 200 * 8000)
    let path = try folder.write("call.wav", wav([silence, silence, silence]))
    func clips(_ stretches: [(Double, Double, Double)]...) -> [[Double]] {
      let parties = stretches.enumerated().map { index, stretches in
        let segments = stretches.map { Segment(start: $0.0, end: $0.1, llr: $0.2, syntheticProbability: 0.9) }
        return PartyResult(channel: index + 1, verdict: .synthetic, speech: 99, segments: segments)
      }
      let exhibits = Exhibits(audio: .flagged, page: folder.path("report.html"), raw: nil, mix: false)
      let exhibit = exhibits.exhibit(of: FileResult(path: path, duration: 200, parties: parties))
      return exhibit.clips.map { [$0.start, $0.end] + $0.channels.map(Double.init) }
    }
    #expect(clips([(0, 200, -9)], [(0, 200, -8)]) == [[0, 60, 1, 2]])
    #expect(clips([(10, 20, -3), (50, 60, -9)], [(100, 190, -5)]) == [[45, 65, 1, 2], [95, 135, 1, 2]])
    // What is heard anyway counts once.
    #expect(clips([(50, 60, -9), (80, 90, -8)], [(40, 190, -5)]) == [[35, 95, 1, 2]])
    // A begin that hardly reaches the stretch is left out, and what is weaker but fits is not.
    #expect(clips([(0, 47, -9), (100, 120, -8), (50, 52, -7)], []) == [[0, 57, 1, 2]])
    // Of more than two parties each has its own, of the same minute.
    #expect(clips([(0, 50, -8)], [(0, 30, -9)], []) == [[0, 25, 1], [0, 35, 2]])
  }

  /// Of a recording of eight hours, two channels: 24 kb/s each, in base 64.
  @Test func muchAudioInAPageIsSaidBeforehand() throws {
    let folder = try TemporaryFolder()
    func recordings(hours: Int) throws -> [Recording] {
      let bytes = hours * 3600 * 16_000
      let header = WAVHeader(encoding: 7, channelCount: 2, sampleRate: 8000, bits: 8, dataSize: UInt32(bytes)).bytes
      let path = try folder.write("long.wav", header)
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.truncate(atOffset: UInt64(header.count + bytes))
      return [Recording(path: path, size: Int64(bytes)), Recording(path: folder.path("gone.wav"), size: 0, problem: "no such file")]
    }
    #expect(
      PageScan.sizeWarning(for: try recordings(hours: 8), raw: nil)
        == "the page will have about 230 MB of audio; --embed-audio flagged takes less")
    #expect(PageScan.sizeWarning(for: try recordings(hours: 3), raw: nil) == nil)
  }

  @Test(arguments: [["--embed-audio", "all"], ["--format", "html", "--sort", "llr"], ["--format", "html", "--timeline"]])
  func optionsThatDoNotGoTogether(_ options: [String]) throws {
    #expect(try bonafide(["scan", "--fast"] + options + [promptPath]).status == 64)
  }

  /// A page to standard output is whole, and says what screened the call.
  @Test func aPageGoesToStandardOutput() throws {
    let run = try bonafide(["scan", "--fast", "--format", "html", "--alarm-at", "-2", promptPath])
    #expect(run.errors == "" && run.output.hasPrefix("<!DOCTYPE html>") && run.output.hasSuffix("</script>\n</body>\n</html>\n"))
    for said in ["[\"--alarm-at\",\"-2.0\"]", "\"narrowband\":{\"alarm\":-2,", "\"own_points\":0", "\"link\":\"file:///", "{\"traces\":[{"] {
      #expect(run.output.contains(said), "\(said)")
    }
  }
}
