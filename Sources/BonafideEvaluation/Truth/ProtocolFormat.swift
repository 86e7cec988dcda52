/// The forms in which the truth about recordings comes.
public enum ProtocolFormat: String, Sendable, CaseIterable {
  /// Columns with a header: `file` and `label` (or `filename` and `cm-label`), and others to break figures down by; between tabs,
  /// commas or white space.
  case table
  /// ASVspoof 2019 LA: speaker, file, environment, system, key. PartialSpoof's protocols have this form too.
  case asvspoof2019
  /// ASVspoof 2021 LA and DF trial metadata: speaker, file, codec, transmission, system, key, trim, subset, ….
  case asvspoof2021
  /// ASVspoof 5 track 1: speaker, file, gender, codec …, system, key; 6 columns (2024) or 10.
  case asvspoof5
  /// File and label, with white space or a comma between, no header.
  case list
  /// NIST RTTM: a line for each stretch, whose name says what it is.
  case rttm
  /// A line for each recording: PartialSpoof's segment labels as text, or stretches such as `0.00-1.20-T/1.20-2.00-F`.
  case segments

  /// The form that the content has; `nil` if none.
  static func detect(_ lines: [Line]) -> ProtocolFormat? {
    // Comments of RTTM.
    guard let first = lines.first(where: { !$0.text.hasPrefix(";;") }) else { return nil }
    if TableProtocol.isHeader(first) { return .table }
    let words = first.words
    if words.count >= 8, ["SPEAKER", "SPKR-INFO"].contains(words[0]) { return .rttm }
    if SegmentLabels.isLine(first) { return .segments }
    if isCommaSeparatedPair(first) { return .list }
    func isKey(_ index: Int) -> Bool { index < words.count && ["bonafide", "spoof"].contains(words[index]) }
    switch words.count {
    case 2 where isKey(1): return .list
    case 5 where isKey(4): return .asvspoof2019
    case 6 where isKey(5): return .asvspoof5
    case 10 where isKey(8): return .asvspoof5
    case 8... where isKey(5): return .asvspoof2021
    default: return nil
    }
  }

  /// Whether a line is a file and its label with a comma between.
  static func isCommaSeparatedPair(_ line: Line) -> Bool {
    guard CommaSeparated.isLine(line) else { return false }
    let fields = CommaSeparated.fields(of: line)
    return fields.count == 2 && !fields[1].isEmpty && TrialLabel(protocolName: fields[1]) != nil
  }
}

extension TrialList {
  /// Reads a protocol.
  ///
  /// - Parameters:
  ///   - text: content of the file.
  ///   - path: of the file, for errors.
  ///   - format: form of the content; `nil` to tell by the content.
  ///   - hop: seconds that each label of PartialSpoof's segment labels stands for.
  public init(
    parsing text: String, path: String, format: ProtocolFormat? = nil, hop: Double = SegmentTruth.defaultHop
  ) throws(EvaluationError) {
    let lines = lines(of: text)
    guard !lines.isEmpty else {
      throw EvaluationError(path: path, message: "is empty; a protocol has a line for each trial")
    }
    guard let format = format ?? ProtocolFormat.detect(lines) else {
      let known = ProtocolFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw EvaluationError(
        path: path, line: lines[0].number, message: "is in no form of protocol that is known (\(known))")
    }
    // Of each trial.
    var numbers = lines.map(\.number)
    switch format {
    case .table:
      let rows = try TableProtocol.rows(lines, text: text, path: path)
      numbers = rows.dropFirst().map(\.number)
      self = try TableProtocol.parse(rows, path: path)
    case .list where ProtocolFormat.isCommaSeparatedPair(lines[0]):
      let rows = try CommaSeparated.rows(of: text, path: path)
      self = try TableProtocol.parse([Row(number: 0, fields: ["file", "label"])] + rows, path: path)
    case .rttm, .segments:
      let truth = try SegmentTruth(parsing: text, path: path, format: format, hop: hop)
      self = TrialList(columns: [], trials: truth.trials, segments: truth)
    case .asvspoof2019, .asvspoof2021, .asvspoof5, .list:
      self = try ColumnProtocol.parse(lines, format: format, path: path)
    }
    var names: Set<String> = []
    // RTTM has been gathered by file, so that only forms of a line a trial come here.
    for (trial, number) in zip(trials, numbers) where !names.insert(trial.scoreName).inserted {
      throw EvaluationError(path: path, line: number, message: "\(trial.file) has a line before; each trial has one")
    }
  }
}
