import Bonafide
import BonafideLedger
import BonafideReport
import Dispatch
import Glibc
import Synchronization

/// Screens recordings on several threads and reports on them in their order.
final class ScanRun: Sendable {
  /// The order of the recordings in a report.
  enum Order: Sendable {
    /// As they were named.
    case named
    /// As they are done.
    case done
    /// The most synthetic first, those that could not be screened last.
    case llr
    /// By name.
    case path

    /// Whether results go to the report when all are there.
    var isSorted: Bool { self == .llr || self == .path }
  }

  /// What of a scan is reported, and how.
  struct Reporting: Sendable {
    var order = Order.named
    /// Verdicts of the recordings that are in the report; `nil` for all, and those that could not be screened.
    var only: Set<Verdict>?
    /// Whether what was in the ledger is passed over.
    var onlyNew = false
    /// Whether failures of recordings are written to standard error.
    var saysErrors = true
    var saysWarnings = false
    /// Where a page's recordings get their audio from; `nil` for other reports.
    var exhibits: Exhibits?
  }

  /// A result, and what a page has of the recording beside it.
  private struct Finished {
    var result: FileResult
    var exhibit: Exhibit?
    /// Where it was in the ledger, or is now.
    var row: Int64?
    var wasInLedger = false
  }

  /// A result that waits for its turn in the report.
  private enum Waiting {
    case here(Finished)
    /// In the ledger, from which it is read again: what waits there takes no memory.
    case inLedger(row: Int64, path: String)
    case passedOver
  }

  private struct State: ~Copyable {
    var output: ReportOutput
    var writer: any ReportWriter
    /// Results that wait for one before them, where the report keeps the order of the recordings.
    var waiting: [Int: Waiting] = [:]
    var written = 0
    /// Results that wait for all others, where the report is sorted by what they say.
    var kept: [(llr: Double, path: String, waiting: Waiting)] = []
    var flagged: [String] = []
    var tally = Tally()
    /// Recordings whose results were in the ledger.
    var found = 0
    /// Recordings that another process has in work.
    var held: [Int] = []
    /// Why the report, or the ledger, could not be written.
    var failure: RunError?
  }

  private let loop: ScreeningLoop
  private let reporting: Reporting
  private let session: LedgerSession?
  /// Places for results that wait for one before them, and for recordings in work; `nil` where none waits in memory.
  private let places: DispatchSemaphore?
  private let state: Mutex<State>

  /// - Parameters:
  ///   - session: with the ledger that results are looked up and kept in.
  ///   - hasTimeline: whether results are large.
  init(
    loop: ScreeningLoop, output: consuming ReportOutput, writer: any ReportWriter, reporting: Reporting, session: LedgerSession? = nil,
    hasTimeline: Bool = false
  ) {
    self.loop = loop
    self.reporting = reporting
    self.session = session
    // A semaphore may not end with less than it began with.
    places = session == nil && reporting.order == .named ? DispatchSemaphore(value: 0) : nil
    for _ in 0..<(hasTimeline ? Self.fewPlaces : Self.manyPlaces) { places?.signal() }
    state = Mutex(State(output: output, writer: writer))
  }

  /// Recordings that may be screened ahead of one that takes long: results of a few kilobytes, or of a hundred with their timelines.
  private static let (manyPlaces, fewPlaces) = (4096, 128)

  /// Screens all recordings on `jobs` threads, this one among them.
  ///
  /// - Returns: how they came out, once the report is in place.
  func run(jobs: Int) throws(RunError) -> Tally {
    defer { session?.close() }
    try state.withLock { state throws(RunError) in try state.output.write(state.writer.opening) }
    loop.run(jobs: jobs, screen, rest: screenHeld)
    session?.end()
    return try state.withLock { state throws(RunError) in
      if let failure = state.failure { throw failure }
      for entry in state.kept.sorted(by: { ($0.llr, $0.path) < ($1.llr, $1.path) }) {
        guard let finished = try finished(entry.waiting) else { continue }
        try state.output.write(state.writer.entry(for: finished.result))
      }
      try state.output.write(state.writer.closing)
      try state.output.commit()
      return state.tally
    }
  }

  /// Paths of the recordings that were flagged.
  var flagged: [String] { state.withLock { $0.flagged } }

  /// Recordings whose results were in the ledger.
  var found: Int { state.withLock { $0.found } }

  private var hasFailed: Bool { state.withLock { $0.failure != nil } }

