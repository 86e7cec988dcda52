/// A stretch of time, in seconds from the start of a recording.
public struct Span: Sendable, Equatable {
  public var start: Double
  public var end: Double

  public init(start: Double, end: Double) {
    self.start = start
    self.end = end
  }

  /// Seconds that the two have in common.
  func overlap(with other: Span) -> Double { max(0, min(end, other.end) - max(start, other.start)) }
}

/// Which parts of recordings are synthetic.
public struct SegmentTruth: Sendable {
  /// A channel of a recording.
  struct Channel: Sendable {
    var file: String
    /// From 1.
    var channel: Int
    /// Synthetic stretches, in order, not overlapping.
    var spoof: [Span]
  }

  /// Seconds that a label of PartialSpoof's finest segment labels stands for.
  public static let defaultHop = 0.02

  private let channels: [Channel]
  /// Names of the recordings, each once.
  public let files: [String]
  private let index: FileIndex
  private let channelsOfFile: [[Int: [Span]]]

  init(_ channels: [Channel]) {
    self.channels = channels
    var order: [String: Int] = [:]
    var files: [String] = []
    var byFile: [[Int: [Span]]] = []
    for channel in channels {
      let file = order[channel.file] ?? files.count
      if file == files.count {
        order[channel.file] = file
        files.append(channel.file)
        byFile.append([:])
      }
      byFile[file][channel.channel, default: []] += channel.spoof
    }
    self.files = files
    index = FileIndex(files)
    channelsOfFile = byFile.map { $0.mapValues(Self.union) }
  }

  /// Reads RTTM or segment labels.
  ///
  /// - Parameters:
  ///   - path: of the file, for errors.
  ///   - format: `rttm` or `segments`; `nil` to tell by the content.
  ///   - hop: seconds that each of PartialSpoof's labels stands for.
  public init(
    parsing text: String, path: String, format: ProtocolFormat? = nil, hop: Double = defaultHop
  ) throws(EvaluationError) {
    let lines = lines(of: text)
    switch format ?? ProtocolFormat.detect(lines) {
    case .rttm: self.init(try RTTMTruth.parse(lines, path: path))
    case .segments: self.init(try SegmentLabels.parse(lines, path: path, hop: hop))
    default:
      throw EvaluationError(path: path, line: lines.first?.number, message: "is neither RTTM nor segment labels as text")
    }
  }

  /// Synthetic stretches of a channel; empty if the file is known and has none there; `nil` if it is not known.
  func spans(file: String, channel: Int) -> [Span]? {
    index.index(of: file).map { channelsOfFile[$0][channel] ?? [] }
  }

  /// Recordings that are none of those of a list.
  public func files(notAmong names: some Sequence<String>) -> [String] {
    let known = Set(names.compactMap { index.index(of: $0) })
    return files.indices.filter { !known.contains($0) }.map { files[$0] }
  }

  /// A trial for each file: spoof where any of it is.
  var trials: [Trial] {
    var position: [String: Int] = [:]
    var trials: [Trial] = []
    for channel in channels {
      let label: TrialLabel = channel.spoof.isEmpty ? .bonafide : .spoof
      if let index = position[channel.file] {
        if label == .spoof { trials[index].label = .spoof }
      } else {
        position[channel.file] = trials.count
        trials.append(Trial(file: channel.file, channel: nil, label: label, values: []))
      }
    }
    return trials
  }

  /// The stretches in order, those that touch made one.
  private static func union(_ spans: [Span]) -> [Span] {
    var result: [Span] = []
    for span in spans.sorted(by: { $0.start < $1.start }) {
      if let last = result.last, span.start <= last.end + 1e-6 {
        result[result.count - 1].end = max(last.end, span.end)
      } else {
        result.append(span)
      }
    }
    return result
  }
}
