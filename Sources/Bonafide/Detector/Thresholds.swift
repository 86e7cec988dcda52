/// The LLRs at which verdicts change in one scan.
struct Thresholds: Sendable, Equatable {
  var alarm: Double
  var clear: Double
  var stretch: Double

  /// Points of the card, moved by the options.
  init(_ points: ModelCard.OperatingPoints, options: ScanOptions) {
    alarm = options.alarmAt ?? points.alarm
    clear = options.clearAt ?? points.clear
    stretch = alarm + ((points.stretch ?? points.alarm) - points.alarm)
  }

  /// Half-way from the alarm point to the clear point.
  var middle: Double { alarm + max(0, clear - alarm) / 2 }

  /// Where a stretch that began at `stretch` ends: half-way from there to the clear point.
  var release: Double { stretch + max(0, clear - stretch) / 2 }
}
