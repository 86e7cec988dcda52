/// The scores of recordings.
public struct ScoreTable: Sendable {
  /// A line of a score file.
  public struct Entry: Sendable, Equatable {
    public var file: String
    /// Log-likelihood ratio, natural log; higher is more likely bona fide. `nil` where there is none.
    public var score: Double?

    public init(file: String, score: Double?) {
      self.file = file
      self.score = score
    }
  }

  /// Scores of a file of scores; empty where `recordings` has them.
  public let entries: [Entry]
  /// Recordings of a report; empty where `entries` has the scores.
  public let recordings: [ScreenedRecording]
  private let index: FileIndex

  public init(entries: [Entry]) {
    self.entries = entries
    recordings = []
    index = FileIndex(entries.map(\.file))
  }

  public init(recordings: [ScreenedRecording]) {
    entries = []
    self.recordings = recordings
    index = FileIndex(recordings.map(\.path))
  }

  /// How many files there are scores of, or were to be.
  public var count: Int { entries.count + recordings.count }

  /// Position of a trial's channel, or else of its file; `nil` if neither is there.
  func position(of trial: Trial) -> Int? {
    if trial.channel != nil, recordings.isEmpty, let position = index.index(of: trial.scoreName) { return position }
    return index.index(of: trial.file)
  }

  /// Score at a position. A file's score holds for all its channels; a value that is no number is no score.
  func score(at position: Int, channel: Trial.Channel?) -> Double? {
    let score = recordings.isEmpty ? entries[position].score : recordings[position].score(channel: channel)
    return score.flatMap { $0.isNaN ? nil : $0 }
  }
}
