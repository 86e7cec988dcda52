/// Reads the table of `bonafide scan --format csv`: a row for each party.
enum ScanTable {
  private static let needed = ["path", "channel", "verdict", "llr", "speech_s"]

  static func isHeader(_ line: Line) -> Bool {
    guard CommaSeparated.isLine(line) else { return false }
    let names = CommaSeparated.fields(of: line)
    return needed.allSatisfy(names.contains)
  }

  /// Recordings by the rows of their parties. Tables of several runs may be put one after another, with their headers; a party that
  /// comes twice counts once.
  static func recordings(_ text: String, path: String) throws(EvaluationError) -> [ScreenedRecording] {
    let rows = try CommaSeparated.rows(of: text, path: path)
    guard let header = rows.first?.fields else { return [] }
    var recordings: [ScreenedRecording] = []
    var places: [String: Int] = [:]
    for row in rows.dropFirst() where row.fields != header {
      guard row.fields.count == header.count else {
        throw EvaluationError(
          path: path, line: row.number, message: "has \(row.fields.count) columns, where the header has \(header.count)")
      }
      let values = Dictionary(zip(header, row.fields).filter { !$0.1.isEmpty }, uniquingKeysWith: { first, _ in first })
      guard let file = values["path"] else { throw EvaluationError(path: path, line: row.number, message: "names no file") }
      let place = places[file] ?? recordings.count
      if place == recordings.count {
        places[file] = place
        recordings.append(ScreenedRecording(path: file, duration: values["duration_s"].flatMap(Double.init), parties: []))
      }
      recordings[place].error = recordings[place].error ?? values["error"]
      guard values["channel"] != nil, values["same_as"] == nil else { continue }
      guard let party = party(values) else {
        throw EvaluationError(path: path, line: row.number, message: "is no row of bonafide scan --format csv")
      }
      guard let earlier = recordings[place].parties.first(where: { $0.channel == party.channel }) else {
        recordings[place].parties.append(party)
        continue
      }
      guard earlier == party else {
        throw EvaluationError(path: path, line: row.number, message: "gives \(file) other scores than an earlier row")
      }
    }
    return recordings
  }

  /// The party of a row; `nil` where a value is not what scan writes.
  private static func party(_ values: [String: String]) -> ScreenedRecording.Party? {
    guard let channel = values["channel"].flatMap({ Int($0) }),
      let speech = values["speech_s"].flatMap(Double.init), (0...1e7).contains(speech),
      let answer = values["verdict"].flatMap({ ScreenedRecording.Answer(verdict: $0, reason: values["reason"]) })
    else { return nil }
    let llr = values["llr"].flatMap(Double.init)
    if values["llr"] != nil, llr == nil { return nil }
    // The table has one score for all stretches of a party.
    let evidence = values["evidence_llr"].flatMap(Double.init) ?? llr ?? 0
    var stretches: [ScreenedRecording.Stretch] = []
    for text in values["segments"]?.split(separator: ";") ?? [] {
      let ends = text.split(separator: "-").compactMap { Double($0) }
      guard ends.count == 2, 0 <= ends[0], ends[0] <= ends[1], ends[1] <= 1e7 else { return nil }
      stretches.append(ScreenedRecording.Stretch(span: Span(start: ends[0], end: ends[1]), llr: evidence))
    }
    return ScreenedRecording.Party(
      channel: channel, name: values["name"], answer: answer, llr: llr, speech: speech, stretches: stretches)
  }
}
