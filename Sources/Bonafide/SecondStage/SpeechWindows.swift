import Dispatch
import Synchronization

/// A piece of a party's audio with speech in it.
struct SpeechWindow: Sendable {
  /// At the party's sample rate.
  var samples: [Float]
  /// Whether somebody speaks in each score frame.
  var speech: [Bool]
  /// What the first stage says of its speech.
  var span: SpeechSpan
  /// What the second stage says of it, once it has heard it.
  var answer: SecondStage.Answer?

  init(samples: [Float], speech: [Bool], span: SpeechSpan) {
    self.samples = samples
    self.speech = speech
    self.span = span
  }
}

/// Picks the windows of a party that the second stage listens to: four seconds each, from shortly before speech on, as an encoder hears what comes before,
/// too; at most sixteen, spread evenly over the party.
///
/// Memory does not grow with time.
struct SpeechWindows: Sendable {
  /// Score frames of a window.
  static let frames = 100
  /// Score frames before the first of speech that are in a window, where no other window has them: 0.4 s.
  static let lead = 10
  /// Fewest frames of speech of a window that counts: half a second.
  static let leastSpeech = 12
  /// Most windows that are kept.
  static let most = 16

  /// Those that are kept, in order.
  private(set) var all: [SpeechWindow] = []
  /// Every so many windows one is kept.
  private var every = 1
  /// Windows so far, kept or not.
  private var seen = 0

  private let sampleRate: Int
  /// Samples per score frame.
  private let frameSamples: Double
  /// Samples that may stay though nobody needs them any more, since what is behind moves when they go.
  private let slack: Int
  /// Samples from sample number `start` on.
  private var samples: [Float] = []
  private var start = 0
  /// Score frames so far.
  private var frame = 0
  /// The frame behind the last window.
  private var closed = 0
  /// Of the window that is open: its first frame, and what is known of its frames.
  private var first = 0
  private var speech: [Bool] = []
  private var span: SpeechSpan?

  /// - Parameters:
  ///   - sampleRate: of the samples to come, in Hz.
  ///   - hop: seconds per score frame.
  ///   - slack: samples that may stay longer than they have to; few take less memory, many less time where long blocks come.
  init(sampleRate: Int, hop: Double, slack: Int) {
    self.sampleRate = sampleRate
    self.slack = slack
    frameSamples = Double(sampleRate) * hop
    // A window, and what waits for the first stage: arrays that grow by themselves would take up to twice as much.
    samples.reserveCapacity(Int(Double(Self.frames) * frameSamples) + slack + sampleRate)
  }

  /// Takes the next samples.
  mutating func append(_ block: Span<Float>) {
    block.withUnsafeBufferPointer { samples.append(contentsOf: $0) }
  }

  /// Takes the next score frame, `nil` where nobody speaks in it; its samples may come later.
  mutating func append(_ heard: SpeechFrame?) {
    let isSpeech = heard != nil
    if speech.isEmpty, !isSpeech {
      frame += 1
      forget(before: sample(of: max(closed, frame - Self.lead)))
      return
    }
    if speech.isEmpty {
      first = max(closed, frame - Self.lead)
      speech = [Bool](repeating: false, count: frame - first)
    }
    speech.append(isSpeech)
    if let heard {
      if span == nil { span = SpeechSpan(heard) } else { span?.add(heard) }
    }
    frame += 1
    if speech.count == Self.frames { close() }
  }

  /// Ends the party: the last window closes with what it has.
  mutating func finish() {
    if !speech.isEmpty { close() }
  }

  /// Whether there is a window that the second stage has not heard.
  var waits: Bool { all.last.map { !$0.samples.isEmpty } ?? false }

  /// Has the second stage listen to the windows that it has not heard. One that it cannot hear, for want of memory, stays without an answer.
  ///
  /// - Parameters:
  ///   - isWideband: whether the first stage's model of wideband speech judges the party.
  ///   - threads: that windows are heard on.
  mutating func hear(with stage: SecondStage, isWideband: Bool, threads: Int) {
    let (windows, rate) = (all, sampleRate)
    let waiting = windows.indices.filter { !windows[$0].samples.isEmpty }
    let threads = min(threads, waiting.count)
    let answers = Mutex([SecondStage.Answer?](repeating: nil, count: windows.count))
    @Sendable func hear(from first: Int) {
      for place in stride(from: first, to: waiting.count, by: max(1, threads)) {
        let index = waiting[place]
        let answer = try? stage.answer(windows[index], sampleRate: rate, isWideband: isWideband)
        answers.withLock { $0[index] = answer }
      }
    }
    // A stream is to start no threads.
    if threads > 1 { DispatchQueue.concurrentPerform(iterations: threads, execute: hear) } else { hear(from: 0) }
    for index in waiting {
      all[index].answer = answers.withLock { $0[index] }
      all[index].samples = []
    }
  }

  /// What the second stage has said of the windows that it has heard; `nil` where it has heard none.
  ///
  /// - Parameters:
  ///   - rule: how the scores of both stages are brought together.
  ///   - calibration: of the first stage.
  ///   - hop: seconds per score frame.
  ///   - signalToNoise: of the party, in dB; `nil` where it is not known.
  func opinion(_ rule: SecondStageCard.Fusion, calibration: Calibration, hop: Double, signalToNoise: Double?) -> SecondOpinion? {
    let heard = all.compactMap { window in window.answer.map { SecondOpinion.Window(answer: $0, span: window.span) } }
    return SecondOpinion(heard, rule: rule, calibration: calibration, hop: hop, signalToNoise: signalToNoise)
  }

  private func sample(of frame: Int) -> Int { Int(Double(frame) * frameSamples) }

  private mutating func close() {
    defer {
      speech.removeAll(keepingCapacity: true)
      span = nil
      closed = frame
      forget(before: sample(of: closed))
    }
    guard let span, span.pooled.count >= Self.leastSpeech else { return }
    defer { seen += 1 }
    guard seen % every == 0 else { return }
    let (from, to) = (sample(of: first) - start, min(sample(of: frame) - start, samples.count))
    guard from < to else { return }
    all.append(SpeechWindow(samples: Array(samples[from..<to]), speech: speech, span: span))
    if all.count > Self.most { thin() }
  }

  /// Keeps every other window.
  private mutating func thin() {
    all = all.indices.filter { $0 % 2 == 0 }.map { all[$0] }
    every *= 2
  }

  private mutating func forget(before sample: Int) {
    let count = min(sample - start, samples.count)
    guard count > slack else { return }
    samples.removeFirst(count)
    start += count
  }
}