  /// Screens a recording; `false` when there is no report to write any more.
  private func screen(_ index: Int) -> Bool {
    places?.wait()
    if hasFailed {
      // Others wait, too.
      places?.signal()
      return false
    }
    guard let session, loop.recordings[index].problem == nil else {
      deliver(Finished(result: loop.screen(index)), index: index)
      return true
    }
    do throws(LedgerError) {
      switch try session.screen(loop.recordings[index].path, with: { loop.screen(index) }) {
      case .found(let result, let row): deliver(Finished(result: result, row: row, wasInLedger: true), index: index)
      case .unkept(let result): deliver(Finished(result: result), index: index)
      case .held: state.withLock { $0.held.append(index) }
      case .toKeep(let result, let keeping, let isNew):
        let finished = withExhibit(Finished(result: result, wasInLedger: !isNew))
        session.keep(result, keeping) { [self] kept in
          switch kept {
          case .success(let row): deliver(Finished(result: result, exhibit: finished.exhibit, row: row, wasInLedger: !isNew), index: index)
          case .failure(let error): fail(error)
          }
        }
      }
    } catch {
      fail(error)
    }
    return true
  }

  /// Waits for what other processes have in work, and screens what they leave.
  private func screenHeld() {
    while let index = state.withLock({ state in state.failure == nil ? state.held.popLast() : nil }) {
      _ = screen(index)
      if state.withLock({ $0.held.contains(index) }) { usleep(100_000) }
    }
  }

  private func fail(_ error: LedgerError) {
    state.withLock { state in state.failure = state.failure ?? RunError(message: error.description) }
    places?.signal()
  }

  private func isShown(_ result: FileResult) -> Bool {
    reporting.only.map { result.verdict.map($0.contains) ?? false } ?? true
  }

  private func withExhibit(_ finished: Finished) -> Finished {
    var finished = finished
    let isWanted = isShown(finished.result) && !(reporting.onlyNew && finished.wasInLedger)
    if isWanted, finished.exhibit == nil { finished.exhibit = reporting.exhibits?.exhibit(of: finished.result) }
    return finished
  }

  /// Reports on this recording and on those that waited for it, or has it wait.
  private func deliver(_ finished: Finished, index: Int) {
    let finished = withExhibit(finished)
    loop.finish(index, seconds: finished.wasInLedger ? nil : finished.result.duration ?? 0)
    state.withLock { state in
      if finished.wasInLedger { state.found += 1 }
      let place = reporting.order == .named ? index : state.written
      state.waiting[place] =
        if finished.wasInLedger && reporting.onlyNew {
          .passedOver
        } else if let row = finished.row, place != state.written {
          .inLedger(row: row, path: finished.result.location)
        } else {
          .here(finished)
        }
      while state.failure == nil, let waiting = state.waiting.removeValue(forKey: state.written) {
        state.written += 1
        places?.signal()
        do throws(RunError) {
          if let finished = try self.finished(waiting) { try report(finished, &state) }
        } catch {
          state.failure = error
        }
      }
    }
  }

  /// The result, from wherever it waits.
  private func finished(_ waiting: Waiting) throws(RunError) -> Finished? {
    switch waiting {
    case .here(let finished): return finished
    case .passedOver: return nil
    case .inLedger(let row, let path):
      do throws(LedgerError) {
        // Where another process has forgotten it, it is none any more.
        return try session?.result(row, path: path).map { Finished(result: $0, row: row) }
      } catch {
        throw RunError(message: error.description)
      }
    }
  }

  private func report(_ finished: Finished, _ state: inout State) throws(RunError) {
    let result = finished.result
    state.tally.count(result)
    if result.verdict == .synthetic { state.flagged.append(result.location) }
    loop.whileErased {
      if let error = result.error, reporting.saysErrors { Terminal.say("\(result.path): \(error)") }
      if reporting.saysWarnings {
        for warning in result.warnings { Terminal.say("\(result.path): warning: \(warning)") }
      }
    }
    guard isShown(result) else { return state.writer.leaveOut(result) }
    guard reporting.order.isSorted else {
      return try state.output.write(state.writer.entry(for: result, exhibit: finished.exhibit))
    }
    let llr = result.error == nil ? result.parties.compactMap(\.decidingLLR).min() ?? .greatestFiniteMagnitude : .infinity
    let waiting: Waiting = if let row = finished.row { .inLedger(row: row, path: result.location) } else { .here(finished) }
    state.kept.append((llr: reporting.order == .llr ? llr : 0, path: result.path, waiting: waiting))
  }
}
