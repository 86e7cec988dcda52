import Bonafide

/// How a text report looks.
public struct TextStyle: Sendable, Equatable {
  /// Whether verdicts are coloured by escape sequences.
  public var color: Bool
  /// Columns of a line; bars fill what other columns leave.
  public var width: Int

  public init(color: Bool = false, width: Int = 100) {
    self.color = color
    self.width = width
  }
}

/// A table to read: a line for each recording, under it a row for each party with a bar that shows where the flags lie,
/// under that the times of the flags, and at the end a line that counts.
///
/// The LLR is of what decided: of the party, or of the flagged stretch that is more synthetic than the whole. The evidence is how
/// strongly that speaks for the verdict. Where a party is inconclusive, the reason stands there.
public struct TextReport: ReportWriter {
  private let style: TextStyle
  private let leftOut: LeftOut
  private var tally = Tally()

  private static let partyWidth = 14
  private static let verdictWidth = 12
  private static let llrWidth = 5
  private static let evidenceWidth = 17
  /// Stretches of a party whose times are given, the strongest; the rest is counted.
  private static let mostStretches = 8
  private static let timeWidth = 7
  /// Columns left of the bar, with two between each.
  private static let indent = 2
  private static let barStart = indent + partyWidth + verdictWidth + llrWidth + evidenceWidth + timeWidth + 10

  /// - Parameter leftOut: what folders have besides.
  public init(style: TextStyle = TextStyle(), leftOut: LeftOut = LeftOut()) {
    self.style = style
    self.leftOut = leftOut
  }

  public var opening: String {
    let header = row(
      party: "CHANNEL", verdict: left("VERDICT", Self.verdictWidth), llr: "LLR", evidence: "EVIDENCE", speech: "SPEECH",
      bar: "FLAGGED")
    return paint(header, .faint) + "\n"
  }

