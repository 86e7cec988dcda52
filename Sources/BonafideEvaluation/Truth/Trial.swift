/// What a recording is.
public enum TrialLabel: String, Sendable, CaseIterable {
  /// A person.
  case bonafide
  /// Synthetic or converted speech.
  case spoof
  /// In neither class, such as a person through a neural codec; left out of all figures.
  case neither
}

/// A recording, or a channel of one, of which the truth is known.
public struct Trial: Sendable, Equatable {
  /// One side of a recording.
  public enum Channel: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    case number(Int)
    /// As scan's `--channel-names` has it.
    case name(String)

    /// The channel that a table calls `text`; `nil` for a number that no channel has.
    init?(_ text: String) {
      guard let number = Double(text) else {
        self = .name(text)
        return
      }
      guard number >= 1, let whole = Int(exactly: number) else { return nil }
      self = .number(whole)
    }

    public var description: String {
      switch self {
      case .number(let number): String(number)
      case .name(let name): name
      }
    }
  }

  /// As the protocol names it.
  public var file: String
  /// Channel of the recording; `nil` for all of it.
  public var channel: Channel?
  public var label: TrialLabel
  /// What the protocol says of it, one value for each of the list's columns.
  var values: [String]

  /// Name in files of scores, which know no channels: `call.wav#2`.
  var scoreName: String { channel.map { "\(file)#\($0)" } ?? file }
}

/// The trials of a protocol.
public struct TrialList: Sendable {
  /// Names of what the protocol says of each trial.
  public let columns: [String]
  public private(set) var trials: [Trial]
  /// Which parts of the recordings are synthetic, where the protocol says so.
  public var segments: SegmentTruth?

  init(columns: [String], trials: [Trial], segments: SegmentTruth? = nil) {
    self.columns = columns
    self.trials = trials
    self.segments = segments
  }

  /// What the protocol says of a trial; `nil` where it has no such column, or nothing or `-` in it.
  public func value(of trial: Trial, in column: String) -> String? {
    guard let index = columns.firstIndex(of: column), index < trial.values.count else { return nil }
    let value = trial.values[index]
    return value.isEmpty || value == "-" ? nil : value
  }

  /// Keeps the trials whose `split` is `name`.
  public mutating func select(split name: String, path: String) throws(EvaluationError) {
    guard columns.contains("split") else {
      throw EvaluationError(path: path, message: "has no column split to select \(name) from; leave --split out")
    }
    let kept = trials.filter { value(of: $0, in: "split") == name }
    if kept.isEmpty {
      let names = Set(trials.compactMap { value(of: $0, in: "split") }).sorted().joined(separator: ", ")
      throw EvaluationError(path: path, message: "no trial is in split \(name); there are \(names)")
    }
    trials = kept
  }
}
