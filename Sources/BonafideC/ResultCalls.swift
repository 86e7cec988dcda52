// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Bonafide
import CBonafide

@c @implementation
public func bonafide_result_destroy(_ result: OpaquePointer?) -> bonafide_status {
  attempt { () throws(CallError) in try results.remove(result) }
}

@c @implementation
public func bonafide_result_file(
  _ result: OpaquePointer?, _ file: UnsafeMutablePointer<bonafide_file>?, _ size: Int
) -> bonafide_status {
  attempt { () throws(CallError) in
    let held = try results.object(result)
    let value = bonafide_file(
      verdict: bonafide_verdict(held.file.verdict), sample_rate_hz: Int32(clamping: held.file.sampleRate ?? 0),
      duration_s: held.file.duration ?? .nan, bandwidth_hz: held.file.bandwidth ?? .nan, format: held.format?.pointer,
      party_count: held.file.parties.count, warning_count: held.warnings.count,
      heard_s: held.file.heard ?? .nan, unheard_s: held.file.unheard ?? .nan)
    try SizedStruct.write(value, to: file, size: size, "file")
  }
}

@c @implementation
public func bonafide_result_party(
  _ result: OpaquePointer?, _ party: Int, _ value: UnsafeMutablePointer<bonafide_party>?, _ size: Int
) -> bonafide_status {
  attempt { () throws(CallError) in
    let held = try results.object(result)
    let found = try element(party, of: held.file.parties, "parties")
    try SizedStruct.write(bonafide_party(found, model: held.models[party]), to: value, size: size, "party")
  }
}

@c @implementation
public func bonafide_result_segment(
  _ result: OpaquePointer?, _ party: Int, _ index: Int, _ segment: UnsafeMutablePointer<bonafide_segment>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let party = try element(party, of: try results.object(result).file.parties, "parties")
    let value = bonafide_segment(try element(index, of: party.segments, "segments"))
    try required(segment, "segment").pointee = value
  }
}

@c @implementation
public func bonafide_result_timeline(
  _ result: OpaquePointer?, _ party: Int, _ timeline: UnsafeMutablePointer<bonafide_timeline>?, _ size: Int
) -> bonafide_status {
  attempt { () throws(CallError) in
    let held = try results.object(result)
    let scores = try element(party, of: held.timelines, "parties")
    guard let scores, let hop = held.file.parties[party].timeline?.hop else {
      throw .badArgument("there is no timeline: ask for it in the options of the detector")
    }
    let value = bonafide_timeline(hop_s: hop, count: scores.count, llr: scores.start)
    try SizedStruct.write(value, to: timeline, size: size, "timeline")
  }
}

@c @implementation
public func bonafide_result_warning(
  _ result: OpaquePointer?, _ index: Int, _ text: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let warning = try element(index, of: try results.object(result).warnings, "warnings")
    try required(text, "text").pointee = warning.pointer
  }
}
