extension Detector {
  /// Version of the engine, and of all that is built on it.
  public static let version = "0.1.0"
}
