/// The forms of files of scores.
public enum ScoreFormat: String, Sendable, CaseIterable {
  /// File and score: ASVspoof 2021's form, and the plain one.
  case asvspoof2021
  /// File, system, key, score.
  case asvspoof2019
  /// A header `filename`, `cm-score`, then file and score between tabs; read also in the form of 2024, speaker, file,
  /// score, key.
  case asvspoof5
  /// `bonafide scan --format json` or `jsonl`.
  case scan

  static func detect(_ text: String, _ lines: [Line]) -> ScoreFormat? {
    guard let first = lines.first else { return nil }
    if text.utf8.first(where: { $0 > UInt8(ascii: " ") }) == UInt8(ascii: "{") { return .scan }
    let fields = first.fields
    if fields.first == "filename" { return .asvspoof5 }
    switch fields.count {
    case 2: return .asvspoof2021
    case 4 where isKey(fields[2]): return .asvspoof2019
    case 4 where isKey(fields[3]): return .asvspoof5
    default: return nil
    }
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
        message: "is in no form of scores that is known: file and score, ASVspoof's, or bonafide scan's json")
    }
    if format == .scan {
      self.init(recordings: try ScanReport.recordings(text, lines, path: path))
      return
    }
    var entries: [Entry] = []
    var lineOfFile: [String: Int] = [:]
    for line in lines {
      let fields = line.fields
      if line.number == first.number, fields.first == "filename" { continue }
      guard let (file, score) = columns(of: fields, format: format) else {
        throw EvaluationError(
          path: path, line: line.number, message: "has \(fields.count) columns, which is not the form \(format.rawValue)")
      }
      let entry = Entry(file: String(file), score: Double(score).flatMap { $0.isNaN ? nil : $0 })
      if let earlier = lineOfFile.updateValue(entries.count, forKey: entry.file) {
        guard entries[earlier] == entry else {
          throw EvaluationError(
            path: path, line: line.number, message: "gives \(entry.file) another score than an earlier line")
        }
        lineOfFile[entry.file] = earlier
        continue
      }
      entries.append(entry)
    }
    self.init(entries: entries)
  }
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
