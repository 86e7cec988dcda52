/// The forms of files of scores.
public enum ScoreFormat: String, Sendable, CaseIterable {
  /// File and score: ASVspoof 2021's form, and the plain one.
  case asvspoof2021
  /// File, system, key, score.
  case asvspoof2019
  /// A header `filename`, `cm-score`, then file and score between tabs; read also in the form of 2024, speaker, file,
  /// score, key.
  case asvspoof5
  /// `bonafide scan --format json`, `jsonl` or `csv`.
  case scan
  /// File and score with a comma between, or a table of them with a header: `file` or `path`, and `score` or `llr`.
  case csv

  static func detect(_ text: String, _ lines: [Line]) -> ScoreFormat? {
    guard let first = lines.first else { return nil }
    if text.utf8.first(where: { $0 > UInt8(ascii: " ") }) == UInt8(ascii: "{") { return .scan }
    if ScanTable.isHeader(first) { return .scan }
    if isCommaSeparated(first) { return .csv }
    let fields = first.fields
    if fields.first == "filename" { return .asvspoof5 }
    switch fields.count {
    case 2: return .asvspoof2021
    case 4 where isKey(fields[2]): return .asvspoof2019
    case 4 where isKey(fields[3]): return .asvspoof5
    default: return nil
    }
  }

  /// Whether a line is a file and its score with a comma between, or a header of such.
  private static func isCommaSeparated(_ line: Line) -> Bool {
    guard CommaSeparated.isLine(line) else { return false }
    let fields = CommaSeparated.fields(of: line)
    return fields.count == 2 && Double(fields[1]) != nil
      || fields.contains(where: ScoreTable.isFile) && fields.contains(where: ScoreTable.isScore)
  }

  static func isKey(_ field: Substring) -> Bool { field == "bonafide" || field == "spoof" }
}

extension ScoreTable {
  /// Reads a file of scores, or a report of `bonafide scan`.
  ///
  /// - Parameters:
  ///   - path: of the file, for errors.
  ///   - format: form of the content; `nil` to tell by the content.
  public init(parsing text: String, path: String, format: ScoreFormat? = nil) throws(EvaluationError) {
    let lines = lines(of: text)
    guard let first = lines.first else {
      throw EvaluationError(path: path, message: "is empty; a file of scores has a line for each recording")
    }
    guard let format = format ?? ScoreFormat.detect(text, lines) else {
      throw EvaluationError(
        path: path, line: first.number,
        message: "is in no form of scores that is known: file and score, ASVspoof's, or bonafide scan's json, jsonl or csv")
    }
    if format == .scan {
      self.init(recordings: try ScanReport.recordings(text, lines, path: path))
      return
    }
    var entries = Entries(path: path)
    if format == .csv {
      for (line, entry) in try commaSeparated(text, path: path) { try entries.add(entry, line: line) }
    } else {
      for line in lines {
        let fields = line.fields
        if line.number == first.number, fields.first == "filename" { continue }
        guard let (file, score) = columns(of: fields, format: format) else {
          throw EvaluationError(
            path: path, line: line.number, message: "has \(fields.count) columns, which is not the form \(format.rawValue)")
        }
        try entries.add(Entry(file: String(file), score: number(score)), line: line.number)
      }
    }
    self.init(entries: entries.all)
  }

  /// Whether a column of that name has files, in tables with commas.
  fileprivate static func isFile(_ name: String) -> Bool { ["file", "filename", "path"].contains(name) }

  /// Whether a column of that name has scores, in tables with commas.
  fileprivate static func isScore(_ name: String) -> Bool { ["score", "cm-score", "llr"].contains(name) }

  /// Lines of a file of scores, each recording once.
  private struct Entries {
    let path: String
    private(set) var all: [Entry] = []
    private var places: [String: Int] = [:]

    init(path: String) { self.path = path }

    mutating func add(_ entry: Entry, line: Int) throws(EvaluationError) {
      guard let earlier = places[entry.file] else {
        places[entry.file] = all.count
        all.append(entry)
        return
      }
      guard all[earlier] == entry else {
        throw EvaluationError(path: path, line: line, message: "gives \(entry.file) another score than an earlier line")
      }
    }
  }
}

/// A score; what is no number is none.
private func number(_ text: some StringProtocol) -> Double? { Double(text).flatMap { $0.isNaN ? nil : $0 } }

/// Scores with commas between, with a header or without, and the lines that they are on. Where the table has a channel, it is a
/// part of the name, as `ScoreFileWriter` has it.
private func commaSeparated(_ text: String, path: String) throws(EvaluationError) -> [(line: Int, entry: ScoreTable.Entry)] {
  var rows = try CommaSeparated.rows(of: text, path: path)
  var (file, score, channel): (Int, Int, Int?) = (0, 1, nil)
  if let header = rows.first?.fields, let files = header.firstIndex(where: ScoreTable.isFile) {
    guard let scores = header.firstIndex(where: ScoreTable.isScore) else {
      throw EvaluationError(path: path, line: rows[0].number, message: "the header names no column score or llr")
    }
    (file, score, channel) = (files, scores, header.firstIndex(of: "channel"))
    rows.removeFirst()
  }
  var entries: [(line: Int, entry: ScoreTable.Entry)] = []
  for row in rows {
    guard row.fields.count > max(file, score, channel ?? 0), !row.fields[file].isEmpty else {
      throw EvaluationError(path: path, line: row.number, message: "has no file and score: \(row.fields.joined(separator: ","))")
    }
    let party = channel.map { row.fields[$0] }.flatMap { $0.isEmpty ? nil : "#\($0)" } ?? ""
    entries.append((row.number, ScoreTable.Entry(file: row.fields[file] + party, score: number(row.fields[score]))))
  }
  return entries
}

/// File and score of a line; `nil` if it has other columns.
private func columns(of fields: [Substring], format: ScoreFormat) -> (file: Substring, score: Substring)? {
  switch (format, fields.count) {
  case (.asvspoof2021, 2), (.asvspoof5, 2): (fields[0], fields[1])
  case (.asvspoof2019, 4): (fields[0], fields[3])
  case (.asvspoof5, 4): (fields[1], fields[2])
  default: nil
  }
}
