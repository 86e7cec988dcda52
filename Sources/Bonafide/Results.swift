import BonafideAudio

/// What is said of a party or a file.
public enum Verdict: String, Codable, Sendable, CaseIterable {
  /// A person's voice: the score is at the clear point or above.
  case bonafide
  /// A machine's voice, or a person's with a stretch of one: the score is at the alarm point or below, or a stretch is.
  case synthetic
  /// It can't be told: `Reason` says why.
  case inconclusive
}

/// Why a verdict is `inconclusive`.
public enum Reason: String, Codable, Sendable, CaseIterable {
  /// No speech was found.
  case noSpeech = "no_speech"
  /// Less speech than a judgement takes (about one second).
  case tooLittleSpeech = "too_little_speech"
  /// Speech drowns in noise, or stands so little out of it that a synthetic voice could pass for a person.
  case tooNoisy = "too_noisy"
  /// Speech is clipped so much that a machine's sounds like a person's.
  case tooDistorted = "too_distorted"
  /// The score lies between the clear point and the alarm point, or a stretch was flagged that is too short, or too weak beside the whole, to decide.
  case ambiguous
  /// There is audio in the recording that was not heard, and what was heard is not synthetic.
  case incomplete
}

/// A stretch of one party that sounds synthetic.
public struct Segment: Sendable, Equatable, Codable {
  /// Seconds from the start of the recording.
  public var start: Double
  /// Seconds from the start of the recording; greater than `start`.
  public var end: Double
  /// Log-likelihood ratio of the speech inside, natural log; higher is more likely bona fide.
  public var llr: Double
  /// Probability that the stretch is synthetic, from `llr` and the prior of the scan, in 0...1.
  public var syntheticProbability: Double

  /// A stretch from its parts.
  public init(start: Double, end: Double, llr: Double, syntheticProbability: Double) {
    self.start = start
    self.end = end
    self.llr = llr
    self.syntheticProbability = syntheticProbability
  }
}

/// Scores along one party.
public struct Timeline: Sendable, Equatable, Codable {
  /// Seconds between scores; score `i` stands for `i * hop ..< (i + 1) * hop`.
  public var hop: Double
  /// Smoothed log-likelihood ratio per hop; `nil` where nobody speaks.
  public var llr: [Float?]

  /// A timeline from its parts.
  public init(hop: Double, llr: [Float?]) {
    self.hop = hop
    self.llr = llr
  }
}

/// What the two stages say of a party, each by itself.
public struct StageScores: Sendable, Equatable, Codable {
  /// Log-likelihood ratio by the first stage, natural log; higher is more likely bona fide.
  public var first: Double
  /// Mean score of the second stage's windows, higher for bona fide, not calibrated; `nil` where it has heard none.
  public var second: Double?
  /// How strongly the speech is coded by what the second stage hears, 0 to 1, as by a codec of a low rate or, of wideband speech, by G.722: evidence
  /// for a synthetic voice counts less then. `nil` where it has heard none.
  public var coded: Double?

  /// Scores from their parts.
  public init(first: Double, second: Double?, coded: Double? = nil) {
    self.first = first
    self.second = second
    self.coded = coded
  }
}

/// The screening of one side of a call.
public struct PartyResult: Sendable, Equatable, Codable {
  /// Channel of the recording, from 1; counts on from track to track.
  public var channel: Int
  /// Track of the recording that the channel is of, from 1; `nil` for a mix and for samples that are in no file.
  public var track: Int?
  /// Channel of the track, from 1; `nil` with `track`.
  public var trackChannel: Int?
  /// The caller's name for the channel (`ScanOptions.channelNames`).
  public var name: String?
  /// The earlier channel that holds the very same samples, and whose result this is.
  public var sameAs: Int?
  /// Name of the model that judged it.
  public var model: String?
  /// What is said of the party.
  public var verdict: Verdict
  /// Why `verdict` is `inconclusive`; `nil` otherwise.
  public var reason: Reason?
  /// Seconds of speech found.
  public var speech: Double
  /// Seconds of speech on the channel that is the echo of another party, and was not counted.
  public var echo: Double
  /// Log-likelihood ratio, natural log; higher is more likely bona fide; `nil` where there was no speech.
  public var llr: Double?
  /// Probability that the voice is synthetic, from `llr` and the prior, in 0...1; `nil` where there was no speech.
  public var syntheticProbability: Double?
  /// Share of the samples of loud speech that are clipped, estimated, in 0...1; `nil` where there was too little speech.
  public var clipped: Double?
  /// How far the speech stands out of the noise in its pauses, in dB, at most 60; `nil` where there was no speech.
  public var signalToNoise: Double?
  /// What each stage says by itself; `nil` where the first one alone has listened.
  public var stages: StageScores?
  /// Samples of a stream that were not numbers, and were taken as 0. Those of a recording are in `FileResult.warnings`.
  public var nonNumbers = 0
  /// Samples of a stream that were beyond ±4 and were cut to that, as those are that have the scale of 16-bit integers.
  public var outOfRange = 0
  /// Stretches that sound synthetic, in order, not overlapping.
  public var segments: [Segment]
  /// Frame scores, when asked for.
  public var timeline: Timeline?
  /// What was heard along time, for drawings, when asked for.
  public var trace: PartyTrace?

