/// NIST RTTM `SPEAKER` lines: file, channel, start, duration, and in the eighth column what the stretch is.
///
/// Stretches that are named `spoof`, `synthetic` or `fake`, or like a system (`A07`, `CON`), are synthetic; those named
/// `bonafide`, `genuine`, `nonspeech` or `silence` are not, and neither is what lies between stretches.
enum RTTMTruth {
  private static let genuine: Set<String> = ["bonafide", "genuine", "nonspeech", "silence", "sil", "noise", "human"]

  static func parse(_ lines: [Line], path: String) throws(EvaluationError) -> [SegmentTruth.Channel] {
    var channels: [SegmentTruth.Channel] = []
    for line in lines where !line.text.hasPrefix(";;") && !line.text.hasPrefix("SPKR-INFO") {
      let words = line.words
      guard words.count >= 8, words[0] == "SPEAKER" else {
        throw EvaluationError(
          path: path, line: line.number,
          message: "is no RTTM line: SPEAKER file channel start duration <NA> <NA> name <NA> <NA>")
      }
      guard let channel = Int(words[2]), channel > 0, let start = Double(words[3]), let length = Double(words[4]),
        start.isFinite, length.isFinite, start >= 0, length >= 0
      else {
        throw EvaluationError(
          path: path, line: line.number, message: "channel, start or duration is no number that fits: \(line.text)")
      }
      let isGenuine = genuine.contains(words[7].lowercased())
      let spans = isGenuine || length == 0 ? [] : [Span(start: start, end: start + length)]
      channels.append(SegmentTruth.Channel(file: String(words[1]), channel: channel, spoof: spans))
    }
    return channels
  }
}
