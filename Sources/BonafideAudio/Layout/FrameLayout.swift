/// Streams of frames without a container: MPEG audio and AAC in ADTS.
///
/// All frames are passed by their headers. A part ends where the rate or the channels change and where another encoder's
/// first frame stands; what is between frames and is none, such as a hole of zeros, is left out.
extension Layout {
  /// Bytes of a file, a window at a time.
  struct Window {
    private var bytes: [UInt8] = []
    private var start: Int64 = 0
    private static let length = 1 << 17
    /// Most that is asked for at once.
    static let head = 64

    /// At least `head` bytes from a place on, or as many as there are.
    mutating func at(_ place: Int64, of file: borrowing FileDescriptor) -> ArraySlice<UInt8> {
      var offset = Int(clamping: place - start)
      if offset < 0 || offset + Self.head > bytes.count {
        bytes = file.bytes(at: place, count: Self.length)
        start = place
        offset = 0
      }
      return bytes[min(offset, bytes.count)...].prefix(Self.head)
    }

    /// Frames in a row that are no chance among bytes of another kind.
    private static let many = 12

    /// Whether so many frames of one kind start at a place that they are no chance.
    mutating func startsManyFrames(at place: Int64, of file: borrowing FileDescriptor) -> Bool {
      guard let first = Frame(at(place, of: file)) else { return false }
      var next = place + Int64(first.length)
      for _ in 1..<Self.many {
        guard let frame = Frame(at(next, of: file)), frame.fits(first) else { return false }
        next += Int64(frame.length)
      }
      return true
    }
  }

  /// A run of frames that one decoder reads.
  private struct Run {
    var first: Frame
    var ranges: [Range<Int64>]
    /// Frames behind the first one.
    var frames = 0
    private var lastLength: Int64 = 0
    /// Whether the first frame tells of the stream and holds no audio.
    private let isNoted: Bool
    /// Whether bytes that are no frames are before it.
    let isBehindHole: Bool
    /// Frames that its first one promises.
    var promised: Int?

    /// Under a first frame that says how many there are: where none does, libsndfile goes by the bit rate of the first, and
    /// stops there.
    var part: LayoutPart {
      let pieces = ranges.map { Excerpt.Piece.file($0) }
      guard first.isLayer3, !isNoted || promised != frames else { return LayoutPart(Excerpt(pieces), takesFFmpeg: first.kind == 0) }
      guard isNoted else { return LayoutPart(Excerpt([.bytes(first.note(frames: frames + 1))] + pieces)) }
      let rest = [(ranges[0].lowerBound + Int64(first.length))..<max(ranges[0].lowerBound + Int64(first.length), ranges[0].upperBound)]
      return LayoutPart(Excerpt([.bytes(first.note(frames: frames))] + (rest + ranges.dropFirst()).map { .file($0) }))
    }

    init(_ first: Frame, _ range: Range<Int64>, promised: Int?, isNoted: Bool, isBehindHole: Bool) {
      self.isNoted = isNoted
      self.isBehindHole = isBehindHole
      self.first = first
      ranges = [range]
      lastLength = range.upperBound - range.lowerBound
      self.promised = promised
    }

    /// Whether there is more than a first frame that tells of the stream.
    var holdsAudio: Bool { !isNoted || frames > 0 }

    /// Where the last frame begins.
    var lastStart: Int64 { ranges.last.map { max($0.lowerBound, $0.upperBound - lastLength) } ?? 0 }

    mutating func removeLast() {
      frames = max(0, frames - 1)
      if let last = ranges.last { ranges[ranges.count - 1] = last.lowerBound..<lastStart }
    }

    mutating func add(_ range: Range<Int64>) {
      frames += 1
      lastLength = range.upperBound - range.lowerBound
      if let last = ranges.last, last.upperBound == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
  }

  /// What was found of a stream of frames.
  private struct FrameStream {
    private(set) var runs: [Run] = []
    /// Bytes between frames that are none, and behind them.
    private(set) var holes: Int64 = 0
    private var isBehindHole = false

    /// Seconds of a promise that a few frames which were left out do not make.
    private static let leastPromise = 0.5

