import BonafideAudio
import BonafideNetwork
import CDefaultModel
import Dispatch

/// Screens recordings: says for each party whether the voice is genuine, synthetic or can't be told.
///
/// A detector may be used from several threads at once; each scan has its own buffers.
public struct Detector: Sendable {
  /// Of parties whose speech ends at the telephone's band; of all where there is no `wideband`.
  public let narrowband: Model
  /// Of parties whose speech reaches beyond.
  public let wideband: Model?
  /// What listens to parties' speech once more; `nil` where the first stage judges alone.
  public let second: SecondStage?

  /// - Parameters:
  ///   - narrowband: of parties whose speech ends at the telephone's band; of all where there is no `wideband`.
  ///   - wideband: of parties whose speech reaches beyond.
  ///   - second: what listens once more, to parties of models that it has a fusion for.
  public init(narrowband: Model, wideband: Model? = nil, second: SecondStage? = nil) {
    self.narrowband = narrowband
    self.wideband = wideband
    self.second = second
  }

  /// A detector that has one model for all.
  public init(model: Model) {
    self.init(narrowband: model)
  }

  /// The detector with the built-in models.
  public static var `default`: Detector {
    get throws(ModelError) { Detector(narrowband: try .narrowband, wideband: try .wideband, second: try .builtIn) }
  }

  /// The detector with the built-in models of the first stage, and no second one: its weights are not read.
  public static var builtInFast: Detector {
    get throws(ModelError) { Detector(narrowband: try .narrowband, wideband: try .wideband) }
  }

  /// The detector with the built-in models, computed in a given arithmetic.
  ///
  /// - Parameters:
  ///   - arithmetic: `.float` for scores that differ from machine to machine by less than 1e-4, on which `.fastest` takes less time.
  ///   - fast: whether to leave out the second stage, whose weights are not read then.
  /// - Throws: when a card is damaged, or weights of the second stage.
  public static func builtIn(_ arithmetic: Arithmetic, fast: Bool = false) throws(ModelError) -> Detector {
    if arithmetic == .fastest { return try fast ? builtInFast : `default` }
    return Detector(
      narrowband: try Model.builtIn(bonafide_narrowband_model(), arithmetic), wideband: try Model.builtIn(bonafide_wideband_model(), arithmetic),
      second: fast ? nil : try SecondStage.builtIn(arithmetic))
  }

  /// What the networks are computed in.
  public var arithmetic: Arithmetic { narrowband.arithmetic }

  /// The detector without its second stage: less sure, and several times as fast.
  public var fast: Detector { Detector(narrowband: narrowband, wideband: wideband) }

  /// The models of the first stage, narrowband first.
  public var models: [Model] { [narrowband] + (wideband.map { [$0] } ?? []) }

  /// Screens one recording.
  ///
  /// The file is read in blocks of one second, and memory does not grow with its length. Each channel is a party;
  /// channels with the same samples are screened once.
  ///
  /// - Parameters:
  ///   - path: of a recording of any kind that `AudioReader` reads; `-` is standard input.
  ///   - options: prior, operating points, channels.
  ///   - progress: called now and then with the seconds of audio screened so far.
  /// - Returns: the result; where the recording could not be screened, or the task that this is called in was cancelled, which
  ///   ends the scan, `error` and `failure` say why, and there are no parties.
  public func scan(
    _ path: String, options: ScanOptions = ScanOptions(), progress: ((Double) -> Void)? = nil
  ) -> FileResult {
    scan(path, options: options, isCancelled: { Task.isCancelled }, progress: progress)
  }

  /// Screens one recording, as the public `scan` does.
  ///
  /// - Parameter isCancelled: asked about once per second of audio; `true` ends the scan with `ScreeningError.cancelled`.
  package func scan(
    _ path: String, options: ScanOptions, isCancelled: () -> Bool, progress: ((Double) -> Void)?
  ) -> FileResult {
    var result = FileResult(path: path)
    do throws(ScreeningError) {
      try screen(path, options: options, isCancelled: isCancelled, progress: progress, into: &result)
    } catch {
      result.verdict = nil
      result.parties = []
      result.error = error.message
      result.failure = error
    }
    return result
  }

  /// Most parties that are screened in one pass over a file: each takes some megabytes of buffers.
  private static let partiesPerPass = 8

