// swift-format-ignore-file: AlwaysUseLowerCamelCase
import Bonafide
import BonafideAudio
import CBonafide

/// A detector that a host holds.
final class HeldDetector: Sendable {
  let detector: Detector
  let options: ScanOptions
  let log: Log?
  let texts: [ModelTexts]
  let second: ModelTexts?

  /// What a host is shown of a model.
  struct ModelTexts: Sendable {
    let name, version, sha256: CText
  }

  init(_ detector: Detector, options: ScanOptions, log: Log?) {
    self.detector = detector
    self.options = options
    self.log = log
    texts = detector.models.map { model in
      ModelTexts(name: CText(model.card.name), version: CText(model.card.version), sha256: CText(model.sha256))
    }
    second = detector.second.map { stage in
      ModelTexts(name: CText(stage.card.name), version: CText(stage.card.version), sha256: CText(stage.sha256))
    }
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
    if let stage = held.detector.second {
      log?.write(BONAFIDE_LEVEL_INFO, "second stage \(stage.card.name) \(stage.card.version), SHA-256 \(stage.sha256)")
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
  bonafide_detector_model(detector, 0, model, size)
}

@c @implementation
public func bonafide_detector_model(
  _ detector: OpaquePointer?, _ index: Int, _ model: UnsafeMutablePointer<bonafide_model>?, _ size: Int
) -> bonafide_status {
  attempt { () throws(CallError) in
    let held = try detectors.object(detector)
    let (card, texts) = (try element(index, of: held.detector.models, "models").card, held.texts[index])
    let info = bonafide_model(
      name: texts.name.pointer, version: texts.version.pointer, sha256: texts.sha256.pointer,
      alarm_llr: card.operatingPoints.alarm, clear_llr: card.operatingPoints.clear,
      sample_rate_hz: Int32(clamping: card.features.sampleRate))
    try SizedStruct.write(info, to: model, size: size, "model")
  }
}

@c @implementation
public func bonafide_detector_second_stage(
  _ detector: OpaquePointer?, _ stage: UnsafeMutablePointer<bonafide_second_stage>?, _ size: Int
) -> bonafide_status {
  attempt { () throws(CallError) in
    let texts = try detectors.object(detector).second
    let info = bonafide_second_stage(name: texts?.name.pointer, version: texts?.version.pointer, sha256: texts?.sha256.pointer)
    try SizedStruct.write(info, to: stage, size: size, "stage")
  }
}

@c @implementation
public func bonafide_scan(
  _ detector: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  bonafide_scan_with_progress(detector, path, nil, nil, result)
}

@c @implementation
public func bonafide_scan_with_progress(
  _ detector: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ progress: bonafide_progress?, _ context: UnsafeMutableRawPointer?,
  _ result: UnsafeMutablePointer<OpaquePointer?>?
) -> bonafide_status {
  attempt { () throws(CallError) in
    let place = try required(result, "result")
    place.pointee = nil
    let held = try detectors.object(detector)
    guard let path else { throw .nullPointer("path") }
    let name = String(cPath: path)
    let file = try telling(held.log) { () throws(CallError) in
      var isGivenUp = false
      let file = held.detector.scan(name, options: held.options, isCancelled: { isGivenUp }) { seconds in
        if let progress, bonafide_call_progress(progress, context, seconds) != 0 { isGivenUp = true }
      }
      if isGivenUp { throw CallError(status: BONAFIDE_CANCELLED, message: "\(name): the scan was given up") }
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
    for warning in result.file.warnings { held.log?.write(BONAFIDE_LEVEL_WARNING, "the samples: \(warning)") }
    try results.give(result, to: place)
  }
}
