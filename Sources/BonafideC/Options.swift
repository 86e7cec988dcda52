import Bonafide
import BonafideAudio
import CBonafide

/// What a host asks of a detector.
struct Options {
  let detector: Detector
  let scan: ScanOptions

  /// Those that the host gives, over those of the library.
  static func merged(_ given: UnsafePointer<bonafide_options>?) throws(CallError) -> bonafide_options {
    var options = defaults
    if let given { try SizedStruct.read(given, size: given.pointee.size, over: &options, "options") }
    return options
  }

  static var defaults: bonafide_options {
    var options = bonafide_options()
    options.size = MemoryLayout<bonafide_options>.size
    options.prior = ScanOptions().prior
    options.alarm_llr = .nan
    options.clear_llr = .nan
    options.threads = Int32(ScanOptions().threads)
    return options
  }

  init(_ options: bonafide_options) throws(CallError) {
    scan = try Self.scanOptions(options)
    detector = try Self.detector(options)
    try CallError.wrapping { () throws(ScreeningError) in try scan.validate(for: detector) }
  }

  private static func scanOptions(_ options: bonafide_options) throws(CallError) -> ScanOptions {
    var scan = ScanOptions()
    scan.prior = options.prior
    scan.alarmAt = options.alarm_llr.isNaN ? nil : options.alarm_llr
    scan.clearAt = options.clear_llr.isNaN ? nil : options.clear_llr
    scan.mix = options.mix != 0
    scan.timeline = options.timeline != 0
    scan.threads = Int(options.threads)
    if let raw = options.raw {
      do {
        scan.raw = try RawFormat(parsing: String(cString: raw))
      } catch {
        throw .badArgument("raw: \(error.message)")
      }
    }
    return scan
  }

  private static func detector(_ options: bonafide_options) throws(CallError) -> Detector {
    let arithmetic: Arithmetic = options.precise != 0 ? .float : .fastest
    let detector: Detector
    do throws(ModelError) {
      if let path = options.model {
        detector = Detector(model: try Model(path: String(cPath: path), arithmetic: arithmetic))
      } else {
        detector = try .builtIn(arithmetic, fast: options.fast != 0)
      }
    } catch {
      throw CallError(status: BONAFIDE_BAD_MODEL, message: error.description)
    }
    guard let path = options.profile else { return detector }
    do throws(ProfileError) {
      return try detector.adjusted(to: try SiteProfile(path: String(cPath: path)))
    } catch {
      throw CallError(status: BONAFIDE_BAD_PROFILE, message: error.description)
    }
  }
}
