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
    for points in detector.models.map(\.card.operatingPoints) {
      let (alarm, clear) = (scan.alarmAt ?? points.alarm, scan.clearAt ?? points.clear)
      guard alarm < clear || scan.alarmAt == nil && scan.clearAt == nil else {
        throw .badArgument("alarm_llr (\(alarm)) must be less than clear_llr (\(clear)); what is not given is the model's")
      }
    }
  }

  private static func scanOptions(_ options: bonafide_options) throws(CallError) -> ScanOptions {
    guard options.prior > 0, options.prior < 1 else {
      throw .badArgument("prior is a share of parties, greater than 0 and less than 1, not \(options.prior)")
    }
    guard (1...1024).contains(options.threads) else {
      throw .badArgument("threads are 1 to 1024, not \(options.threads)")
    }
    var scan = ScanOptions()
    scan.prior = options.prior
    scan.alarmAt = try point(options.alarm_llr, "alarm_llr")
    scan.clearAt = try point(options.clear_llr, "clear_llr")
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

  private static func point(_ llr: Double, _ name: String) throws(CallError) -> Double? {
    if llr.isNaN { return nil }
    guard llr.isFinite else { throw .badArgument("\(name) is a number, or NAN for the model's own") }
    return llr
  }

  private static func detector(_ options: bonafide_options) throws(CallError) -> Detector {
    do throws(ModelError) {
      guard let path = options.model else { return try Detector.default }
      return Detector(model: try Model(path: String(cString: path)))
    } catch {
      throw CallError(status: BONAFIDE_BAD_MODEL, message: error.description)
    }
  }
}
