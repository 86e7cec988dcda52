import Bonafide

extension JSON {
  /// A trace as the page's script reads it: quantised, a character or two of `digits` for each value.
  init(_ trace: PartyTrace) {
    func shares(_ values: [Float]) -> JSON {
      // Most calls have no echo and no gaps.
      .string(values.allSatisfy { $0 <= 0 } ? "" : Digits.one(values))
    }
    let peak = max(trace.peaks.max() ?? 0, 1e-6)
    let darkest = max((trace.spectra.max() ?? 0) - Digits.brightness, PartyTrace.silence)
    self = .object([
      ("hop_s", .number(trace.hop, places: 4)),
      ("lowest", .string(Digits.two(trace.lowest))),
      // The same where a column is a frame.
      ("highest", .string(trace.highest == trace.lowest ? "" : Digits.two(trace.highest))),
      ("speech", shares(trace.speech)),
      ("echo", shares(trace.echo)),
      ("missing", shares(trace.missing)),
      ("alarm", .number(trace.alarm, places: 3)),
      ("clear", .number(trace.clear, places: 3)),
      ("beyond_s", .number(trace.beyondAlarm, places: 2)),
      ("lowest_at_s", JSON(trace.lowestAt, places: 2)),
      ("peak_hop_s", .number(trace.peakHop, places: 4)),
      ("peaks", .string(Digits.one(trace.peaks.map { $0 / peak }))),
      ("peak", .number(Double(peak), places: 4)),
      ("spectrum_hop_s", .number(trace.spectrumHop, places: 4)),
      ("bands", .integer(trace.bands)),
      ("low_hz", .number(trace.lowEdge, places: 0)),
      ("high_hz", .number(trace.highEdge, places: 0)),
      ("spectra", .string(Digits.one(trace.spectra.map { ($0 - darkest) / Digits.brightness }))),
    ])
  }
}

/// Numbers of the base 64.
enum Digits {
  static let all = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  /// Nepers of energy from the darkest of a spectrogram to the brightest: 56 dB.
  static let brightness: Float = 13
  /// Log-likelihood ratios from minus this on, in steps of 1/128.
  static let range: Float = 16

  /// A digit for each value, of 0...1.
  static func one(_ values: [Float]) -> String {
    String(decoding: values.map { all[Int(min(max($0, 0), 1) * 63 + 0.5)] }, as: UTF8.self)
  }

  /// Two digits for each log-likelihood ratio, `..` for none.
  static func two(_ values: [Float?]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * values.count)
    for value in values {
      guard let value, value.isFinite else {
        text += [UInt8(ascii: "."), UInt8(ascii: ".")]
        continue
      }
      let step = Int(min(max((value + range) * 128, 0), 4095))
      text += [all[step >> 6], all[step & 63]]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
