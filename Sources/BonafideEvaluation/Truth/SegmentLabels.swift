/// A line for each recording that says which parts are synthetic.
///
/// Two forms: PartialSpoof's segment labels as text, `file 1 1 0 0 1` or `file 11001`, where each digit stands for a
/// segment of fixed length, `1` bona fide and `0` spoof; and stretches in seconds, with `T` or `bonafide` and `F` or
/// `spoof`: `file 0.00-1.20-T/1.20-2.00-F 0` as in HAD, `file 2.00 spoof 0.00-1.20-bonafide 1.20-2.00-spoof` as in
/// LlamaPartialSpoof. Other columns are passed over.
enum SegmentLabels {
  static func isLine(_ line: Line) -> Bool {
    let words = line.words
    guard words.count >= 2 else { return false }
    return spans(words.dropFirst()) != nil || digits(words.dropFirst()) != nil
  }

  static func parse(_ lines: [Line], path: String, hop: Double) throws(EvaluationError) -> [SegmentTruth.Channel] {
    var channels: [SegmentTruth.Channel] = []
    for line in lines {
      let words = line.words
      let spoof: [Span]
      if let spans = spans(words.dropFirst()) {
        spoof = spans
      } else if let digits = digits(words.dropFirst()) {
        spoof = digits.enumerated().filter { $0.element == UInt8(ascii: "0") }.map { index, _ in
          Span(start: Double(index) * hop, end: Double(index + 1) * hop)
        }
      } else {
        throw EvaluationError(
          path: path, line: line.number,
          message: "has neither labels (file 1 1 0 …) nor stretches (file 0.00-1.20-T/1.20-2.00-F)")
      }
      channels.append(SegmentTruth.Channel(file: String(words[0]), channel: 1, spoof: spoof))
    }
    return channels
  }

  private static func digits(_ words: ArraySlice<Substring>) -> [UInt8]? {
    let digits = words.flatMap(\.utf8)
    let isLabels = !digits.isEmpty && digits.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "1") }
    return isLabels ? digits : nil
  }

  /// The synthetic ones of the stretches among `words`; `nil` if there are no stretches.
  private static func spans(_ words: ArraySlice<Substring>) -> [Span]? {
    var spoof: [Span] = []
    var hasStretches = false
    for stretch in words.flatMap({ $0.split(separator: "/") }) {
      let parts = stretch.split(separator: "-")
      guard parts.count == 3, let start = Double(parts[0]), let end = Double(parts[1]), start.isFinite, end.isFinite,
        start >= 0, end >= start
      else { continue }
      switch parts[2] {
      case "T", "bonafide": hasStretches = true
      case "F", "spoof":
        hasStretches = true
        if end > start { spoof.append(Span(start: start, end: end)) }
      default: continue
      }
    }
    return hasStretches ? spoof : nil
  }
}
