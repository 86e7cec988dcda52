/// Writes scores as the evaluation packages of the ASVspoof challenges read them.
public struct ScoreFileWriter: Sendable {
  /// The forms of `ScoreFormat` that are of the challenges.
  public enum Format: String, Sendable, CaseIterable {
    case asvspoof2021, asvspoof2019, asvspoof5
  }

  private let format: Format

  public init(format: Format) {
    self.format = format
  }

  /// The file with the scores of all trials that have one, in the order of the protocol, to full precision.
  ///
  /// Trials of neither class are left out where the form has a key. 2019's package knows a trial by its line alone,
  /// others by its name. Fields are separated by tabs where a name has white space.
  public func text(trials: TrialList, scores: ScoreTable) -> String {
    let separator = trials.trials.contains { $0.scoreName.contains(where: \.isWhitespace) } ? "\t" : " "
    var text = format == .asvspoof5 ? "filename\tcm-score\n" : ""
    for trial in trials.trials {
      guard let position = scores.position(of: trial),
        let score = scores.score(at: position, channel: trial.channel)
      else { continue }
      switch format {
      case .asvspoof5: text += "\(trial.scoreName)\t\(score)\n"
      case .asvspoof2021: text += "\(trial.scoreName)\(separator)\(score)\n"
      case .asvspoof2019:
        if trial.label == .neither { continue }
        let system = trial.label == .spoof ? trials.value(of: trial, in: "system") ?? "-" : "-"
        text += [trial.scoreName, system, trial.label.rawValue, "\(score)"].joined(separator: separator) + "\n"
      }
    }
    return text
  }
}
