import Bonafide
import BonafideAudio
import BonafideReport
import Glibc
import NIOHTTP1
import NIOPosix
import Synchronization

/// Screens recordings that come over HTTP, on threads of their own that stand back for the calls under way.
package final class Scans: Sendable {
  /// How much is taken.
  package struct Limits: Sendable {
    /// Recordings at once: on their way, waiting and in work.
    package var most = 16
    /// Bytes of one.
    package var mostBytes = 512 << 20
    /// Recordings in work at once.
    package var threads = 1
    /// Seconds that one may be in work, less those in which calls go first; and on its way.
    package var mostSeconds = 600.0
    /// How far its threads stand back for others of the machine, calls under way among them: 0 to 19.
    package var niceness: Int32 = 10

    package init() {}
  }

  /// What was counted since the start.
  struct Counts: Sendable {
    var screened = 0
    /// Recordings that could not be screened.
    var failed = 0
    /// Requests that were turned away, or whose client went away.
    var refused = 0
    var cancelled = 0
  }

  private struct State {
    var byClient: [String: Int] = [:]
    var isStopping = false
    var isClosed = false
    var counts = Counts()
  }

  /// Why a recording is not taken now.
  enum Refusal: Error, Equatable {
    /// As many as may are on their way, in work or waiting.
    case full
    /// Of one client as many as it may have.
    case share
    /// Calls under way have to wait.
    case late
    case shutdown
  }

  /// A place for one recording, given back when nobody has it any more.
  final class Ticket: Sendable {
    private let scans: Scans
    private let client: String
    private let hasLeft = Atomic(false)

    fileprivate init(_ scans: Scans, client: String) {
      self.scans = scans
      self.client = client
    }

    deinit { scans.leave(client) }

    /// Takes note that the client has gone: its recording is not screened any further.
    func cancel() {
      if !hasLeft.exchange(true, ordering: .relaxed) { scans.state.withLock { $0.counts.cancelled += 1 } }
    }

    var isCancelled: Bool { hasLeft.load(ordering: .relaxed) }
  }

  package let limits: Limits
  private let calls: Calls
  private let pool: NIOThreadPool
  private let state = Mutex(State())

  package init(_ calls: Calls, limits: Limits = Limits()) {
    self.calls = calls
    self.limits = limits
    pool = NIOThreadPool(numberOfThreads: limits.threads)
    pool.start()
  }

  /// Recordings on their way, waiting and in work.
  package var count: Int { state.withLock { $0.byClient.values.reduce(0, +) } }
  var counts: Counts { state.withLock { $0.counts } }

  /// Takes no more recordings.
  package func stopTaking() { state.withLock { $0.isStopping = true } }

  /// Ends what is in work, within a second of its audio.
  package func stop() {
    state.withLock { ($0.isStopping, $0.isClosed) = (true, true) }
    pool.shutdownGracefully { _ in }
  }

  /// A place for a recording.
  ///
  /// - Parameter client: its address; one has half of the places at most.
  func ticket(for client: String) throws(Refusal) -> Ticket {
    let isLate = calls.isLate
    return try state.withLock { state throws(Refusal) in
      let (own, all) = (state.byClient[client] ?? 0, state.byClient.values.reduce(0, +))
      let refusal: Refusal? =
        if state.isStopping { .shutdown } else if isLate { .late } else if all >= limits.most { .full } else if own >= share { .share } else { nil }
      if let refusal {
        state.counts.refused += 1
        throw refusal
      }
      state.byClient[client] = own + 1
      return Ticket(self, client: client)
    }
  }

  private var share: Int { (limits.most + 1) / 2 }

  private func leave(_ client: String) {
    state.withLock { state in
      let own = (state.byClient[client] ?? 0) - 1
      state.byClient[client] = own > 0 ? own : nil
    }
  }

  /// Has a recording screened when its turn comes.
  ///
  /// - Parameter done: called once, on another thread, with the answer.
  func submit(_ file: RecordingFile, _ request: ScanRequest, _ ticket: Ticket, done: @escaping @Sendable (Reply) -> Void) {
    pool.submit { state in
      guard case .active = state else { return done(Self.stopping) }
      // Of this thread alone; programs that it starts are as nice.
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, self.limits.niceness)
      done(self.screen(file, request, ticket))
    }
  }

  static let stopping = Reply.failure(.serviceUnavailable, "the host stops", headers: [("Retry-After", "5")])

  private func screen(_ file: RecordingFile, _ request: ScanRequest, _ ticket: Ticket) -> Reply {
    let detector = request.fast == true ? calls.screening.detector.fast : calls.screening.detector
    var deadline = ContinuousClock.now + .seconds(limits.mostSeconds)
    let isCancelled = { [self] in
      // Once per second of audio: calls that have to wait go first.
      let start = ContinuousClock.now
      while calls.isLate, !ticket.isCancelled, !state.withLock({ $0.isClosed }) { usleep(20_000) }
      deadline += .now - start
      return ticket.isCancelled || .now >= deadline || state.withLock { $0.isClosed }
    }
    var options = request.applied(to: calls.screening.options)
    var result = detector.scan(file.path, options: options, isCancelled: isCancelled, progress: nil)
    if case .audio(let error) = result.failure, error.code == .notAudio, options.raw == nil, let raw = request.rawByName {
      options.raw = raw
      result = detector.scan(file.path, options: options, isCancelled: isCancelled, progress: nil)
    }
    result.path = request.file
    if case .cancelled = result.failure {
      if !ticket.isCancelled { state.withLock { $0.counts.failed += 1 } }
      return state.withLock { $0.isClosed }
        ? Self.stopping
        : .failure(.serviceUnavailable, "the recording takes more than \(Int(limits.mostSeconds)) s to screen; screen it with the command")
    }
    if let error = result.error {
      state.withLock { $0.counts.failed += 1 }
      return .failure(.unprocessableEntity, "\(request.file): \(error)")
    }
    state.withLock { $0.counts.screened += 1 }
    var report = JSONReport(engine: EngineInfo(detector), prior: options.prior)
    return .text(.ok, type: "application/json", report.opening + report.entry(for: result) + report.closing)
  }
}