  public mutating func entry(for result: FileResult) -> String {
    tally.count(result)
    var about = [result.format.map(printable)].compactMap { $0 }
    if let rate = result.sampleRate, let text = decimal(Double(rate) / 1000, places: 3) { about.append("\(text) kHz") }
    if let duration = result.duration { about.append(clock(duration)) }
    if let unheard = result.unheard, unheard > 0 { about.append("\(clock(max(1, unheard))) not heard") }

    var lines = [paint(printable(result.path), .bold) + (about.isEmpty ? "" : "  " + about.joined(separator: ", "))]
    if let error = result.error {
      lines.append("  " + paint("not screened", .yellow) + "  " + printable(error))
    }
    lines += result.warnings.map { "  note: " + printable($0) }
    for party in result.parties {
      lines += rows(for: party, duration: result.duration ?? 0)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  public mutating func leaveOut(_ result: FileResult) { tally.count(result) }

  public var closing: String {
    let clear = tally.files - tally.flagged - tally.inconclusive - tally.failed
    let counts = [
      "\(tally.files) \(tally.files == 1 ? "file" : "files"): \(tally.flagged) flagged",
      "\(tally.inconclusive) inconclusive", "\(clear) bona fide", "\(tally.failed) failed",
    ]
    let line = "\n" + paint(counts.joined(separator: ", "), tally.flagged > 0 ? .red : .plain) + "\n"
    return line + (leftOut.line.map { printable($0) + "\n" } ?? "")
  }

  private func rows(for party: PartyResult, duration: Double) -> [String] {
    let (verdict, paintOfVerdict): (String, Paint) =
      switch party.verdict {
      case .bonafide: ("bona fide", .green)
      case .synthetic: ("SYNTHETIC", .red)
      case .inconclusive: ("inconclusive", .yellow)
      }
    let first = row(
      party: [String(party.channel), party.name.map(printable)].compactMap { $0 }.joined(separator: " "),
      verdict: paint(left(verdict, Self.verdictWidth), paintOfVerdict),
      llr: party.decidingLLR.map(llrText) ?? "–", evidence: evidence(in: party), speech: clock(party.speech),
      bar: party.sameAs.map { "same as channel \($0)" } ?? bar(for: party, duration: duration))
    return [first] + (party.sameAs == nil ? times(of: party, duration: duration) : [])
  }

  private func row(party: String, verdict: String, llr: String, evidence: String, speech: String, bar: String) -> String {
    [
      String(repeating: " ", count: Self.indent) + left(party, Self.partyWidth), verdict,
      right(llr, Self.llrWidth), left(evidence, Self.evidenceWidth), right(speech, Self.timeWidth), bar,
    ].joined(separator: "  ")
  }

  private func evidence(in party: PartyResult) -> String {
    party.verdict == .inconclusive ? party.reason?.phrase ?? "–" : party.strength?.phrase ?? "–"
  }

  /// The call from left to right, dark where a flag lies however short it is.
  private func bar(for party: PartyResult, duration: Double) -> String {
    let width = min(max(style.width - Self.barStart, 10), 60)
    guard duration > 0, duration.isFinite else { return String(repeating: "─", count: width) }
    var cells = Array(repeating: false, count: width)
    for segment in party.segments where segment.start.isFinite && segment.end.isFinite {
      func place(_ seconds: Double) -> Double { min(max(seconds / duration, 0), 1) * Double(width) }
      let first = min(Int(place(segment.start)), width - 1)
      let end = max(first + 1, Int(place(segment.end).rounded(.up)))
      for index in first..<end { cells[index] = true }
    }
    var text = ""
    var index = 0
    while index < width {
      let run = cells[index...].prefix { $0 == cells[index] }.count
      text += cells[index] ? paint(String(repeating: "█", count: run), .red) : String(repeating: "─", count: run)
      index += run
    }
    return text
  }

  /// Lines with the times of the flags, as many to a line as go.
  private func times(of party: PartyResult, duration: Double) -> [String] {
    guard !party.segments.isEmpty else { return [] }
    var texts = [flagged(party, duration: duration)]
    if party.decidingLLR != party.llr, let llr = party.llr { texts[0] += ", LLR of the whole \(llrText(llr))" }
    texts[0] += ":"
    let strongest = Set(party.segments.indices.sorted { party.segments[$0].llr < party.segments[$1].llr }.prefix(Self.mostStretches))
    for (index, segment) in party.segments.enumerated() where strongest.contains(index) {
      let start = segment.start.rounded(.down)
      // Not the same second twice.
      texts.append("\(clock(start))–\(clock(max(segment.end.rounded(), start + 1))) (\(llrText(segment.llr)))")
    }
    let rest = party.segments.count - strongest.count
    if rest > 0 { texts.append("and \(rest) weaker ones") }

    let margin = String(repeating: " ", count: Self.indent + Self.partyWidth + 2)
    var lines: [String] = []
    for text in texts {
      if let last = lines.last, last.count + text.count + 2 <= style.width {
        lines[lines.count - 1] += "  " + text
      } else {
        lines.append(margin + text)
      }
    }
    return lines
  }

  /// How much is flagged, and which share of the recording that is.
  private func flagged(_ party: PartyResult, duration: Double) -> String {
    let text = "\(clock(party.flagged)) flagged"
    return duration > 0 && party.flagged.isFinite ? text + " (\(percent(party.flagged / duration)))" : text
  }

  /// SGR codes.
  private enum Paint: Int {
    case plain = 0
    case bold = 1
    case faint = 2
    case red = 31
    case green = 32
    case yellow = 33
  }

  private func llrText(_ llr: Double) -> String {
    (fixed(llr, places: 1) ?? "–").replacing("-", with: "−")
  }

  private func paint(_ text: String, _ paint: Paint) -> String {
    style.color && paint != .plain ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
  }
}

extension Reason {
  /// The reason in words that fit the column of evidence.
  fileprivate var phrase: String {
    switch self {
    case .noSpeech: "no speech"
    case .tooLittleSpeech: "too short"
    case .tooNoisy: "too noisy"
    case .tooDistorted: "too distorted"
    case .ambiguous: "ambiguous"
    case .incomplete: "incomplete"
    }
  }
}

extension StrengthOfEvidence {
  /// The guideline's words.
  fileprivate var phrase: String {
    switch self {
    case .none: "no support"
    case .weak: "weak"
    case .moderate: "moderate"
    case .moderatelyStrong: "moderately strong"
    case .strong: "strong"
    case .veryStrong: "very strong"
    case .extremelyStrong: "extremely strong"
    }
  }
}

/// `text` cut or filled up with spaces to `width` characters.
private func left(_ text: String, _ width: Int) -> String {
  text.count > width ? text.prefix(width - 1) + "…" : text + String(repeating: " ", count: width - text.count)
}

private func right(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(width - text.count, 0)) + text
}
