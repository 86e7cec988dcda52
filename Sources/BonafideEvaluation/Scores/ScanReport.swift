import FoundationEssentials

/// Reads reports of `bonafide scan --format json`, `jsonl` and `csv`: `bonafide.scan/2`, and `bonafide.scan/1` of earlier versions.
enum ScanReport {
  private struct Document: Decodable {
    var schema: String
    var files: [File]
  }

  private struct File: Decodable {
    var schema: String?
    var path: String
    var duration: Double?
    var error: String?
    var channels: [Channel]

    enum CodingKeys: String, CodingKey {
      case schema, path, error, channels
      case duration = "duration_s"
    }

    var recording: ScreenedRecording {
      ScreenedRecording(
        path: path, duration: duration, error: error,
        parties: channels.filter { $0.original == nil }.map(\.party))
    }
  }

  private struct Channel: Decodable {
    var channel: Int
    var name: String?
    var verdict: String?
    var reason: String?
    var original: Int?
    var llr: Double?
    var speech: Double
    var segments: [Segment]
    var timeline: Timeline?

    enum CodingKeys: String, CodingKey {
      case channel, name, verdict, reason, llr, segments, timeline
      case original = "same_as"
      case speech = "speech_s"
    }

    var party: ScreenedRecording.Party {
      ScreenedRecording.Party(
        channel: channel, name: name, answer: verdict.flatMap { ScreenedRecording.Answer(verdict: $0, reason: reason) }, llr: llr,
        speech: speech,
        stretches: segments.map { ScreenedRecording.Stretch(span: Span(start: $0.start, end: $0.end), llr: $0.llr) },
        hop: timeline?.hop ?? 0, frames: timeline?.llr ?? [])
    }
  }

  private struct Segment: Decodable {
    var start: Double
    var end: Double
    var llr: Double

    enum CodingKeys: String, CodingKey {
      case llr
      case start = "start_s"
      case end = "end_s"
    }
  }

  private struct Timeline: Decodable {
    var hop: Double
    var llr: [Float?]

    enum CodingKeys: String, CodingKey {
      case llr
      case hop = "hop_s"
    }
  }

  static func recordings(_ text: String, _ lines: [Line], path: String) throws(EvaluationError) -> [ScreenedRecording] {
    if let first = lines.first, ScanTable.isHeader(first) { return try ScanTable.recordings(text, path: path) }
    let decoder = JSONDecoder()
    if let document = try? decoder.decode(Document.self, from: Data(text.utf8)) {
      try check(document.schema, path: path, line: nil)
      var recordings = Recordings(path: path)
      for file in document.files {
        try check(file, path: path, line: nil)
        try recordings.add(file.recording, line: nil)
      }
      return recordings.all
    }
    var recordings = Recordings(path: path)
    for line in lines {
      guard let file = try? decoder.decode(File.self, from: Data(line.text.utf8)) else {
        throw EvaluationError(
          path: path, line: line.number, message: "is no report of bonafide scan --format json, jsonl or csv")
      }
      try check(file.schema, path: path, line: line.number)
      try check(file, path: path, line: line.number)
      try recordings.add(file.recording, line: line.number)
    }
    return recordings.all
  }

  /// Recordings of a report, each once: reports of several runs may be put together.
  private struct Recordings {
    let path: String
    private(set) var all: [ScreenedRecording] = []
    private var places: [String: Int] = [:]

    init(path: String) { self.path = path }

    mutating func add(_ recording: ScreenedRecording, line: Int?) throws(EvaluationError) {
      if let earlier = places[recording.path] {
        guard all[earlier] == recording else {
          throw EvaluationError(path: path, line: line, message: "gives \(recording.path) other scores than an earlier run")
        }
        return
      }
      places[recording.path] = all.count
      all.append(recording)
    }
  }

  private static func check(_ schema: String?, path: String, line: Int?) throws(EvaluationError) {
    if let schema, schema != "bonafide.scan/2", schema != "bonafide.scan/1" {
      throw EvaluationError(path: path, line: line, message: "has schema \(schema), which this version does not read")
    }
  }

  /// Times that no recording has would be counted in steps for years.
  private static func check(_ file: File, path: String, line: Int?) throws(EvaluationError) {
    let longest = 1e7
    let times = file.channels.flatMap { [$0.speech] + $0.segments.flatMap { [$0.start, $0.end] } } + [file.duration ?? 0]
    let hops = file.channels.compactMap(\.timeline?.hop)
    guard times.allSatisfy({ (0...longest).contains($0) }), hops.allSatisfy({ (0.001...longest).contains($0) }),
      file.channels.allSatisfy({ $0.segments.allSatisfy { $0.start <= $0.end } })
    else {
      throw EvaluationError(path: path, line: line, message: "\(file.path) has a time that no recording can have")
    }
  }
}
