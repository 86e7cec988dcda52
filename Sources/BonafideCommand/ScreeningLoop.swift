import Bonafide
import BonafideAudio
import BonafideReport
import Glibc
import Synchronization

/// Takes recordings one after another on several threads, and shows how far that is.
///
/// Threads of the system, since screening is blocking work that should not hold up the threads of Swift concurrency.
final class ScreeningLoop: Sendable {
  let recordings: [Recording]
  private let detector: Detector
  private let options: ScanOptions
  private let hasProgress: Bool
  private let progress: Mutex<ProgressLine?>
  private let next = Atomic<Int>(0)

  /// - Parameter progressWidth: columns of a terminal for a progress line; `nil` for none.
  init(recordings: [Recording], detector: Detector, options: ScanOptions, progressWidth: Int?) {
    self.recordings = recordings
    self.detector = detector
    self.options = options
    let line = progressWidth.map { ProgressLine(recordings: recordings, width: $0) }
    hasProgress = line != nil
    progress = Mutex(line)
  }

  /// Calls `body` with the number of each recording on `jobs` threads, this one among them, until it returns `false`; then `rest` once on
  /// each thread.
  func run(jobs: Int, _ body: @escaping @Sendable (Int) -> Bool, rest: @escaping @Sendable () -> Void = {}) {
    @Sendable func work() {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < recordings.count, body(index) else { break }
      }
      rest()
    }
    let helpers = (1..<max(1, min(jobs, recordings.count))).compactMap { _ in SystemThread.start(work) }
    work()
    for helper in helpers { helper.join() }
    whileErased {}
  }

  /// Screens a recording.
  func screen(_ index: Int) -> FileResult {
    let recording = recordings[index]
    if let problem = recording.problem { return FileResult(path: recording.path, error: problem) }
    guard hasProgress else { return detector.scan(recording.path, options: options) }
    let duration = recordings.count <= Self.mostDurations ? duration(of: recording) : nil
    progress.withLock { $0?.begin(index, size: recording.size, duration: duration) }
    return detector.scan(recording.path, options: options) { seconds in
      self.progress.withLock { line in
        if let text = line?.advance(index, to: seconds) { Terminal.write(text) }
      }
    }
  }

  /// Takes note that a recording is done with.
  ///
  /// - Parameter seconds: its length; `nil` where it was not screened, and so says nothing of what is left to do.
  func finish(_ index: Int, seconds: Double?) {
    progress.withLock { line in
      if let seconds { line?.finish(index, seconds: seconds) } else { line?.skip(recordings[index]) }
    }
  }

  /// Writes to the terminal without a progress line in between.
  func whileErased(_ body: () -> Void) {
    progress.withLock { line in
      if let text = line?.erase(), !text.isEmpty { Terminal.write(text) }
      body()
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
}
