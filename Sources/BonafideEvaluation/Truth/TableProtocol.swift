/// Protocols with a header that names the columns.
enum TableProtocol {
  /// Other names of columns: of ASVspoof 5's keys, and of tables of verdicts.
  private static let aliases = [
    "filename": "file", "trial_anon": "file", "path": "file", "cm-label": "label", "cm_label": "label", "key": "label",
    "verdict": "label",
    "attack_anon": "system", "tar_spk_anon": "speaker",
  ]

  static func isHeader(_ line: Line) -> Bool {
    let names = names(in: line)
    return names.contains("file") && names.contains("label")
  }

  private static func names(in line: Line) -> [String] {
    line.fields.map { field in aliases[String(field)] ?? String(field) }
  }

  static func parse(_ lines: [Line], path: String) throws(EvaluationError) -> TrialList {
    guard let header = lines.first, isHeader(header) else {
      throw EvaluationError(
        path: path, line: lines.first?.number, message: "the header names no columns file and label")
    }
    let columns = names(in: header)
    var twice: Set<String> = []
    for name in columns where !twice.insert(name).inserted {
      throw EvaluationError(path: path, line: header.number, message: "the header has two columns \(name)")
    }
    guard let file = columns.firstIndex(of: "file"), let label = columns.firstIndex(of: "label") else {
      return TrialList(columns: columns, trials: [])
    }
    let channel = columns.firstIndex(of: "channel")
    let isTabbed = header.hasTabs
    var trials: [Trial] = []
    for line in lines.dropFirst() {
      let fields = (isTabbed ? line.tabbed : line.words).map(String.init)
      guard fields.count > max(file, label) else {
        throw EvaluationError(
          path: path, line: line.number, message: "has \(fields.count) columns, where the header has \(columns.count)")
      }
      if fields[file].isEmpty { throw EvaluationError(path: path, line: line.number, message: "names no file") }
      guard let trialLabel = TrialLabel(protocolName: fields[label]) else {
        throw EvaluationError(
          path: path, line: line.number,
          message: "label \(fields[label]) is none of bonafide, spoof (or synthetic), codec, neither")
      }
      var number: Int?
      if let channel, channel < fields.count, !fields[channel].isEmpty, fields[channel] != "-" {
        number = Int(fields[channel])
        guard let value = number, value > 0 else {
          throw EvaluationError(
            path: path, line: line.number, message: "channel \(fields[channel]) is no number from 1")
        }
      }
      trials.append(Trial(file: fields[file], channel: number, label: trialLabel, values: fields))
    }
    return TrialList(columns: columns, trials: trials)
  }
}

extension TrialLabel {
  /// The label that a protocol calls `name`.
  init?(protocolName name: some StringProtocol) {
    switch name {
    case "bonafide", "bona-fide", "genuine", "human": self = .bonafide
    case "spoof", "synthetic", "fake": self = .spoof
    case "codec", "neither", "inconclusive", "-": self = .neither
    default: return nil
    }
  }
}
