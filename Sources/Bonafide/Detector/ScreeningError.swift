import BonafideAudio

/// Why audio could not be screened.
public enum ScreeningError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
  /// A recording could not be read, or its samples not be resampled.
  case audio(AudioError)
  /// Features cannot be computed: memory has run out, or the model's settings are at fault.
  case features(FeatureError)
  /// Samples at this rate, in Hz, cannot be screened; those of `AudioFormat.sampleRates` can.
  case unsupportedRate(Int)
  /// The stream has been finished: `reset()` starts it anew.
  case finished
  /// A number of missing samples that is negative, or more than a week of them.
  case badCount(Int)
  /// An option that makes no sense: which, and what it may be.
  case badOption(String)
  /// The scan was given up, as its task was cancelled.
  case cancelled

  /// What is wrong and what to do, in one line.
  public var message: String {
    switch self {
    case .audio(let error): error.message
    case .features(let error): error.message
    case .unsupportedRate(let rate):
      "a sample rate of \(rate) Hz cannot be screened: give samples at "
        + "\(AudioFormat.sampleRates.lowerBound) to \(AudioFormat.sampleRates.upperBound) Hz"
    case .finished: "the stream has been finished: call reset() before more samples, or make another stream"
    case .badOption(let text): text
    case .cancelled: "the scan was cancelled"
    case .badCount(let count): "\(count) missing samples cannot be taken: give none to a week of them, or start anew"
    }
  }

  /// `message`.
  public var description: String { message }

  /// The value of `body`, with its error as a screening error.
  static func wrapping<Value: ~Copyable>(_ body: () throws(AudioError) -> Value) throws(ScreeningError) -> Value {
    do { return try body() } catch { throw .audio(error) }
  }

  static func wrapping<Value: ~Copyable>(_ body: () throws(FeatureError) -> Value) throws(ScreeningError) -> Value {
    do { return try body() } catch { throw .features(error) }
  }
}