  /// A result from its parts, as tests and stores of results need it.
  public init(
    channel: Int, track: Int? = nil, trackChannel: Int? = nil, name: String? = nil, sameAs: Int? = nil, model: String? = nil,
    verdict: Verdict, reason: Reason? = nil, speech: Double, echo: Double = 0, llr: Double? = nil,
    syntheticProbability: Double? = nil, clipped: Double? = nil, signalToNoise: Double? = nil, stages: StageScores? = nil,
    segments: [Segment] = [], timeline: Timeline? = nil, trace: PartyTrace? = nil
  ) {
    self.channel = channel
    self.track = track
    self.trackChannel = trackChannel
    self.name = name
    self.sameAs = sameAs
    self.model = model
    self.verdict = verdict
    self.reason = reason
    self.speech = speech
    self.echo = echo
    self.llr = llr
    self.syntheticProbability = syntheticProbability
    self.clipped = clipped
    self.signalToNoise = signalToNoise
    self.stages = stages
    self.segments = segments
    self.timeline = timeline
    self.trace = trace
  }
}

/// The screening of one recording, or the reason why there is none.
public struct FileResult: Sendable, Equatable, Codable {
  /// As the caller named it; `-` is standard input. U+FFFD stands for each byte that is not UTF-8.
  public var path: String
  /// The bytes of the path, where they are not UTF-8; `nil` where they are.
  public var pathBytes: [UInt8]?
  /// Container and encoding, such as `WAV/ULAW`.
  public var format: String?
  /// Of the recording, in Hz; the lowest of its parts' and tracks' where they differ, but no less than 8000.
  public var sampleRate: Int?
  /// Seconds from the start of the recording to the end of what was there, on the recording's own clock: gaps in which it
  /// has no audio count.
  public var duration: Double?
  /// Seconds of `duration` of which there was audio, and it was heard.
  public var heard: Double?
  /// Seconds that are known to be in the recording, or to be missing from its end, and that were not heard; 0 where none are.
  public var unheard: Double?
  /// Highest frequency with energy, in Hz.
  public var bandwidth: Double?
  /// `synthetic` if any party is, else `inconclusive` if any in which somebody speaks is or if there is none, else `bonafide`;
  /// `nil` with an error.
  public var verdict: Verdict?
  /// Why the file could not be screened, in one line.
  public var error: String?
  /// The same as a value: which kind of failure it is.
  public var failure: ScreeningError?
  /// What was odd in a file that was screened all the same, a line each.
  public var warnings: [String]
  /// One for each channel that was screened, in order; none with an error.
  public var parties: [PartyResult]

  /// A result from its parts, as tests and stores of results need it.
  public init(
    path: String, format: String? = nil, sampleRate: Int? = nil, duration: Double? = nil,
    heard: Double? = nil, unheard: Double? = nil, bandwidth: Double? = nil, verdict: Verdict? = nil, error: String? = nil, warnings: [String] = [],
    parties: [PartyResult] = []
  ) {
    self.path = path.readablePath
    pathBytes = path.hasForeignBytes ? path.pathBytes : nil
    self.format = format
    self.sampleRate = sampleRate
    self.duration = duration
    self.heard = heard
    self.unheard = unheard
    self.bandwidth = bandwidth
    self.verdict = verdict
    self.error = error
    self.warnings = warnings
    self.parties = parties
  }
}

extension FileResult {
  /// A path that opens the recording, whatever its bytes are.
  package var location: String { pathBytes.map { String(pathBytes: $0) } ?? path }
}
