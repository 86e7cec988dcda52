import Bonafide
import CBonafide

/// A result that a host holds, with what it is shown of it at addresses that stay.
final class HeldResult: Sendable {
  let file: FileResult
  let format: CText?
  let warnings: [CText]
  /// Names of the models, one per party; `nil` where it is not known.
  let models: [CText?]
  /// One per party; `nil` without a timeline.
  let timelines: [CScores?]

  init(_ file: FileResult) {
    self.file = file
    format = file.format.map(CText.init)
    warnings = file.warnings.map(CText.init)
    models = file.parties.map { $0.model.map(CText.init) }
    timelines = file.parties.map { $0.timeline.map { CScores($0.llr) } }
  }

  /// Of a buffer or a stream: a file of one party.
  convenience init(_ party: PartyResult, sampleRate: Int, duration: Double) {
    self.init(
      FileResult(
        path: "", sampleRate: sampleRate, duration: duration, verdict: party.verdict,
        warnings: oddities(nonNumbers: party.nonNumbers, outOfRange: party.outOfRange), parties: [party]))
  }
}

/// Scores at an address that stays, for as long as the object does; not a number where there is none.
///
/// Unchecked: nothing changes the scores.
final class CScores: @unchecked Sendable {
  private let scores: UnsafeMutableBufferPointer<Float>

  init(_ scores: [Float?]) {
    self.scores = .allocate(capacity: scores.count)
    _ = self.scores.initialize(from: scores.lazy.map { $0 ?? .nan })
  }

  deinit {
    scores.deallocate()
  }

  var count: Int { scores.count }
  var start: UnsafePointer<Float>? { scores.isEmpty ? nil : UnsafePointer(scores.baseAddress) }
}

extension bonafide_verdict {
  init(_ verdict: Verdict?) {
    self =
      switch verdict {
      case .bonafide: BONAFIDE_VERDICT_BONAFIDE
      case .synthetic: BONAFIDE_VERDICT_SYNTHETIC
      case .inconclusive, nil: BONAFIDE_VERDICT_INCONCLUSIVE
      }
  }
}

extension bonafide_reason {
  init(_ reason: Reason?) {
    self =
      switch reason {
      case .noSpeech: BONAFIDE_REASON_NO_SPEECH
      case .tooLittleSpeech: BONAFIDE_REASON_TOO_LITTLE_SPEECH
      case .tooNoisy: BONAFIDE_REASON_TOO_NOISY
      case .tooDistorted: BONAFIDE_REASON_TOO_DISTORTED
      case .ambiguous: BONAFIDE_REASON_AMBIGUOUS
      case .incomplete: BONAFIDE_REASON_INCOMPLETE
      case nil: BONAFIDE_REASON_NONE
      }
  }
}

extension bonafide_segment {
  init(_ segment: Segment) {
    self.init(
      start_s: segment.start, end_s: segment.end, llr: segment.llr, synthetic_probability: segment.syntheticProbability)
  }
}

/// What is odd in samples of a host, a line each.
func oddities(nonNumbers: Int, outOfRange: Int) -> [String] {
  var lines: [String] = []
  if nonNumbers > 0 { lines.append("samples are not numbers (\(nonNumbers) of them), and are taken as 0") }
  if outOfRange > 0 {
    lines.append(
      "samples are beyond ±4 (\(outOfRange) of them), and are cut to that; full scale is ±1: divide those of 16 bits by 32768")
  }
  return lines
}

extension bonafide_party {
  /// - Parameter model: lasts as long as the result that the host holds.
  init(_ party: PartyResult, model: CText?) {
    self.init(
      channel: Int32(clamping: party.channel), same_as: Int32(clamping: party.sameAs ?? 0),
      verdict: bonafide_verdict(party.verdict), reason: bonafide_reason(party.reason), speech_s: party.speech,
      llr: party.llr ?? .nan, synthetic_probability: party.syntheticProbability ?? .nan, segment_count: party.segments.count,
      track: Int32(clamping: party.track ?? 0), track_channel: Int32(clamping: party.trackChannel ?? 0), model: model?.pointer,
      echo_s: party.echo, clipped: party.clipped ?? .nan, non_numbers: UInt64(party.nonNumbers),
      out_of_range: UInt64(party.outOfRange), snr_db: party.signalToNoise ?? .nan,
      first_llr: party.stages?.first ?? .nan, second_score: party.stages?.second ?? .nan, coded: party.stages?.coded ?? .nan)
  }
}

/// - Parameter index: of the host.
func element<Element>(_ index: Int, of elements: [Element], _ name: String) throws(CallError) -> Element {
  guard elements.indices.contains(index) else {
    throw .badArgument("there are \(elements.count) \(name), counted from 0; \(UInt(bitPattern: index)) is none of them")
  }
  return elements[index]
}
