extension Detector {
  /// Starts a stream: the screening of one party while it talks.
  ///
  /// - Parameters:
  ///   - sampleRate: of the samples to come, 6000 to 192000 Hz.
  ///   - options: prior, operating points and timeline count; the others are about recordings.
  /// - Throws: `ScreeningError.unsupportedRate`, or when memory runs out.
  public func makeStream(
    sampleRate: Int, options: ScanOptions = ScanOptions()
  ) throws(ScreeningError) -> sending DetectorStream {
    try DetectorStream(self, sampleRate: sampleRate, options: options, pace: .live)
  }

  /// Screens a party whose samples come as an asynchronous sequence.
  ///
  /// ```swift
  /// for try await event in detector.updates(of: microphone, sampleRate: 48_000) {
  ///   if case .update(let update) = event { print(update.time, update.llr ?? .nan) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - samples: blocks of any sizes, full scale ±1.
  ///   - sampleRate: of the samples, 6000 to 192000 Hz.
  ///   - options: as for `makeStream`.
  /// - Returns: an update per block, and a result at the end.
  public func updates<Samples: AsyncSequence>(
    of samples: Samples, sampleRate: Int, options: ScanOptions = ScanOptions()
  ) -> StreamEvents<Samples> where Samples.Element == [Float] {
    StreamEvents(detector: self, samples: samples, sampleRate: sampleRate, options: options)
  }

  /// Screens one party from its samples.
  ///
  /// - Parameters:
  ///   - samples: mono, full scale ±1. Numbers that are not finite are taken as 0, and what is beyond ±4 as that.
  ///   - sampleRate: 6000 to 192000 Hz.
  ///   - options: as for `makeStream`.
  /// - Returns: what is said of the party; its channel is 1.
  /// - Throws: `ScreeningError.unsupportedRate`, or when memory runs out.
  public func score(
    _ samples: [Float], sampleRate: Int, options: ScanOptions = ScanOptions()
  ) throws(ScreeningError) -> PartyResult {
    try score(samples.span, sampleRate: sampleRate, options: options)
  }

  /// Screens one party from its samples, as `score` of an array does.
  public func score(
    _ samples: Span<Float>, sampleRate: Int, options: ScanOptions = ScanOptions()
  ) throws(ScreeningError) -> PartyResult {
    let stream = try DetectorStream(self, sampleRate: sampleRate, options: options, pace: .recording)
    try stream.append(samples)
    return try stream.finish()
  }
}
