// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Bonafide
import CBonafide

@c @implementation
public func bonafide_stream_create(
  _ detector: OpaquePointer?, _ sampleRate: Int32, _ stream: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let place = try required(stream, "stream")
    place.pointee = nil
    let detector = try detectors.object(detector)
    let held = try telling(detector.log) { () throws(CallError) in try HeldStream(detector, sampleRate: sampleRate) }
    try streams.give(held, to: place)
  }
}

@c @implementation
public func bonafide_stream_destroy(_ stream: OpaquePointer?) -> bonafide_status {
  attempt { () throws(CallError) in try streams.remove(stream) }
}

@c @implementation
public func bonafide_stream_append_float(
  _ stream: OpaquePointer?, _ samples: UnsafePointer<Float>?, _ count: Int
) -> bonafide_status {
  append(to: stream, samples, count: count) { stream, samples throws(ScreeningError) in try stream.append(samples.span) }
}

@c @implementation
public func bonafide_stream_append_int16(
  _ stream: OpaquePointer?, _ samples: UnsafePointer<Int16>?, _ count: Int
) -> bonafide_status {
  append(to: stream, samples, count: count) { stream, samples throws(ScreeningError) in try stream.append(samples.span) }
}

@c @implementation
public func bonafide_stream_append_mulaw(
  _ stream: OpaquePointer?, _ samples: UnsafePointer<UInt8>?, _ count: Int
) -> bonafide_status {
  append(to: stream, samples, count: count) { stream, samples throws(ScreeningError) in
    try stream.append(muLaw: samples.span)
  }
}

@c @implementation
public func bonafide_stream_append_alaw(
  _ stream: OpaquePointer?, _ samples: UnsafePointer<UInt8>?, _ count: Int
) -> bonafide_status {
  append(to: stream, samples, count: count) { stream, samples throws(ScreeningError) in
    try stream.append(aLaw: samples.span)
  }
}

@c @implementation
public func bonafide_stream_append_missing(_ stream: OpaquePointer?, _ count: Int) -> bonafide_status {
  withStream(stream) { held throws(CallError) in
    try held.append { stream throws(ScreeningError) in try stream.append(missing: count) }
  }
}

@c @implementation
public func bonafide_stream_update(
  _ stream: OpaquePointer?, _ update: UnsafeMutablePointer<bonafide_update>?, _ size: Int
) -> bonafide_status {
  withStream(stream) { held throws(CallError) in
    try SizedStruct.write(try held.update(), to: update, size: size, "update")
  }
}

@c @implementation
public func bonafide_stream_segment(
  _ stream: OpaquePointer?, _ index: Int, _ segment: UnsafeMutablePointer<bonafide_segment>?
) -> bonafide_status {
  withStream(stream) { held throws(CallError) in
    let place = try required(segment, "segment")
    place.pointee = try held.segment(index)
  }
}

@c @implementation
public func bonafide_stream_finish(
  _ stream: OpaquePointer?, _ result: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  result?.pointee = nil
  return withStream(stream) { held throws(CallError) in
    let place = try required(result, "result")
    try results.give(try held.finish(), to: place)
  }
}

@c @implementation
public func bonafide_stream_reset(_ stream: OpaquePointer?) -> bonafide_status {
  withStream(stream) { held throws(CallError) in try held.reset() }
}

private func append<Sample>(
  to stream: OpaquePointer?, _ samples: UnsafePointer<Sample>?, count: Int,
  _ body: (DetectorStream, UnsafeBufferPointer<Sample>) throws(ScreeningError) -> StreamUpdate
) -> bonafide_status {
  withStream(stream) { held throws(CallError) in
    let samples = try Samples.checked(samples, count: count)
    try held.append { stream throws(ScreeningError) in try body(stream, samples) }
  }
}

private func withStream(_ stream: OpaquePointer?, _ body: (HeldStream) throws(CallError) -> Void) -> bonafide_status {
  attempt { () throws(CallError) in
    let held = try streams.object(stream)
    try telling(held.log) { () throws(CallError) in try body(held) }
  }
}
