import Foundation
import Testing

@testable import Bonafide

@Suite struct ColumnFoldTests {
  /// However long it goes on, there are less than twice the columns that were wanted, and at least those.
  @Test(arguments: [(1, 1), (3, 5), (10, 10), (10, 19), (10, 20), (10, 1000), (7, 12_345)])
  func columnsAreBounded(_ columns: Int, _ frames: Int) {
    var fold = ColumnFold(columns: columns, joining: .sum)
    for frame in 0..<frames { fold.add(1, at: frame) }
    let means = fold.means(of: frames)
    #expect(means.count <= 2 * columns)
    #expect(means.count >= min(columns, frames))
    #expect(means.allSatisfy { $0 == 1 })
    #expect(means.count == (frames + fold.span - 1) / fold.span)
  }

  @Test func valuesOfAColumnAreJoined() {
    let values: [Float] = [3, 1, 4, 1, 5, 9, 2, 6, 5]
    var (least, greatest, sum) = (
      ColumnFold(columns: 2, joining: .least), ColumnFold(columns: 2, joining: .greatest), ColumnFold(columns: 2, joining: .sum)
    )
    for (frame, value) in values.enumerated() {
      least.add(value, at: frame)
      greatest.add(value, at: frame)
      sum.add(value, at: frame)
    }
    // Columns of four frames.
    #expect(least.values == [1, 2, 5])
    #expect(greatest.values == [4, 9, 5])
    #expect(sum.means(of: 9) == [2.25, 5.5, 5])
  }

  /// Frames come late, as smoothed scores do, and some never; rows of a column are apart.
  @Test func framesComeInAnyOrder() {
    var fold = ColumnFold(columns: 4, height: 2, joining: .greatest)
    fold.add(1, at: 6, row: 1)
    fold.add(2, at: 0, row: 0)
    fold.add(3, at: 9, row: 1)
    #expect(fold.span == 2)
    let none = -Float.infinity
    let expected: [Float] = [2, none, none, none, none, none, none, 1, none, 3, none, none]
    #expect(fold.padded(to: 12) == expected)
  }

  /// A gap of any length costs no more than the columns it covers, and is the same as its frames one by one.
  @Test func rangesAreTheirFrames() {
    var (ranges, frames) = (ColumnFold(columns: 5, joining: .sum), ColumnFold(columns: 5, joining: .sum))
    for range in [2..<3, 10..<77, 80..<80, 100..<123] {
      ranges.add(1, at: range)
      for frame in range { frames.add(1, at: frame) }
    }
    #expect(ranges.values == frames.values && ranges.span == frames.span)
  }
}

@Suite struct PartyTraceTests {
  private static func scan(_ path: String, columns: Int = 5000, bands: Int = 64) throws -> PartyResult {
    var options = ScanOptions()
    options.timeline = true
    options.trace = (columns: columns, bands: bands)
    return try #require(try Detector.default.fast.scan(path, options: options).parties.first)
  }

  private static var prompt: String { get throws { try golden("prompt.wav").path } }

  /// As finely as there are scores, a trace is the timeline.
  @Test func evidenceIsTheTimeline() throws {
    let party = try Self.scan(try Self.prompt)
    let (trace, timeline) = (try #require(party.trace), try #require(party.timeline))
    #expect(trace.hop == timeline.hop)
    #expect(trace.lowest == timeline.llr && trace.highest == timeline.llr)
    #expect(trace.speech == timeline.llr.map { $0 == nil ? 0 : 1 })
    #expect(trace.echo.allSatisfy { $0 == 0 } && trace.missing.allSatisfy { $0 == 0 })
    let least = try #require(timeline.llr.compactMap(\.self).min())
    let place = try #require(timeline.llr.firstIndex(of: least))
    #expect(trace.lowestAt == timeline.hop * (Double(place) + 0.5))
    #expect(trace.beyondAlarm == timeline.hop * Double(timeline.llr.count { $0.map { Double($0) <= trace.alarm } ?? false }))
  }

  /// With fewer columns, each has the lowest and the highest of its frames.
  @Test func columnsHoldTheirFrames() throws {
    let party = try Self.scan(try Self.prompt, columns: 20, bands: 16)
    let (trace, timeline) = (try #require(party.trace), try #require(party.timeline))
    let span = Int((trace.hop / timeline.hop).rounded())
    #expect((20...40).contains(trace.lowest.count))
    for (column, lowest) in trace.lowest.enumerated() {
      let frames = timeline.llr[(column * span)..<min((column + 1) * span, timeline.llr.count)].compactMap(\.self)
      #expect(lowest == frames.min() && trace.highest[column] == frames.max())
    }
    #expect(trace.bands == 16 && trace.spectra.count % 16 == 0)
    #expect((20...40).contains(trace.spectra.count / 16))
  }

  /// A tone lies in the band of its frequency at the energy that it has, and silence is dark.
  @Test func spectraAreWhatIsHeard() throws {
    let folder = try TemporaryFolder()
    let tone = (0..<16_000).map { Float(0.5 * sin(2 * Double.pi * 1000 * Double($0) / 8000)) }
    let path = try folder.writeWAV("tone.wav", channels: [tone + [Float](repeating: 0, count: 16_000)])
    let trace = try #require(try Self.scan(path, bands: 32).trace)
    func column(_ seconds: Double) -> ArraySlice<Float> {
      let first = Int(seconds / trace.spectrumHop) * trace.bands
      return trace.spectra[first..<first + trace.bands]
    }
    let loud = column(1)
    let peak = try #require(loud.max())
    let band = try #require(loud.firstIndex(of: peak)) - loud.startIndex
    // Mel: 1127 ln(1 + f / 700).
    func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }
    let expected = (mel(1000) - mel(trace.lowEdge)) / (mel(trace.highEdge) - mel(trace.lowEdge)) * Double(trace.bands)
    #expect(abs(Double(band) + 0.5 - expected) <= 1.5)
    #expect(peak - (try #require(loud.min())) > 5)
    #expect(column(3.5).allSatisfy { $0 == PartyTrace.silence })
    #expect(abs(trace.peaks[Int(1 / trace.peakHop)] - 0.5) < 0.01)
    #expect(trace.peaks[Int(3 / trace.peakHop)] == 0)
  }

  /// A gap at the end, as a container promises it, takes no more columns than any other.
  @Test func aGapAtTheEndIsInColumns() throws {
    var options = ScanOptions()
    options.trace = (columns: 20, bands: 16)
    let stream = try Detector.default.fast.makeStream(sampleRate: 8000, options: options)
    _ = try stream.append((0..<16_000).map { Float(0.1 * sin(Double($0) / 3)) })
    for _ in 0..<100 { _ = try stream.append(missing: 8000 * 3600) }
    let trace = try #require(try stream.finish().trace)
    #expect((20...40).contains(trace.peaks.count) && (20...40).contains(trace.spectra.count / 16) && (20...40).contains(trace.missing.count))
  }

  @Test func noneIsKeptUnlessAskedFor() throws {
    #expect(try Detector.default.fast.scan(try Self.prompt).parties.first?.trace == nil)
    var options = ScanOptions()
    options.trace = (columns: 0, bands: 32)
    #expect(throws: ScreeningError.self) { try options.validate() }
  }
}
