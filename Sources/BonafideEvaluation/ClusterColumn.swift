/// What is resampled together.
public enum ClusterColumn: String, Sendable, CaseIterable {
  case source, speaker, system
  /// The recording, whose channels are trials.
  case file

  /// Sources, or what comes next to them in a protocol without.
  static func usual(for list: TrialList) -> ClusterColumn {
    [.source, .speaker].first { list.columns.contains($0.rawValue) } ?? .file
  }
}

/// The number of the cluster of each of `trials`. A trial of which it is not known is a cluster of its own.
func clusters(of trials: [Trial], in list: TrialList, by column: ClusterColumn) -> (numbers: [Int], count: Int) {
  var numberOfName: [String: Int] = [:]
  var count = 0
  let numbers = trials.map { trial in
    if let name = column == .file ? trial.file : list.value(of: trial, in: column.rawValue) {
      if let number = numberOfName[name] { return number }
      numberOfName[name] = count
    }
    count += 1
    return count - 1
  }
  return (numbers, count)
}
