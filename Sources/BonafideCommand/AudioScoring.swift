import Bonafide
import BonafideEvaluation
import BonafideReport
import Glibc
import Synchronization

/// Scores the recordings of a protocol on several threads.
struct AudioScoring {
  let detector: Detector
  /// Folder that the protocol's names start from.
  let root: String
  let options: ScanOptions
  /// Columns of a terminal for a progress line; `nil` for none.
  let progressWidth: Int?

  /// What the files were found to be, and how many came out how; one that could not be screened has its error, and no parties.
  func score(_ trials: TrialList, jobs: Int) -> (recordings: [ScreenedRecording], tally: Tally) {
    let files = Self.files(of: trials)
    let recordings = files.map { file in
      let path = Self.path(of: file, in: root)
      return Recording(path: path, size: Recording.size(of: path))
    }
    let results = Mutex<[FileResult?]>(Array(repeating: nil, count: files.count))
    let loop = ScreeningLoop(recordings: recordings, detector: detector, options: options, progressWidth: progressWidth)
    loop.run(jobs: jobs) { index in
      let result = loop.screen(index)
      loop.finish(index, seconds: result.duration ?? 0)
      results.withLock { $0[index] = result }
      return true
    }
    var tally = Tally()
    let screened = zip(files, results.withLock { $0 }).map { file, result in
      let result = result ?? FileResult(path: file, error: "was not screened")
      tally.count(result)
      return ScreenedRecording(result, file: file)
    }
    return (screened, tally)
  }

  /// Paths of the recordings of a protocol.
  static func paths(of trials: TrialList, root: String) -> [String] { files(of: trials).map { path(of: $0, in: root) } }

  private static func files(of trials: TrialList) -> [String] {
    var seen: Set<String> = []
    return trials.trials.filter { $0.label != .neither }.map(\.file).filter { seen.insert($0).inserted }
  }

  /// Names in protocols of the challenges have neither extension nor folder. A name from the root of the file system is
  /// taken as it is.
  private static func path(of file: String, in root: String) -> String {
    if file.hasPrefix("/") { return file }
    let base = root.hasSuffix("/") || root.isEmpty ? root : root + "/"
    let candidates =
      [file]
      + ["", "flac/", "wav/"].flatMap { folder in
        ["flac", "wav", "opus", "ogg", "mp3"].map { "\(folder)\(file).\($0)" }
      }
    let found = candidates.first { name in
      var status = stat()
      return stat(base + name, &status) == 0
    }
    return base + (found ?? file)
  }
}

extension ScreenedRecording {
  /// - Parameter file: what the protocol calls it.
  init(_ result: FileResult, file: String) {
    self.init(
      path: file, duration: result.duration, error: result.error,
      parties: result.parties.filter { $0.sameAs == nil }.map { party in
        Party(
          channel: party.channel, name: party.name,
          answer: Answer(verdict: party.verdict.rawValue, reason: party.reason?.rawValue), llr: party.llr, speech: party.speech,
          stretches: party.segments.map { Stretch(span: Span(start: $0.start, end: $0.end), llr: $0.llr) },
          hop: party.timeline?.hop ?? 0, frames: party.timeline?.llr ?? [])
      })
  }
}
