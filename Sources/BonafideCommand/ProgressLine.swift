import BonafideReport

/// A line on a terminal that says how far a scan is, how fast it goes and when it will be done.
///
/// Shares of the work are shares of bytes: lengths in seconds are only known once a recording is open.
struct ProgressLine {
  private struct Work {
    var size: Int64
    var duration: Double?
    var done = 0.0
  }

  private let fileCount: Int
  private let width: Int
  /// Of what is to be screened; `nil` when the size of something is not known.
  private var totalSize: Int64?
  private let start = ContinuousClock.now
  private var lastDrawn: ContinuousClock.Instant?
  private var running: [Int: Work] = [:]
  private var finishedFiles = 0
  private var finishedSize: Int64 = 0
  private var finishedSeconds = 0.0

  /// - Parameter width: columns of the terminal.
  init(recordings: [Recording], width: Int) {
    fileCount = recordings.count
    self.width = width
    let sizes = recordings.map { $0.problem == nil ? $0.size : 0 }
    totalSize = sizes.contains(nil) ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
  }

  /// A recording is begun; `duration` in seconds where known.
  mutating func begin(_ index: Int, size: Int64?, duration: Double?) {
    running[index] = Work(size: size ?? 0, duration: duration)
  }

  /// Seconds of a recording are screened. Returns what to write, if it is time for that.
  mutating func advance(_ index: Int, to seconds: Double) -> String? {
    running[index]?.done = seconds
    let now = ContinuousClock.now
    if let lastDrawn, now - lastDrawn < .milliseconds(200) { return nil }
    lastDrawn = now
    return "\r\u{1B}[K" + String(line(at: now).prefix(max(width - 1, 0)))
  }

  /// A recording is done with, and was `seconds` long.
  mutating func finish(_ index: Int, seconds: Double) {
    finishedFiles += 1
    finishedSeconds += seconds
    finishedSize += running.removeValue(forKey: index)?.size ?? 0
  }

  /// A recording need not be screened: it takes no time, and says nothing of how long the others take.
  mutating func skip(_ recording: Recording) {
    finishedFiles += 1
    if let size = recording.size { totalSize? -= size }
  }

  /// Takes the line away, so that something else can be written. Returns what does it.
  mutating func erase() -> String {
    defer { lastDrawn = nil }
    return lastDrawn == nil ? "" : "\r\u{1B}[K"
  }

  private func line(at now: ContinuousClock.Instant) -> String {
    let elapsed = (now - start) / .seconds(1)
    let seconds = finishedSeconds + running.values.reduce(0) { $0 + $1.done }
    var text = "\(finishedFiles) of \(fileCount) files, \(Int(seconds / max(elapsed, 0.001))) × real time"
    if let share, elapsed > 1, share > 0.001 {
      text += ", \(clock(elapsed * (1 - share) / share)) left"
    }
    return text
  }

  /// The part of the work that is done, where it can be told.
  private var share: Double? {
    guard let totalSize, totalSize > 0 else { return nil }
    var size = Double(finishedSize)
    for work in running.values {
      let guess = finishedSize > 0 ? finishedSeconds * Double(work.size) / Double(finishedSize) : nil
      guard let duration = work.duration ?? guess, duration > 0 else { continue }
      size += Double(work.size) * min(work.done / duration, 1)
    }
    return min(size / Double(totalSize), 1)
  }
}
