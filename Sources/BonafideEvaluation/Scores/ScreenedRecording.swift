/// What a detector said of a recording.
public struct ScreenedRecording: Sendable, Equatable {
  /// A stretch that was flagged.
  public struct Stretch: Sendable, Equatable {
    public var span: Span
    /// Log-likelihood ratio of the speech inside, natural log; lower is more likely synthetic.
    public var llr: Double

    public init(span: Span, llr: Double) {
      self.span = span
      self.llr = llr
    }
  }

  /// One side of the recording.
  public struct Party: Sendable, Equatable {
    /// From 1.
    public var channel: Int
    /// `nil` where there was no speech.
    public var llr: Double?
    /// Seconds of speech.
    public var speech: Double
    public var stretches: [Stretch]
    /// Seconds between the scores of `frames`.
    public var hop: Double
    /// Score of each frame, `nil` where nobody speaks; empty where the report has no timeline.
    public var frames: [Float?]

    public init(channel: Int, llr: Double?, speech: Double, stretches: [Stretch], hop: Double = 0, frames: [Float?] = []) {
      self.channel = channel
      self.llr = llr
      self.speech = speech
      self.stretches = stretches
      self.hop = hop
      self.frames = frames
    }
  }

  public var path: String
  /// Seconds; `nil` where it could not be screened.
  public var duration: Double?
  /// Why it could not be screened.
  public var error: String?
  /// Channels that hold the samples of an earlier one are left out.
  public var parties: [Party]

  public init(path: String, duration: Double?, error: String? = nil, parties: [Party]) {
    self.path = path
    self.duration = duration
    self.error = error
    self.parties = parties
  }

  /// Score of a channel; of the whole recording, the lowest of its parties', since one synthetic party makes a
  /// recording synthetic. `nil` where nobody speaks.
  public func score(channel: Int?) -> Double? {
    parties.filter { channel == nil || $0.channel == channel }.compactMap(\.llr).min()
  }
}
