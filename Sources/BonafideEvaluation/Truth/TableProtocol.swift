/// Protocols with a header that names the columns.
enum TableProtocol {
  /// Other names of columns: of ASVspoof 5's keys, and of tables of verdicts.
  private static let aliases = [
    "file": ["filename", "trial_anon", "path"],
    "label": ["cm-label", "cm_label", "key", "verdict"],
    "system": ["attack_anon"],
    "speaker": ["tar_spk_anon"],
  ]

  static func isHeader(_ line: Line) -> Bool { isHeader(names(line.fields.map(String.init))) || hasCommas(line) }

  /// Whether a header has commas between the names of its columns.
  private static func hasCommas(_ line: Line) -> Bool {
    CommaSeparated.isLine(line) && isHeader(names(CommaSeparated.fields(of: line)))
  }

  private static func isHeader(_ names: [String]) -> Bool { names.contains("file") && names.contains("label") }

  /// The columns by the names that they have here. A column that has such a name goes before one that is another word for it: a
  /// table may have a label, and a verdict beside it.
  private static func names(_ fields: [String]) -> [String] {
    var names = fields
    for (name, others) in aliases where !fields.contains(name) {
      if let other = others.first(where: fields.contains), let index = fields.firstIndex(of: other) { names[index] = name }
    }
    return names
  }

  /// The rows of a table, its header first.
  static func rows(_ lines: [Line], text: String, path: String) throws(EvaluationError) -> [Row] {
    guard let header = lines.first, isHeader(header) else {
      throw EvaluationError(
        path: path, line: lines.first?.number, message: "the header names no columns file and label")
    }
    if hasCommas(header) { return try CommaSeparated.rows(of: text, path: path) }
    let isTabbed = header.hasTabs
    return lines.map { Row(number: $0.number, fields: (isTabbed ? $0.tabbed : $0.words).map(String.init)) }
  }

  /// - Parameter rows: the header first, with columns `file` and `label`.
  static func parse(_ rows: [Row], path: String) throws(EvaluationError) -> TrialList {
    guard let header = rows.first else { return TrialList(columns: [], trials: []) }
    let columns = names(header.fields)
    var twice: Set<String> = []
    for name in columns where !name.isEmpty && !twice.insert(name).inserted {
      throw EvaluationError(path: path, line: header.number, message: "the header has two columns \(name)")
    }
    guard let file = columns.firstIndex(of: "file"), let label = columns.firstIndex(of: "label") else {
      return TrialList(columns: columns, trials: [])
    }
    let channel = columns.firstIndex(of: "channel")
    var trials: [Trial] = []
    for row in rows.dropFirst() {
      let fields = row.fields
      guard fields.count > max(file, label) else {
        throw EvaluationError(
          path: path, line: row.number, message: "has \(fields.count) columns, where the header has \(columns.count)")
      }
      if fields[file].isEmpty { throw EvaluationError(path: path, line: row.number, message: "names no file") }
      guard let trialLabel = TrialLabel(protocolName: fields[label]) else {
        throw EvaluationError(
          path: path, line: row.number,
          message: "label \(fields[label]) is none of bonafide, spoof (or synthetic), codec, neither")
      }
      var party: Trial.Channel?
      if let channel, channel < fields.count, !fields[channel].isEmpty, fields[channel] != "-" {
        party = Trial.Channel(fields[channel])
        if party == nil {
          throw EvaluationError(
            path: path, line: row.number, message: "channel \(fields[channel]) is neither a number from 1 nor a name")
        }
      }
      trials.append(Trial(file: fields[file], channel: party, label: trialLabel, values: fields))
    }
    return TrialList(columns: columns, trials: trials)
  }
}

extension TrialLabel {
  /// The label that a protocol calls `name`; in a table that is not filled in to its end, nothing is none of both.
  init?(protocolName name: some StringProtocol) {
    switch name {
    case "bonafide", "bona-fide", "genuine", "human": self = .bonafide
    case "spoof", "synthetic", "fake": self = .spoof
    case "codec", "neither", "inconclusive", "unsure", "-", "": self = .neither
    default: return nil
    }
  }
}