  private func screen(
    _ path: String, options: ScanOptions, isCancelled: () -> Bool, progress: ((Double) -> Void)?, into result: inout FileResult
  ) throws(ScreeningError) {
    try options.validate(for: self)
    var reader = try ScreeningError.wrapping { () throws(AudioError) in
      try AudioReader(path: path, raw: options.raw)
    }
    let format = reader.format
    result.format = format.name
    result.sampleRate = format.sampleRate
    // Per channel, the first with the same samples.
    var original = [0]
    if format.channelCount > 1, !options.mix {
      let found = try ScreeningError.wrapping { () throws(AudioError) in
        try reader.identicalChannels(unless: isCancelled)
      }
      guard let found else { throw .cancelled }
      original = found
    }
    let unique = original.indices.filter { original[$0] == $0 }
    var screened: [Int: PartyResult] = [:]
    for start in stride(from: 0, to: unique.count, by: Self.partiesPerPass) {
      let channels = Array(unique[start..<min(start + Self.partiesPerPass, unique.count)])
      if start > 0 {
        do { try reader.rewind() } catch { throw .audio(error) }
      }
      let done = Double(start) * (result.duration ?? 0)
      let parties = try screen(channels, of: &reader, options: options, isCancelled: isCancelled, into: &result) { seconds in
        progress?((done + seconds * Double(channels.count)) / Double(unique.count))
      }
      for party in parties { screened[party.channel - 1] = party }
    }
    result.warnings = reader.warnings
    result.unheard = reader.unheard
    result.parties = original.indices.compactMap { channel in
      guard var party = screened[original[channel]] else { return nil }
      if original[channel] != channel { party.sameAs = party.channel }
      party.channel = channel + 1
      if reader.unheard > 0, party.verdict != .synthetic {
        party.verdict = .inconclusive
        party.reason = .incomplete
      }
      if !options.mix {
        party.track = reader.channels[channel].track
        party.trackChannel = reader.channels[channel].channel
      }
      if channel < options.channelNames.count, !options.channelNames[channel].isEmpty {
        party.name = options.channelNames[channel]
      }
      return party
    }
    result.warnings += result.parties.compactMap(\.clippingWarning)
    result.verdict = Self.verdict(of: result.parties)
  }

  /// Screens some channels in one pass over the rest of the file. With `options.mix`, the one channel is the mean of all.
  private func screen(
    _ channels: [Int], of reader: inout AudioReader, options: ScanOptions, isCancelled: () -> Bool,
    into result: inout FileResult, progress: (Double) -> Void
  ) throws(ScreeningError) -> [PartyResult] {
    let (rate, channelCount) = (reader.format.sampleRate, reader.format.channelCount)
    var opened: [Party] = []
    var echoes = try channels.count > 1 ? PartyEchoes(channelCount: channels.count, sampleRate: rate) : nil
    for channel in channels {
      let screener = try BandScreener(
        self, sampleRate: rate, options: options, pace: .recording, awaitsEcho: channels.count > 1)
      opened.append(Party(screener, channel: options.mix ? nil : channel))
    }
    let parties = opened
    let threads = max(1, min(options.threads, parties.count))

    var block: [Float] = []
    var (frames, missing) = (0, 0)
    while true {
      if isCancelled() { throw .cancelled }
      let count: Int
      do { count = try reader.read(into: &block, frames: rate) } catch { throw .audio(error) }
      if reader.missing > 0 {
        echoes?.pass(reader.missing, parties)
        for party in parties { party.append(missing: reader.missing) }
        missing += reader.missing
      }
      if count == 0 { break }
      let samples = block
      DispatchQueue.concurrentPerform(iterations: threads) { first in
        for k in stride(from: first, to: parties.count, by: threads) { parties[k].append(samples, channelCount: channelCount) }
      }
      echoes?.hear(parties)
      frames += count
      progress(Double(frames + missing) / Double(rate))
    }
    echoes?.finish(parties)
    result.duration = Double(frames + missing) / Double(rate)
    result.heard = max(0, Double(frames) / Double(rate) - reader.noNumbers)
    for party in parties {
      if let bandwidth = party.bandwidth { result.bandwidth = max(bandwidth, result.bandwidth ?? 0) }
    }
    DispatchQueue.concurrentPerform(iterations: threads) { first in
      for k in stride(from: first, to: parties.count, by: threads) { parties[k].finish(threads: max(1, options.threads / parties.count)) }
    }
    return zip(parties, channels).map { party, channel in party.result(channel: channel + 1) }
  }

  package static func verdict(of parties: [PartyResult]) -> Verdict {
    if parties.contains(where: { $0.verdict == .synthetic }) { return .synthetic }
    // A channel on which nobody speaks says nothing of the others.
    let speaking = parties.filter { $0.reason != .noSpeech }
    return speaking.isEmpty || speaking.contains { $0.verdict == .inconclusive } ? .inconclusive : .bonafide
  }
}
