/// What a sequence of sample blocks gives in turn.
public enum StreamEvent: Sendable, Equatable {
  /// How the evidence stands behind a block.
  case update(StreamUpdate)
  /// What is said of the party, at the end.
  case result(PartyResult)
}

/// The events of a party whose samples come as an asynchronous sequence: an update per block, and a result at the end.
///
/// Each iteration screens from the start, in the task that iterates. Iterating throws what the sequence of samples throws,
/// and `ScreeningError` for a rate that is not supported or where memory runs out.
public struct StreamEvents<Samples: AsyncSequence>: AsyncSequence where Samples.Element == [Float] {
  /// An update, or the result at the end.
  public typealias Element = StreamEvent

  let detector: Detector
  let samples: Samples
  let sampleRate: Int
  let options: ScanOptions

  /// Starts the party anew.
  public func makeAsyncIterator() -> Iterator {
    Iterator(samples: samples.makeAsyncIterator(), state: .new(detector, sampleRate, options))
  }

  /// The party as it is screened.
  public struct Iterator: AsyncIteratorProtocol {
    enum State {
      case new(Detector, Int, ScanOptions)
      case open(DetectorStream)
      case ended
    }

    var samples: Samples.AsyncIterator
    var state: State

    /// Waits for the next block and screens it; `nil` after the result.
    ///
    /// - Throws: what the samples throw, or `ScreeningError`.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> StreamEvent? {
      let stream: DetectorStream
      switch state {
      case .new(let detector, let sampleRate, let options):
        state = .ended
        stream = try detector.makeStream(sampleRate: sampleRate, options: options)
      case .open(let open):
        stream = open
      case .ended:
        return nil
      }
      // Where something is thrown the sequence has ended.
      state = .ended
      guard let block = try await samples.next(isolation: actor) else { return .result(try stream.finish()) }
      let update = try stream.append(block)
      state = .open(stream)
      return .update(update)
    }

    /// As `next(isolation:)`, on no actor.
    public mutating func next() async throws -> StreamEvent? {
      try await next(isolation: nil)
    }
  }
}
