import Dispatch
import Synchronization

/// A queue of the system's, for work that computes: on Swift's own threads it would keep waiting what shares them, and wait for it.
final class WorkerQueue: SerialExecutor {
  private let queue = DispatchQueue(label: "bonafide.worker")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }

  func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

  /// Has work done behind what was given before.
  func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}

/// Screens the parties that are pinned to it, off the event loops.
actor Worker {
  /// Seconds from when audio came to the update that has heard it.
  nonisolated let lateness = Mutex(Histogram())
  /// Parties that are pinned to it.
  nonisolated let load = Atomic(0)

  private nonisolated let ready = Mutex<[Party]>([])
  /// The greatest delay of late, and when it was.
  private nonisolated let recent = Mutex<(delay: Duration, at: ContinuousClock.Instant)>((.zero, .now))
  private nonisolated let queue = WorkerQueue()
  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }
  private nonisolated let screening: Screening
  private var parties: [ObjectIdentifier: PartyScreening] = [:]

  init(_ screening: Screening) {
    self.screening = screening
  }

  /// Has what waits of a party screened, behind the parties that were ready before.
  nonisolated func take(_ party: Party) {
    let isFirst = ready.withLock { ready in
      ready.append(party)
      return ready.count == 1
    }
    if isFirst { queue.run { self.assumeIsolated { $0.work() } } }
  }

  /// Whether what came in the last seconds had to wait so long that no more calls should come.
  nonisolated func isLate(at now: ContinuousClock.Instant = .now) -> Bool {
    recent.withLock { $0.delay > .seconds(screening.bounds.lateness) && now - $0.at < .seconds(2) }
  }

  private func work() {
    while true {
      let turn = ready.withLock { ready in
        defer { ready = [] }
        return ready
      }
      if turn.isEmpty { return }
      for party in turn { screen(party) }
    }
  }

  private func screen(_ party: Party) {
    let batch = party.takeBatch()
    let key = ObjectIdentifier(party)
    let work = parties[key] ?? PartyScreening(party, screening)
    parties[key] = work
    work.take(batch)
    if let since = batch.since { note(.now - since) }
    if batch.isEnded {
      parties[key] = nil
      load.subtract(1, ordering: .relaxed)
    }
  }

  private func note(_ delay: Duration) {
    lateness.withLock { $0.add(delay / .seconds(1)) }
    recent.withLock { recent in
      let now = ContinuousClock.now
      if delay >= recent.delay || now - recent.at > .seconds(2) { recent = (delay, now) }
    }
  }
}
