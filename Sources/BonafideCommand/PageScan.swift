import Bonafide
import BonafideAudio
import BonafideReport
import Glibc

/// What a scan does for a page beside screening.
enum PageScan {
  /// Bytes of drawings that a page of many recordings has, about, if each has two parties.
  private static let drawings = 18e6
  /// Bytes of drawings that a column takes: with 16 bands, and with more.
  private static let (narrowColumn, wideColumn) = (22.0, 38.0)

  /// How finely parties are drawn: less so the more recordings there are, so that a page has a size that a browser opens at once.
  static func trace(recordings: Int) -> (columns: Int, bands: Int) {
    let bytes = drawings / Double(max(1, recordings)) / 2
    // There are up to twice as many columns as are asked for.
    let wide = Int(bytes / wideColumn / 2)
    return wide >= 150 ? (min(wide, 600), 32) : (max(32, Int(bytes / narrowColumn / 2)), 16)
  }

  /// How large a page with all audio will be, to be said; `nil` where that is not much.
  static func sizeWarning(for recordings: [Recording], raw: RawFormat?) -> String? {
    let megabytes = Exhibits.size(ofAll: recordings, raw: raw) / 1e6
    guard megabytes > 100 else { return nil }
    return "the page will have about \(Int(megabytes.rounded())) MB of audio; --embed-audio flagged takes less"
  }

  /// The time at this place, to the minute.
  static func now() -> String {
    var (seconds, parts) = (time(nil), tm())
    localtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, "%Y-%m-%d %H:%M %Z", &parts)
    return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension Scan {
  /// What a page says of this scan.
  func pageInfo(_ detector: Detector) -> PageInfo {
    var info = PageInfo(created: PageScan.now())
    info.options = [
      ("--prior", "\(points.prior)"), ("--alarm-at", points.alarmAt.map { "\($0)" }), ("--clear-at", points.clearAt.map { "\($0)" }),
      ("--fast", screening.fast ? "" : nil), ("--precise", screening.precise ? "" : nil), ("--mix", party.mix ? "" : nil), ("--model", screening.model),
      ("--profile", site.profile), ("--channel-names", party.channelNames), ("--only", worklist.only?.map(\.rawValue).joined(separator: ",")),
    ].compactMap { name, value in value.map { (name, $0) } }
    info.points = detector.models.map { model in
      let own = detector.second?.card.fusions[model.card.name]?.operatingPoints ?? model.card.operatingPoints
      return (model.card.name, points.alarmAt ?? own.alarm, points.clearAt ?? own.clear)
    }
    info.hasOwnPoints = points.alarmAt == nil && points.clearAt == nil && site.profile == nil
    info.metrics = detector.second.map { [($0.card.name, $0.card.metrics)] } ?? detector.models.map { ($0.card.name, $0.card.metrics) }
    return info
  }
}
