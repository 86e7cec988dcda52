import Bonafide

/// A NIST RTTM `SPEAKER` line for each flagged stretch: file, channel from 1, start and length in seconds, `synthetic`,
/// and the probability of that as confidence.
///
/// Files go by their name without folder and extension, with `_` for white space.
public struct RTTMReport: ReportWriter {
  public init() {}

  public func entry(for result: FileResult) -> String {
    let file = fileID(result.path)
    return result.parties.map { party in
      party.segments.map { segment in
        let start = fixed(segment.start, places: 3) ?? "0.000"
        let length = fixed(segment.end - segment.start, places: 3) ?? "0.000"
        let confidence = fixed(segment.syntheticProbability, places: 4) ?? "<NA>"
        return "SPEAKER \(file) \(party.channel) \(start) \(length) <NA> <NA> synthetic \(confidence) <NA>\n"
      }.joined()
    }.joined()
  }

  private func fileID(_ path: String) -> String {
    let name = baseName(path)
    var stem = name
    if let dot = name.lastIndex(of: "."), dot > name.startIndex { stem = name[..<dot] }
    return printable(String(stem.map { $0.isWhitespace ? "_" : $0 }))
  }
}

/// An Audacity label (start, end, text; tabs between) for each flagged stretch.
public struct AudacityReport: ReportWriter {
  private let namesFiles: Bool

  /// - Parameter namesFiles: whether labels say which recording they are of.
  public init(namesFiles: Bool) {
    self.namesFiles = namesFiles
  }

  public func entry(for result: FileResult) -> String {
    result.parties.map { party in
      party.segments.map { segment in
        let start = fixed(segment.start, places: 6) ?? "0.000000"
        let end = fixed(segment.end, places: 6) ?? "0.000000"
        let file = namesFiles ? "\(baseName(result.path)): " : ""
        let party = party.name ?? "channel \(party.channel)"
        return "\(start)\t\(end)\t\(printable("\(file)\(party): synthetic, LLR \(fixed(segment.llr, places: 1) ?? "–")"))\n"
      }.joined()
    }.joined()
  }
}
