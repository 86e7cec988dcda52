import Testing

@testable import Bonafide

/// What the second stage listens to.
struct SpeechWindowsTests {
  private func speech(_ index: Int) -> SpeechFrame { SpeechFrame(index: index, score: 0, weight: 1) }

  @Test func windowsStayFew() {
    var windows = SpeechWindows(sampleRate: 8000, hop: 0.04, slack: 1 << 15)
    let second = [Float](repeating: 0, count: 8000)
    for time in 0..<3600 {
      windows.append(second.span)
      for frame in 25 * time..<25 * (time + 1) { windows.append(speech(frame)) }
    }
    windows.finish()
    #expect((SpeechWindows.most / 2...SpeechWindows.most).contains(windows.all.count))
  }

  @Test func aWindowHoldsTheSamplesOfItsFrames() {
    var windows = SpeechWindows(sampleRate: 8000, hop: 0.04, slack: 1 << 15)
    let ramp = (0..<80_000).map(Float.init)
    windows.append(ramp.span)
    // Two seconds of silence, then speech: a window of four seconds with what comes shortly before, and one of what is left.
    for frame in 0..<250 { windows.append(frame >= 50 ? speech(frame) : nil) }
    windows.finish()
    #expect(windows.all.map(\.samples.first) == [12_800, 44_800])
    #expect(windows.all.map(\.samples.count) == [32_000, 32_000])
    #expect(windows.all.map { $0.speech.firstIndex(of: true) } == [SpeechWindows.lead, 0])
    #expect(windows.all.allSatisfy { $0.speech.drop { !$0 }.allSatisfy { $0 } })
  }

  /// What comes before speech is in no two windows, and the beginning has less of it.
  @Test func windowsDoNotOverlap() {
    var windows = SpeechWindows(sampleRate: 8000, hop: 0.04, slack: 0)
    let ramp = (0..<160_000).map(Float.init)
    for second in 0..<20 {
      windows.append(ramp[8000 * second..<8000 * (second + 1)].span)
      // From 0.2 s on; a pause of 0.2 s behind the first window, and one of a second behind the second.
      for frame in 25 * second..<25 * (second + 1) {
        windows.append(frame < 5 || (100..<105).contains(frame) || (200..<225).contains(frame) ? nil : speech(frame))
      }
    }
    windows.finish()
    #expect(windows.all.prefix(3).map(\.samples.first) == [0, 32_000, 68_800])
    for window in windows.all { #expect(window.samples.count == window.speech.count * 320) }
  }

  @Test func statisticsAreOfLoudSpeech() {
    // States of two samples: loud, 20 and 40 dB below, loud again but far from speech.
    let levels: [Float] = [1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 1, 1]
    let samples = levels.flatMap { [0.5 * $0, -0.5 * $0] }
    let speech = levels.indices.map { $0 < 3 }
    let mask = SpeechMask.of(samples, unit: 2, speech: speech)
    #expect(mask == levels.indices.map { $0 < 2 })
    // With what reaches as far as it may.
    #expect(SpeechMask.of(samples, unit: 2, speech: levels.indices.map { $0 == 4 }).enumerated().filter(\.element).map(\.offset) == [0, 1, 9])
    #expect(SpeechMask.of([Float](repeating: 0, count: 22), unit: 2, speech: speech) == speech)
    #expect(SpeechMask.of([], unit: 2, speech: []).isEmpty)
  }

  @Test func littleSpeechMakesNoWindow() {
    var windows = SpeechWindows(sampleRate: 8000, hop: 0.04, slack: 1 << 15)
    let silence = [Float](repeating: 0, count: 80_000)
    windows.append(silence.span)
    for frame in 0..<250 { windows.append(frame % 100 < 5 ? speech(frame) : nil) }
    windows.finish()
    #expect(windows.all.isEmpty)
  }
}
