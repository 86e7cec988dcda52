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

  /// What a detector answered.
  public enum Answer: Sendable, Hashable {
    /// `synthetic`.
    case flagged
    /// `bonafide`.
    case cleared
    /// Neither, and why, as reports name it.
    case inconclusive(String)

    /// The answer of a verdict and its reason, by their names in reports; `nil` for other names.
    public init?(verdict: String, reason: String?) {
      switch verdict {
      case "synthetic": self = .flagged
      case "bonafide": self = .cleared
      case "inconclusive": self = .inconclusive(reason ?? "")
      default: return nil
      }
    }

    /// The verdict by its name in reports.
    public var verdict: String {
      switch self {
      case .flagged: "synthetic"
      case .cleared: "bonafide"
      case .inconclusive: "inconclusive"
      }
    }
  }

  /// One side of the recording.
  public struct Party: Sendable, Equatable {
    /// From 1.
    public var channel: Int
    /// Of the channel, where it was given one.
    public var name: String?
    /// `nil` where there is none to be had.
    public var answer: Answer?
    /// `nil` where there was no speech.
    public var llr: Double?
    /// Seconds of speech.
    public var speech: Double
    public var stretches: [Stretch]
    /// Seconds between the scores of `frames`.
    public var hop: Double
    /// Score of each frame, `nil` where nobody speaks; empty where the report has no timeline.
    public var frames: [Float?]

    public init(
      channel: Int, name: String? = nil, answer: Answer? = nil, llr: Double?, speech: Double, stretches: [Stretch], hop: Double = 0,
      frames: [Float?] = []
    ) {
      self.channel = channel
      self.name = name
      self.answer = answer
      self.llr = llr
      self.speech = speech
      self.stretches = stretches
      self.hop = hop
      self.frames = frames
    }

    /// The score of what decided: of the party, but where it is flagged of the stretch that is more synthetic, if one is.
    var decidingScore: Double? {
      guard answer == .flagged else { return llr }
      return ([llr].compactMap { $0 } + stretches.map(\.llr)).min()
    }

    /// Whether the party is the one that a trial is about.
    func isOn(_ wanted: Trial.Channel) -> Bool {
      switch wanted {
      case .number(let number): channel == number
      case .name(let name): self.name == name
      }
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

  /// Parties of a channel, or all.
  func parties(on channel: Trial.Channel?) -> [Party] {
    channel.map { channel in parties.filter { $0.isOn(channel) } } ?? parties
  }

  /// Score of a channel; of the whole recording, the lowest of its parties', since one synthetic party makes a
  /// recording synthetic. `nil` where nobody speaks.
  public func score(channel: Trial.Channel?) -> Double? { parties(on: channel).compactMap(\.llr).min() }

  /// What was answered of a channel, or of the whole recording as scan does it: flagged if any party is, else inconclusive if any
  /// is on whose channel somebody speaks, else cleared. `nil` where there are no answers.
  public func answer(channel: Trial.Channel?) -> Answer? {
    let answers = parties(on: channel).compactMap(\.answer)
    if answers.contains(.flagged) { return .flagged }
    let silent = Answer.inconclusive("no_speech")
    let speaking = answers.filter { $0 != silent }
    return speaking.first { $0 != .cleared } ?? speaking.first ?? answers.first
  }
}
