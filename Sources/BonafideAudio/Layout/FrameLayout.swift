/// Streams of frames without a container: MPEG audio and AAC in ADTS.
///
/// All frames are passed by their headers. A part ends where the rate or the channels change and where another encoder's
/// first frame stands; what is between frames and is none, such as a hole of zeros, is left out.
extension Layout {
  /// What the header of a frame says.
  struct Frame {
    /// Bytes, header included.
    var length: Int
    var sampleRate: Int
    var channelCount: Int
    /// Samples of each channel.
    var samples: Int
    /// MPEG version and layer; 0 is ADTS.
    var kind: UInt8
    private let header: [UInt8]

    func fits(_ other: Frame) -> Bool {
      sampleRate == other.sampleRate && channelCount == other.channelCount && kind == other.kind
    }

    /// - Parameter head: at least 7 bytes.
    init?(_ head: ArraySlice<UInt8>) {
      guard head.count >= 7 else { return nil }
      let i = head.startIndex
      guard head[i] == 0xFF, head[i + 1] & 0xE0 == 0xE0 else { return nil }
      let (b1, b2, b3) = (head[i + 1], head[i + 2], head[i + 3])
      header = [head[i], b1, b2, b3]
      if b1 & 0xF6 == 0xF0 {
        let rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350]
        let place = Int(b2 >> 2 & 15)
        guard place < rates.count else { return nil }
        length = Int(b3 & 3) << 11 | Int(head[i + 4]) << 3 | Int(head[i + 5] >> 5)
        guard length > 7 else { return nil }
        sampleRate = rates[place]
        channelCount = Int(b2 & 1) << 2 | Int(b3 >> 6)
        samples = 1_024 * (Int(head[i + 6] & 3) + 1)
        kind = 0
        return
      }
      let (version, layer) = (b1 >> 3 & 3, 4 - Int(b1 >> 1 & 3))
      let (rateIndex, bitIndex) = (Int(b2 >> 2 & 3), Int(b2 >> 4))
      guard version != 1, layer != 4, rateIndex != 3, (1...14).contains(bitIndex) else { return nil }
      let isFirst = version == 3
      sampleRate = [44_100, 48_000, 32_000][rateIndex] / (isFirst ? 1 : version == 2 ? 2 : 4)
      channelCount = b3 >> 6 == 3 ? 1 : 2
      kind = b1 & 0x1E
      let kilobits: [Int] =
        switch (isFirst, layer) {
        case (true, 1): [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448]
        case (true, 2): [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384]
        case (true, _): [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
        case (false, 1): [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256]
        case (false, _): [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
        }
      let (bits, padding) = (kilobits[bitIndex - 1] * 1_000, Int(b2 >> 1 & 1))
      samples = layer == 1 ? 384 : layer == 3 && !isFirst ? 576 : 1_152
      length = layer == 1 ? (12 * bits / sampleRate + padding) * 4 : samples / 8 * bits / sampleRate + padding
      guard length > 7 else { return nil }
    }

    var isLayer3: Bool { kind & 6 == 2 }

    /// A frame without audio that says how many follow, as encoders write it.
    func note(frames: Int) -> [UInt8] {
      // Without a checksum of its own.
      var bytes = [header[0], header[1] | 1, header[2] & 0xFD, header[3]] + [UInt8](repeating: 0, count: noteOffset - 4)
      bytes += Array("Xing".utf8) + [0, 0, 0, 1] + headerBytes(Int64(frames), count: 4, bigEndian: true)
      let unpadded = length - Int(header[2] >> 1 & 1)
      return bytes + [UInt8](repeating: 0, count: max(0, unpadded - bytes.count))
    }

    /// Where the first frame of an encoder tells of the stream: behind the side information.
    var noteOffset: Int {
      switch (kind & 0x18 == 0x18, channelCount) {
      case (true, 1): 21
      case (true, _): 36
      case (false, 1): 13
      case (false, _): 21
      }
    }
  }

  /// Bytes of a file, a window at a time.
  private struct Window {
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

  /// Seconds of a promise that a few frames which were left out do not make.
  private static let leastPromise = 0.5

  /// Bytes behind a first frame in which others follow, if it is one.
  private static let furthestSync: Int64 = 1 << 16

  static func framesRecording(in file: borrowing FileDescriptor, at start: Int64, size: Int64) -> Recorded? {
    var window = Window()
    var place = passTags(in: file, at: start, size: size)
    if !isSync(at: place, of: file, size: size, window: &window) {
      // Damage may stand right behind the first frames.
      let reach = min(size, place + furthestSync)
      guard Frame(window.at(place, of: file)) != nil,
        nextSync(from: place + 1, of: file, size: reach, window: &window) != nil
      else { return nil }
    }
    var (runs, holes, end, isBehindHole): ([Run], Int64, Int64, Bool) = ([], 0, size, false)
    while place < size {
      let head = window.at(place, of: file)
      if let frame = Frame(head),
        runs.last.map({ $0.first.fits(frame) }) ?? true || isSync(at: place, of: file, size: size, window: &window)
      {
        let range = place..<min(size, place + Int64(frame.length))
        let note = frame.kind == 0 ? nil : noteOfEncoder(head, frame)
        if let last = runs.indices.last, note == nil, !isBehindHole, runs[last].first.fits(frame) {
          runs[last].add(range)
        } else {
          runs.append(Run(frame, range, promised: note ?? nil, isNoted: note != nil, isBehindHole: isBehindHole))
        }
        place = range.upperBound
        isBehindHole = false
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
      let start = runs.last?.lastStart ?? place
      guard let next = nextSync(from: start + 1, of: file, size: size, window: &window) else { break }
      runs[runs.count - 1].removeLast()
      isBehindHole = true
      holes += next - start
      place = next
    }
    guard let isAAC = runs.first.map({ $0.first.kind == 0 }) else { return nil }
    var (parts, promised): ([LayoutPart], Double) = ([], 0)
    for run in runs.reversed() {
      // What follows a hole is of the stream before it.
      let heard = Double(run.frames * run.first.samples) / Double(run.first.sampleRate)
      promised += heard
      if run.isBehindHole {
        parts.append(run.part)
        continue
      }
      var part = run.part
      if let frames = run.promised {
        let beyond = Double(frames * run.first.samples) / Double(run.first.sampleRate) - promised
        if beyond > leastPromise { part.promisedBeyond = beyond }
      }
      if run.holdsAudio || parts.isEmpty {
        parts.append(part)
      } else {
        // What it promises is of what follows.
        parts[parts.count - 1].promisedBeyond = part.promisedBeyond
      }
      promised = 0
    }
    parts = parts.reversed().filter { $0.excerpt.count > 0 }
    let warnings = holes > 0 ? ["\(holes) bytes between frames are no audio and were passed over"] : []
    // libmpg123 complains of what it does not know, on standard error: it is given frames alone.
    return Recorded(parts: parts, end: end, isPlain: isAAC && runs.count == 1 && holes == 0, warnings: warnings)
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
      guard let frame = Frame(head), frame.kind == first.kind else {
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