    /// Whether a frame may go on with what was found.
    func goesOn(with frame: Frame) -> Bool { runs.last.map { $0.first.fits(frame) } ?? true }

    /// - Parameter note: what an encoder says in the frame, as `noteOfEncoder` has it.
    mutating func add(_ frame: Frame, _ range: Range<Int64>, note: Int??) {
      if let last = runs.indices.last, note == nil, !isBehindHole, runs[last].first.fits(frame) {
        runs[last].add(range)
      } else {
        runs.append(Run(frame, range, promised: note ?? nil, isNoted: note != nil, isBehindHole: isBehindHole))
      }
      isBehindHole = false
    }

    /// Leaves out a hole, and the frame that leads into it, with which it begins.
    mutating func leaveOut(_ hole: Range<Int64>) {
      runs[runs.count - 1].removeLast()
      isBehindHole = true
      holes += hole.upperBound - hole.lowerBound
    }

    /// Takes note of what is behind the last frame and is none, where it is more than the crumbs that programs leave.
    mutating func leaveOut(tail: Range<Int64>) {
      if tail.upperBound - tail.lowerBound > 1 << 10 { holes += tail.upperBound - tail.lowerBound }
    }

    /// Seconds that what is between frames would last.
    var lost: Double {
      let seconds = runs.reduce(0) { $0 + $1.first.seconds(of: $1.frames + 1) }
      let bytes = runs.flatMap(\.ranges).reduce(0) { $0 + $1.upperBound - $1.lowerBound }
      let lost = Double(holes) * seconds / Double(max(1, bytes))
      return lost > Self.leastPromise ? lost : 0
    }

    /// One of each run that holds audio, with what its first frame promises beyond.
    var parts: [LayoutPart] {
      var (parts, heard): ([LayoutPart], Double) = ([], 0)
      for run in runs.reversed() {
        // What follows a hole is of the stream before it.
        heard += run.first.seconds(of: run.frames)
        if run.isBehindHole {
          parts.append(run.part)
          continue
        }
        var part = run.part
        if let frames = run.promised {
          let beyond = run.first.seconds(of: frames) - heard
          if beyond > Self.leastPromise { part.promisedBeyond = beyond }
        }
        if run.holdsAudio || parts.isEmpty {
          parts.append(part)
        } else {
          // What it promises is of what follows.
          parts[parts.count - 1].promisedBeyond = part.promisedBeyond
        }
        heard = 0
      }
      return parts.reversed().filter { $0.excerpt.count > 0 }
    }
  }

  /// Bytes behind a first frame in which others follow, if it is one.
  private static let furthestSync: Int64 = 1 << 16

  static func framesRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    var (window, stream, end) = (Window(), FrameStream(), size)
    var place = passTags(in: file, at: start, size: size)
    guard isStream(at: place, of: file, size: size, window: &window) else { return nil }
    while place < size {
      let head = window.at(place, of: file)
      if let frame = Frame(head), stream.goesOn(with: frame) || isSync(at: place, of: file, size: size, window: &window) {
        let range = place..<min(size, place + Int64(frame.length))
        stream.add(frame, range, note: frame.kind == 0 ? nil : noteOfEncoder(head, frame))
        place = range.upperBound
        continue
      }
      let behind = passTags(in: file, at: place, size: size)
      if behind > place {
        place = behind
        continue
      }
      if isStart(head) {
        end = place
        break
      }
      // The frame that leads into a hole is damaged, and so is the reservoir of bits behind it; its length may be, and span other frames.
      let hole = stream.runs.last?.lastStart ?? place
      guard let next = nextSync(from: hole + 1, of: file, size: size, window: &window) else {
        stream.leaveOut(tail: place..<size)
        break
      }
      stream.leaveOut(hole..<next)
      place = next
    }
    guard let first = stream.runs.first?.first else { return nil }
    let warnings = stream.holes > 0 ? ["\(stream.holes) bytes between frames are no audio and were passed over"] : []
    // libmpg123 complains of what it does not know, on standard error: it is given frames alone.
    let isPlain = first.kind == 0 && stream.runs.count == 1 && stream.holes == 0
    let parts = stream.parts
    let promised = parts.reduce(0) { $0 + $1.promisedBeyond }
    return Recorded(parts: parts, end: end, isPlain: isPlain, warnings: warnings, lost: max(0, stream.lost - promised))
  }

