import BonafideAudio

/// Why a recording could not be screened.
enum ScreeningError: Error {
  case audio(AudioError)
  case features(FeatureError)

  /// What is wrong and what to do, in one line.
  var message: String {
    switch self {
    case .audio(let error): error.message
    case .features(let error): error.message
    }
  }

  /// The value of `body`, with its error as a screening error.
  static func wrapping<Value: ~Copyable>(_ body: () throws(AudioError) -> Value) throws(ScreeningError) -> Value {
    do { return try body() } catch { throw .audio(error) }
  }

  static func wrapping<Value: ~Copyable>(_ body: () throws(FeatureError) -> Value) throws(ScreeningError) -> Value {
    do { return try body() } catch { throw .features(error) }
  }
}
