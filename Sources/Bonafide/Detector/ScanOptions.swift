import BonafideAudio

/// How to read samples that have no header: `ScanOptions.raw`.
public typealias RawFormat = BonafideAudio.RawFormat

/// What is wrong with a recording: `ScreeningError.audio`.
public typealias AudioError = BonafideAudio.AudioError

/// How recordings are screened.
public struct ScanOptions: Sendable {
  /// Share of parties that are synthetic before anything is heard, greater than 0 and less than 1; moves probabilities, not verdicts.
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
  /// Threads that the parties of one recording, and what the second stage hears of them, are screened on, 1 to 1024.
  public var threads = 1
  /// Keep frame scores in the results.
  public var timeline = false
  /// Columns and mel bands of the drawings of each party that are kept in the results (`PartyTrace`), 1 to 100,000 and 1 to 1000; `nil`
  /// for none.
  public var trace: (columns: Int, bands: Int)?

  /// The model's own points, a prior of 5 %, one thread, each channel by itself.
  public init() {}

  /// Checks that the options make sense. `Detector.scan` and `makeStream` check them, too.
  ///
  /// - Parameter detector: whose points stand where the options have none; `nil` leaves that open.
  /// - Throws: `ScreeningError.badOption`.
  public func validate(for detector: Detector? = nil) throws(ScreeningError) {
    guard prior > 0, prior < 1 else {
      throw .badOption("prior is a share of parties, greater than 0 and less than 1, not \(prior)")
    }
    for (name, point) in [("alarmAt", alarmAt), ("clearAt", clearAt)] {
      if let point, !point.isFinite { throw .badOption("\(name) is an LLR, or nil for the model's own, not \(point)") }
    }
    guard (1...1024).contains(threads) else { throw .badOption("threads are 1 to 1024, not \(threads)") }
    if let trace {
      guard (1...100_000).contains(trace.columns), (1...1000).contains(trace.bands) else {
        throw .badOption("trace has 1 to 100000 columns and 1 to 1000 bands, not \(trace.columns) and \(trace.bands)")
      }
    }
    guard alarmAt != nil || clearAt != nil else { return }
    let points = detector.map { detector in
      detector.models.map(detector.operatingPoints).map { (alarmAt ?? $0.alarm, clearAt ?? $0.clear) }
    }
    for (alarm, clear) in points ?? [(alarmAt ?? -.infinity, clearAt ?? .infinity)] where alarm >= clear {
      throw .badOption("alarmAt (\(alarm)) must be less than clearAt (\(clear)); where one is nil it is the model's own")
    }
  }
}
