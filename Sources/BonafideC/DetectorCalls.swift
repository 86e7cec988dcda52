import Bonafide
import CBonafide

/// A detector that a host holds.
final class HeldDetector: Sendable {
  let detector: Detector
  let options: ScanOptions
  let log: Log?
  let name, version, sha256: CText

  init(_ detector: Detector, options: ScanOptions, log: Log?) {
    let model = detector.narrowband
    self.detector = detector
    self.options = options
    self.log = log
    name = CText(model.card.name)
    version = CText(model.card.version)
    sha256 = CText(model.sha256)
  }
}

@c @implementation
public func bonafide_options_init(_ options: UnsafeMutablePointer<bonafide_options>?, _ size: Int) -> bonafide_status {
  attempt { () throws(CallError) in
    var defaults = Options.defaults
    defaults.size = size
    try SizedStruct.write(defaults, to: options, size: size, "options")
  }
}

@c @implementation
public func bonafide_detector_create(
  _ options: UnsafePointer<bonafide_options>?, _ detector: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let place = try required(detector, "detector")
    place.pointee = nil
    let merged = try Options.merged(options)
    let log = Log(merged)
    let held = try telling(log) { () throws(CallError) in
      let options = try Options(merged)
      return HeldDetector(options.detector, options: options.scan, log: log)
    }
    for model in held.detector.models {
      log?.write(BONAFIDE_LEVEL_INFO, "model \(model.card.name) \(model.card.version), SHA-256 \(model.sha256)")
    }
    try detectors.give(held, to: place)
  }
}

@c @implementation
public func bonafide_detector_destroy(_ detector: OpaquePointer?) -> bonafide_status {
  attempt { () throws(CallError) in try detectors.remove(detector) }
}

@c @implementation
public func bonafide_model_info(
  _ detector: OpaquePointer?, _ model: UnsafeMutablePointer<bonafide_model>?, _ size: Int
) -> bonafide_status {
  attempt { () throws(CallError) in
    let held = try detectors.object(detector)
    let card = held.detector.narrowband.card
    let info = bonafide_model(
      name: held.name.pointer, version: held.version.pointer, sha256: held.sha256.pointer,
      alarm_llr: card.operatingPoints.alarm, clear_llr: card.operatingPoints.clear,
      sample_rate_hz: Int32(clamping: card.features.sampleRate))
    try SizedStruct.write(info, to: model, size: size, "model")
  }
}

@c @implementation
public func bonafide_scan(
  _ detector: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let place = try required(result, "result")
    place.pointee = nil
    let held = try detectors.object(detector)
    guard let path else { throw .nullPointer("path") }
    let name = String(cString: path)
    let file = try telling(held.log) { () throws(CallError) in
      let file = held.detector.scan(name, options: held.options)
      if let error = file.error { throw CallError(status: BONAFIDE_BAD_AUDIO, message: "\(name): \(error)") }
      return file
    }
    for warning in file.warnings { held.log?.write(BONAFIDE_LEVEL_WARNING, "\(name): \(warning)") }
    try results.give(HeldResult(file), to: place)
  }
}

@c @implementation
public func bonafide_score(
  _ detector: OpaquePointer?, _ samples: UnsafePointer<Float>?, _ count: Int, _ sampleRate: Int32,
  _ result: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let place = try required(result, "result")
    place.pointee = nil
    let held = try detectors.object(detector)
    let party = try telling(held.log) { () throws(CallError) in
      let samples = try Samples.checked(samples, count: count)
      return try CallError.wrapping { () throws(ScreeningError) in
        try held.detector.score(samples.span, sampleRate: Int(sampleRate), options: held.options)
      }
    }
    let result = HeldResult(party, sampleRate: Int(sampleRate), duration: Double(count) / Double(sampleRate))
    try results.give(result, to: place)
  }
}
