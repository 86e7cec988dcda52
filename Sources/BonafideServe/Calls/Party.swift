import Synchronization

/// A party of a call under way. What the wire brings of it waits here for the worker that it is pinned to.
final class Party: Sendable {
  /// What a worker takes at once.
  struct Batch {
    var audio: [Audio] = []
    /// Samples in `audio`, those that count as missing aside.
    var samples = 0
    /// When the first of it came.
    var since: ContinuousClock.Instant?
    /// Samples that came and were put down as missing, since the worker was behind.
    var late = 0
    var isEnded = false
  }

  private struct State {
    var batch = Batch()
    var isReady = false
  }

  let identity: PartyIdentity
  let call: Call
  let worker: Worker
  private let bounds: Screening.Bounds
  private let state = Mutex(State())

  init(_ identity: PartyIdentity, call: Call, worker: Worker, bounds: Screening.Bounds) {
    self.identity = identity
    self.call = call
    self.worker = worker
    self.bounds = bounds
  }

  /// Takes the next audio.
  func append(_ audio: Audio) {
    let isNew = state.withLock { state -> Bool in
      guard !state.batch.isEnded else { return false }
      var audio = audio
      let now = ContinuousClock.now
      if case .missing = audio {
      } else {
        let isLate = state.batch.since.map { now - $0 > .seconds(bounds.delay) } ?? false
        if isLate || Double(state.batch.samples + audio.count) > bounds.waiting * Double(identity.sampleRate) {
          state.batch.late += audio.count
          audio = .missing(audio.count)
        } else {
          state.batch.samples += audio.count
        }
      }
      if state.batch.since == nil { state.batch.since = now }
      if let last = state.batch.audio.indices.last, state.batch.audio[last].join(audio) {} else { state.batch.audio.append(audio) }
      defer { state.isReady = true }
      return !state.isReady
    }
    if isNew { worker.take(self) }
  }

  /// No more audio comes.
  func end() {
    let isNew = state.withLock { state -> Bool in
      state.batch.isEnded = true
      defer { state.isReady = true }
      return !state.isReady
    }
    if isNew { worker.take(self) }
  }

  /// What waits, for the worker.
  func takeBatch() -> Batch {
    state.withLock { state in
      defer {
        let isEnded = state.batch.isEnded
        state = State()
        // What comes after the end is not taken.
        state.batch.isEnded = isEnded
        state.isReady = isEnded
      }
      return state.batch
    }
  }
}
