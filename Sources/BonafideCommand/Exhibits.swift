import ArgumentParser
import Bonafide
import BonafideAudio
import BonafideLedger
import BonafideReport
import Glibc

/// Which audio a page has in it.
enum EmbeddedAudio: String, CaseIterable, ExpressibleByArgument {
  case none, flagged, all
}

/// Gets what a page has of each recording: its hash, its address and its audio.
struct Exhibits: Sendable {
  let audio: EmbeddedAudio
  /// File of the page; `nil` where it goes to standard output.
  let page: String?
  let raw: RawFormat?
  let mix: Bool
  /// Seconds of a call that are in the page at most where only what is flagged is.
  var most = Exhibits.longest

  /// Seconds around a flagged stretch that are heard with it.
  private static let margin = 5.0
  /// The same by itself, and where the first stage alone screens: encoding that adds a fifth to the time of a minute.
  static let (longest, shorter) = (60.0, 20.0)

  func exhibit(of result: FileResult) -> Exhibit {
    let path = result.location
    guard path != "-", FileIdentity(path) != nil else { return Exhibit() }
    var exhibit = Exhibit(sha256: ContentHash(path: path)?.hexadecimal, link: address(of: path, from: page))
    let clips = clips(of: result)
    // Without them the page says that there is none.
    if !clips.isEmpty, let read = try? AudioReader.read(clips, of: path, raw: raw) {
      exhibit.clips = read.map { clip in
        Exhibit.Clip(start: clip.start, end: clip.end, channels: clip.channels.map { $0 + 1 }, opus: clip.opus)
      }
    }
    return exhibit
  }

  /// What of a recording is heard in the page.
  private func clips(of result: FileResult) -> [AudioClip] {
    let duration = result.duration ?? 0
    let parties = result.parties.filter { $0.sameAs == nil }
    guard audio != .none, duration > 0, !parties.isEmpty else { return [] }
    // Two parties are left and right; of more, each is heard by itself.
    let groups = parties.count <= 2 ? [parties] : parties.map { [$0] }
    let heard = audio == .all ? groups.map { _ in [0...duration] } : flagged(of: groups, duration)
    return zip(groups, heard).flatMap { group, ranges in
      ranges.map { AudioClip(start: $0.lowerBound, end: $0.upperBound, channels: mix ? [] : group.map { $0.channel - 1 }) }
    }
  }

  /// What is flagged of each group of parties, with the seconds around; where that is too much, the strongest stretches.
  private func flagged(of groups: [[PartyResult]], _ duration: Double) -> [[ClosedRange<Double>]] {
    var heard = groups.map { _ in HeardTimes() }
    let stretches = groups.enumerated().flatMap { group, parties in parties.flatMap(\.segments).map { (group, $0) } }
    for (group, stretch) in stretches.sorted(by: { $0.1.llr < $1.1.llr }) {
      let range = max(0, stretch.start - Self.margin)...min(duration, max(stretch.start, stretch.end) + Self.margin)
      let part = heard[group].begin(of: range, adding: most - heard.reduce(0) { $0 + $1.seconds })
      // A begin with too little of the stretch tells nothing.
      if part.upperBound >= min(range.upperBound, stretch.start + Self.margin) { heard[group].insert(part) }
    }
    return heard.map(\.ranges)
  }

  /// Bytes that the audio of recordings takes in a page, as base64 and about.
  static func size(ofAll recordings: [Recording], raw: RawFormat?) -> Double {
    recordings.reduce(0) { sum, recording in
      guard recording.problem == nil, recording.size != nil, let reader = try? AudioReader(path: recording.path, raw: raw),
        let frames = reader.format.frameCount, reader.format.sampleRate > 0
      else { return sum }
      let seconds = Double(frames) / Double(reader.format.sampleRate)
      return sum + seconds * AudioClip.bytesPerSecond(channelCount: reader.format.channelCount) * 4 / 3
    }
  }
}

/// The address of a file as a link of a page: relative, so that both can be moved together; whole where the page is nowhere.
///
/// - Parameter page: file of the page; `nil` where it is not known.
func address(of path: String, from page: String?) -> String? {
  guard var parts = resolved(path) else { return nil }
  var prefix = "file:///"
  if let page, let folder = resolved(page.contains("/") ? String(page[...(page.lastIndex(of: "/") ?? page.startIndex)]) : ".") {
    let shared = zip(parts.dropLast(), folder).prefix { $0 == $1 }.count
    parts = Array(repeating: up, count: folder.count - shared) + parts.dropFirst(shared)
    // A name with a colon would be taken for a scheme.
    prefix = parts.first == up ? "" : "./"
  }
  return prefix + parts.map(percentEncoded).joined(separator: "/")
}

/// The folder above.
private let up = Array("..".utf8)

/// The parts of the whole path that a path leads to; `nil` where it leads nowhere.
private func resolved(_ path: String) -> [[UInt8]]? {
  guard let resolved = realpath(path.cPath, nil) else { return nil }
  defer { free(resolved) }
  return UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)).split(separator: UInt8(ascii: "/")).map(Array.init)
}

/// `part` with all but the unreserved characters of RFC 3986 as `%` and two digits.
private func percentEncoded(_ part: [UInt8]) -> String {
  let digits = Array("0123456789ABCDEF")
  return String(
    part.flatMap { byte -> [Character] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        [Character(Unicode.Scalar(byte))]
      default: ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    })
}
