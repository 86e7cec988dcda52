import Bonafide
import BonafideAudio
import BonafideReport
import Glibc
import Synchronization

/// Screens recordings on several threads and reports on them in their order.
///
/// Threads of the system, since screening is blocking work that should not hold up the threads of Swift concurrency.
final class ScanRun: Sendable {
  /// A result, and what a page has of the recording beside it.
  private struct Finished {
    var result: FileResult
    var exhibit: Exhibit?
  }

  private struct State: ~Copyable {
    var output: ReportOutput
    var writer: any ReportWriter
    var progress: ProgressLine?
    /// Results that wait for one before them, where the report keeps the order of the recordings.
    var waiting: [Int: Finished] = [:]
    var written = 0
    /// Results that wait for all others, where the report is sorted by what they say.
    var kept: [FileResult] = []
    var flagged: [String] = []
    var tally = Tally()
    /// Why the report could not be written.
    var failure: RunError?
  }

  private let recordings: [Recording]
  private let detector: Detector
  private let options: ScanOptions
  /// Whether failures of recordings are written to standard error.
  private let saysErrors: Bool
  private let saysWarnings: Bool
  private let hasProgress: Bool
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
  }

  private let order: Order
  /// Verdicts of the recordings that are in the report; `nil` for all, and those that could not be screened.
  private let only: Set<Verdict>?
  /// Where a page's recordings get their audio from; `nil` for other reports.
  private let exhibits: Exhibits?
  private let next = Atomic<Int>(0)
  private let state: Mutex<State>

  init(
    recordings: [Recording], detector: Detector, options: ScanOptions, output: consuming ReportOutput,
    writer: any ReportWriter, progress: ProgressLine?, saysErrors: Bool, saysWarnings: Bool, order: Order, only: Set<Verdict>? = nil,
    exhibits: Exhibits? = nil
  ) {
    self.recordings = recordings
    self.detector = detector
    self.options = options
    self.saysErrors = saysErrors
    self.saysWarnings = saysWarnings
    hasProgress = progress != nil
    self.order = order
    self.only = only
    self.exhibits = exhibits
    state = Mutex(State(output: output, writer: writer, progress: progress))
  }

  /// Screens all recordings on `jobs` threads, this one among them.
  ///
  /// - Returns: how they came out, once the report is in place.
  func run(jobs: Int) throws(RunError) -> Tally {
    try state.withLock { state throws(RunError) in try state.output.write(state.writer.opening) }
    let helpers = (1..<max(1, min(jobs, recordings.count))).compactMap { _ in Worker.start { self.screenAll() } }
    screenAll()
    for helper in helpers { helper.join() }

    return try state.withLock { state throws(RunError) in
      if let failure = state.failure { throw failure }
      Terminal.write(state.progress?.erase() ?? "")
      for result in sorted(state.kept) { try state.output.write(state.writer.entry(for: result)) }
      try state.output.write(state.writer.closing)
      try state.output.commit()
      return state.tally
    }
  }

  /// Paths of the recordings that were flagged.
  var flagged: [String] { state.withLock { $0.flagged } }

  /// Screens recordings until there are no more, or no report to write.
  private func screenAll() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < recordings.count, state.withLock({ $0.failure == nil }) else { return }
      let recording = recordings[index]
      let result: FileResult
      if let problem = recording.problem {
        result = FileResult(path: recording.path, error: problem)
      } else if hasProgress {
        result = screenWithProgress(recording, index: index)
      } else {
        result = detector.scan(recording.path, options: options)
      }
      let isShown = only.map { result.verdict.map($0.contains) ?? false } ?? true
      deliver(Finished(result: result, exhibit: isShown ? exhibits?.exhibit(of: result) : nil), index: index)
    }
  }

  private func screenWithProgress(_ recording: Recording, index: Int) -> FileResult {
    let duration = recordings.count <= Self.mostDurations ? duration(of: recording) : nil
    state.withLock { $0.progress?.begin(index, size: recording.size, duration: duration) }
    return detector.scan(recording.path, options: options) { seconds in
      self.state.withLock { state in
        if let text = state.progress?.advance(index, to: seconds) { Terminal.write(text) }
      }
    }
  }

  /// Most recordings whose durations are looked up for the progress line; of more, those done tell enough.
  private static let mostDurations = 16

  private func duration(of recording: Recording) -> Double? {
    // Of files alone: opening a pipe would use it up.
    guard recording.size != nil, let reader = try? AudioReader(path: recording.path, raw: options.raw),
      let frames = reader.format.frameCount, reader.format.sampleRate > 0
    else { return nil }
    return Double(frames) / Double(reader.format.sampleRate)
  }

  private func sorted(_ results: [FileResult]) -> [FileResult] {
    func llr(_ result: FileResult) -> Double {
      result.error == nil ? result.parties.compactMap(\.decidingLLR).min() ?? .greatestFiniteMagnitude : .infinity
    }
    let ranked = results.map { (result: $0, llr: order == .llr ? llr($0) : 0) }
    return ranked.sorted { ($0.llr, $0.result.path) < ($1.llr, $1.result.path) }.map(\.result)
  }

  /// Reports on this recording and on those that waited for it, or has it wait.
  private func deliver(_ finished: Finished, index: Int) {
    state.withLock { state in
      state.progress?.finish(index, seconds: finished.result.duration ?? 0)
      state.waiting[order == .done ? state.written : index] = finished
      while state.failure == nil, let finished = state.waiting.removeValue(forKey: state.written) {
        let result = finished.result
        state.written += 1
        state.tally.count(result)
        if result.verdict == .synthetic { state.flagged.append(result.location) }
        Terminal.write(state.progress?.erase() ?? "")
        if let error = result.error, saysErrors { Terminal.say("\(result.path): \(error)") }
        if saysWarnings {
          for warning in result.warnings { Terminal.say("\(result.path): warning: \(warning)") }
        }
        if let only, !(result.verdict.map(only.contains) ?? false) {
          state.writer.leaveOut(result)
          continue
        }
        if order == .llr || order == .path {
          state.kept.append(result)
          continue
        }
        let text = state.writer.entry(for: result, exhibit: finished.exhibit)
        do throws(RunError) { try state.output.write(text) } catch { state.failure = error }
      }
    }
  }
}

/// A thread of the system.
private struct Worker {
  private let thread: pthread_t

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }

  /// Starts a thread; `nil` when the system has none left.
  static func start(_ run: @escaping @Sendable () -> Void) -> Worker? {
    let body = Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, { argument in
      if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
      return nil
    }, body.toOpaque())
    guard status == 0 else {
      body.release()
      return nil
    }
    return Worker(thread: thread)
  }

  func join() {
    pthread_join(thread, nil)
  }
}
