import Bonafide
import BonafideReport

/// Results of all kinds, made up.
enum Results {
  static let engine = EngineInfo(
    version: "1.2.3", narrowband: EngineInfo.Model(name: "narrowband", sha256: String(repeating: "0123456789abcdef", count: 4)),
    wideband: EngineInfo.Model(name: "wideband", sha256: String(repeating: "fedcba9876543210", count: 4)),
    second: EngineInfo.Model(name: "second", sha256: String(repeating: "02468ace", count: 8)))

  static let genuine = PartyResult(
    channel: 1, track: 1, trackChannel: 1, name: "agent", model: "narrowband", verdict: .bonafide, speech: 31.4159,
    llr: 6.78912, syntheticProbability: 0.0000594, stages: StageScores(first: 5.5, second: 2.25, coded: 0.125))

  static let call = FileResult(
    path: "calls/a call, \"loud\".wav", format: "WAV/ULAW", sampleRate: 8000, duration: 61.3, heard: 61.3, unheard: 0,
    bandwidth: 3400.4, verdict: .synthetic,
    parties: [
      genuine,
      PartyResult(
        channel: 2, track: 2, trackChannel: 1, name: "caller", model: "wideband", verdict: .synthetic, speech: 40.1,
        llr: -3.2, syntheticProbability: 0.5635448,
        segments: [
          Segment(start: 1.2, end: 8.44, llr: -4.1, syntheticProbability: 0.7605252),
          Segment(start: 60.9, end: 61.3, llr: -9.87654, syntheticProbability: 0.9990257),
        ]),
    ])

  static let copy = FileResult(
    path: "b.flac", format: "FLAC/PCM_16", sampleRate: 44100, duration: 4000.0004, heard: 3999.5, unheard: 49.3,
    verdict: .inconclusive,
    warnings: ["header promises 61.3 s, 12.0 s are there"],
    parties: [
      PartyResult(channel: 1, verdict: .inconclusive, reason: .noSpeech, speech: 0),
      PartyResult(channel: 2, sameAs: 1, verdict: .inconclusive, reason: .noSpeech, speech: 0),
      PartyResult(
        channel: 3, verdict: .inconclusive, reason: .ambiguous, speech: 2.5, llr: -0.0001, syntheticProbability: 0.05,
        timeline: Timeline(hop: 0.04, llr: [nil, 0.123456, -1.5, -0.001])),
    ])

  static let missing = FileResult(path: "nothing\u{1B}[31m.wav", error: "no such file")

  static let all = [call, copy, missing]
}
