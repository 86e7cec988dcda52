/// Protocols without a header, whose columns are known by their number.
enum ColumnProtocol {
  /// Names of the columns of a form with so many; `nil` if it has no such number of them.
  private static func columns(of format: ProtocolFormat, count: Int) -> [String]? {
    switch format {
    case .list where count == 2: ["file", "label"]
    case .asvspoof2019 where count == 5: ["speaker", "file", "environment", "system", "label"]
    case .asvspoof2021 where count >= 8:
      // LA has the first eight, DF all.
      Array(
        [
          "speaker", "file", "codec", "transmission", "system", "label", "trim", "split", "vocoder", "task", "team",
          "gender_pair", "language",
        ].prefix(count))
    case .asvspoof5 where count == 6: ["speaker", "file", "gender", "codec", "system", "label"]
    case .asvspoof5 where count == 10:
      ["speaker", "file", "gender", "codec", "codec_quality", "codec_seed", "attack_tag", "system", "label", "note"]
    default: nil
    }
  }

  static func parse(_ lines: [Line], format: ProtocolFormat, path: String) throws(EvaluationError) -> TrialList {
    let count = lines[0].words.count
    guard let columns = columns(of: format, count: count), let file = columns.firstIndex(of: "file"),
      let label = columns.firstIndex(of: "label")
    else {
      throw EvaluationError(
        path: path, line: lines[0].number, message: "has \(count) columns, which is not the form \(format.rawValue)")
    }
    var trials: [Trial] = []
    trials.reserveCapacity(lines.count)
    for line in lines {
      let words = line.words
      guard words.count == count else {
        throw EvaluationError(
          path: path, line: line.number, message: "has \(words.count) columns, where the first line has \(count)")
      }
      guard words[label] == "bonafide" || words[label] == "spoof", let trialLabel = TrialLabel(protocolName: words[label])
      else {
        throw EvaluationError(
          path: path, line: line.number, message: "key \(words[label]) in column \(label + 1) is not bonafide or spoof")
      }
      trials.append(Trial(file: String(words[file]), channel: nil, label: trialLabel, values: words.map(String.init)))
    }
    return TrialList(columns: columns, trials: trials)
  }
}
