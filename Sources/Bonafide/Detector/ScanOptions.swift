import BonafideAudio

/// How recordings are screened.
public struct ScanOptions: Sendable {
  /// Share of parties that are synthetic before anything is heard, in 0...1; moves probabilities, not verdicts.
  public var prior = 0.05
  /// LLR at or below which a party is `synthetic`, instead of the model's own; the point for stretches moves with it.
  public var alarmAt: Double?
  /// LLR at or above which a party is `bonafide`, instead of the model's own.
  public var clearAt: Double?
  /// Screen the mean of all channels as one party.
  public var mix = false
  /// Names of channels, first to last; channels without one, or with an empty one, have none.
  public var channelNames: [String] = []
  /// Take recordings for headerless samples of this kind.
  public var raw: RawFormat?
  /// Threads that the parties of one recording are screened on.
  public var threads = 1
  /// Keep frame scores in the results.
  public var timeline = false

  /// The model's own points, a prior of 5 %, one thread, each channel by itself.
  public init() {}
}
