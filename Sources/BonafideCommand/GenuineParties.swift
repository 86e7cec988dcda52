import Bonafide
import BonafideEvaluation

/// What `--genuine` names: recordings, folders and patterns in which all parties are genuine, and tables that say which ones are.
struct GenuineParties {
  /// Recordings, folders and patterns, those that tables list among them.
  private(set) var paths: [String] = []
  /// The tables.
  private(set) var tables: [String] = []
  /// Channels of the recordings that tables list; `nil` for all of one.
  private var channels: [FileIdentity: [Trial.Channel?]] = [:]

  /// - Parameter arguments: paths; those of tables end in `.csv` or `.tsv`.
  init(_ arguments: [String]) throws(RunError) {
    for argument in arguments {
      guard [".csv", ".tsv"].contains(where: argument.lowercased().hasSuffix) else {
        paths.append(argument)
        continue
      }
      tables.append(argument)
      let trials: [Trial]
      let text = try readText(argument)
      do { trials = try TrialList(parsing: text, path: argument).trials.filter { $0.label == .bonafide } } catch {
        throw RunError(message: "\(error)")
      }
      if trials.isEmpty { throw RunError(message: "\(argument): has no row whose label is bonafide") }
      let folder = argument.lastIndex(of: "/").map { String(argument[...$0]) } ?? ""
      for trial in trials {
        // As scan named it, or beside the table.
        let beside = folder + trial.file
        let path = FileIdentity(trial.file) == nil && FileIdentity(beside) != nil ? beside : trial.file
        paths.append(path)
        if let identity = FileIdentity(path) { channels[identity, default: []].append(trial.channel) }
      }
    }
  }

  /// The result without the parties that no table says are genuine, where tables list the recording; of a channel that it does not
  /// have, a line on standard error.
  func parties(of result: FileResult) -> FileResult {
    guard let identity = FileIdentity(result.path), let channels = channels[identity], !channels.contains(nil) else { return result }
    func isOn(_ party: PartyResult, _ channel: Trial.Channel) -> Bool {
      switch channel {
      case .number(let number): party.channel == number
      case .name(let name): party.name == name
      }
    }
    let wanted = channels.compactMap { $0 }
    for channel in wanted where result.error == nil && !result.parties.contains(where: { isOn($0, channel) }) {
      Terminal.say("\(result.path): has no channel \(channel); names of channels are those of --channel-names")
    }
    var result = result
    result.parties.removeAll { party in !wanted.contains { isOn(party, $0) } }
    return result
  }
}