  /// Whether frames start at a place, or tags that they are behind.
  static func startsFrames(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Bool {
    let head = file.bytes(at: place, count: 3)
    guard head.first == 0xFF || head.hasText("ID3") else { return false }
    var window = Window()
    return isSync(at: passTags(in: file, at: place, size: size), of: file, size: size, window: &window)
  }

  /// Whether a stream of frames starts at a place; damage may stand right behind its first ones.
  private static func isStream(at place: Int64, of file: borrowing FileDescriptor, size: Int64, window: inout Window) -> Bool {
    if isSync(at: place, of: file, size: size, window: &window) { return true }
    let reach = min(size, place + furthestSync)
    return Frame(window.at(place, of: file)) != nil && nextSync(from: place + 1, of: file, size: reach, window: &window) != nil
  }

  /// Frames that an encoder says are in the stream, in its first frame: `nil` in the outer optional where it is no such frame.
  private static func noteOfEncoder(_ head: ArraySlice<UInt8>, _ frame: Frame) -> Int?? {
    let note = Array(head.dropFirst(frame.noteOffset))
    if note.hasText("Xing") || note.hasText("Info") {
      guard note.count > 11, note[7] & 1 == 1 else { return .some(nil) }
      return .some(note.number(at: 8, bytes: 4, bigEndian: true).map { Int($0) })
    }
    return Array(head.dropFirst(36)).hasText("VBRI") ? .some(nil) : nil
  }

  /// Whether three frames of a kind start at a place, or as many as there is room for.
  private static func isSync(at place: Int64, of file: borrowing FileDescriptor, size: Int64, window: inout Window) -> Bool {
    guard let first = Frame(window.at(place, of: file)) else { return false }
    var next = place + Int64(first.length)
    for _ in 0..<2 where next + 7 <= size {
      let head = window.at(next, of: file)
      // Frames of AAC by turns of this and of that are what a mutation makes.
      guard let frame = Frame(head), frame.kind == first.kind, frame.kind != 0 || frame.fits(first) else {
        return place + 2 * Int64(first.length) > size || Array(head).hasText("TAG") || Array(head).hasText("ID3")
      }
      next += Int64(frame.length)
    }
    return next <= size || next > place + Int64(first.length)
  }

  private static func nextSync(
    from place: Int64, of file: borrowing FileDescriptor, size: Int64, window: inout Window
  ) -> Int64? {
    var place = place
    while place + 7 <= size {
      let head = window.at(place, of: file)
      guard let mark = head.firstIndex(of: 0xFF) else {
        place += Int64(max(1, head.count))
        continue
      }
      place += Int64(mark - head.startIndex)
      if isSync(at: place, of: file, size: size, window: &window) { return place }
      place += 1
    }
    return nil
  }

  /// The place behind tags of ID3 and APE.
  private static func passTags(in file: borrowing FileDescriptor, at place: Int64, size: Int64) -> Int64 {
    var place = place
    while place < size {
      let head = file.bytes(at: place, count: 32)
      if head.hasText("ID3"), head.count >= 10, head[6...9].allSatisfy({ $0 < 0x80 }) {
        let length = head[6...9].reduce(0) { $0 << 7 | Int64($1) }
        place = min(size, place + 10 + length + (head[5] & 0x10 != 0 ? 10 : 0))
      } else if head.hasText("TAG"), size - place >= 128 {
        place += 128
      } else if head.hasText("APETAGEX"), let length = head.number(at: 12, bytes: 4, bigEndian: false) {
        let hasHeader = (head.number(at: 20, bytes: 4, bigEndian: false) ?? 0) & 0x2000_0000 != 0
        place = min(size, place + length + (hasHeader ? 32 : 0))
        if length == 0 { place = min(size, place + 32) }
      } else {
        break
      }
    }
    return place
  }
}
