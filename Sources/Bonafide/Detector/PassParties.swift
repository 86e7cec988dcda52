import BonafideAudio

/// Holds the screener of one party of a pass; an array cannot hold what cannot be copied.
///
/// Unchecked: of a pass's threads, one at a time works on a party.
final class Party: @unchecked Sendable {
  private var screener: BandScreener
  /// `nil` for the mean of all channels.
  private let channel: Int?
  /// What was heard last.
  private(set) var mono: [Float] = []

  init(_ screener: consuming BandScreener, channel: Int?) {
    self.screener = screener
    self.channel = channel
  }

  /// Screens the party's part of a block of interleaved samples.
  func append(_ block: [Float], channelCount: Int) {
    if let channel {
      extract(channel, of: block, channelCount: channelCount, into: &mono)
    } else {
      mix(block, channelCount: channelCount, into: &mono)
    }
    let samples = mono
    screener.append(samples.span)
  }

  /// Passes over frames that the recording lacks.
  func append(missing count: Int) {
    screener.append(missing: min(count, screener.missingCounts.upperBound))
  }

  /// Highest frequency with energy, in Hz.
  var bandwidth: Double? { screener.bandwidth }

  func hear(echo frames: [Bool]) { screener.hear(echo: frames) }

  func endEcho() { screener.endEcho() }

  /// - Parameter threads: that the second stage listens on.
  func finish(threads: Int) { screener.finish(threads: threads) }

  /// The result, once it is finished.
  func result(channel: Int) -> PartyResult { screener.result(channel: channel) }
}

/// Tells the parties of a pass which of their frames are echo of one another.
struct PartyEchoes: ~Copyable {
  private var finder: EchoFinder
  private let resamplers: [Resampling]
  private var resampled: [Float] = []
  private let sampleRate: Int

  /// An array cannot hold what cannot be copied.
  private final class Resampling {
    var resampler: Resampler

    init(_ resampler: consuming Resampler) {
      self.resampler = resampler
    }
  }

  init(channelCount: Int, sampleRate: Int) throws(ScreeningError) {
    let finder = try ScreeningError.wrapping { () throws(FeatureError) in try EchoFinder(channelCount: channelCount) }
    var resamplers: [Resampling] = []
    for _ in 0..<channelCount {
      let resampler = try ScreeningError.wrapping { () throws(AudioError) in
        try Resampler(from: sampleRate, to: EchoFinder.sampleRate)
      }
      resamplers.append(Resampling(resampler))
    }
    self.finder = consume finder
    self.resamplers = resamplers
    self.sampleRate = sampleRate
  }

  /// Listens to samples that are missing, before the parties pass over them: as to zeros, until what was before has been
  /// told, and then no more.
  mutating func pass(_ count: Int, _ parties: [Party]) {
    let head = min(count, (EchoFinder.secondsBehind + 2) * sampleRate)
    let frames = Int(Double(count - head) / Double(sampleRate) * 25)
    var rest = count - Int(Double(frames) / 25 * Double(sampleRate))
    while rest > 0 {
      let zeros = [Float](repeating: 0, count: min(rest, sampleRate))
      for (index, resampler) in resamplers.enumerated() {
        resampled.removeAll(keepingCapacity: true)
        resampler.resampler.process(zeros.span, appendingTo: &resampled)
        finder.append(resampled, to: index)
      }
      rest -= zeros.count
    }
    let told = finder.takeFrames()
    for (party, known) in zip(parties, told) { party.hear(echo: known + [Bool](repeating: false, count: frames)) }
  }

  /// Listens to what the parties have heard last.
  mutating func hear(_ parties: [Party]) {
    for (index, party) in parties.enumerated() {
      resampled.removeAll(keepingCapacity: true)
      resamplers[index].resampler.process(party.mono.span, appendingTo: &resampled)
      finder.append(resampled, to: index)
    }
    for (party, frames) in zip(parties, finder.takeFrames()) where !frames.isEmpty { party.hear(echo: frames) }
  }

  /// Tells what is left to tell, before the parties are finished.
  mutating func finish(_ parties: [Party]) {
    for index in parties.indices {
      resampled.removeAll(keepingCapacity: true)
      resamplers[index].resampler.finish(appendingTo: &resampled)
      finder.append(resampled, to: index)
    }
    for (party, frames) in zip(parties, finder.finish()) {
      party.hear(echo: frames)
      party.endEcho()
    }
  }
}

/// Copies one channel of interleaved samples to `mono`.
private func extract(_ channel: Int, of block: [Float], channelCount: Int, into mono: inout [Float]) {
  resize(&mono, to: block.count / channelCount)
  block.withUnsafeBufferPointer { block in
    mono.withUnsafeMutableBufferPointer { mono in
      for frame in mono.indices { mono[frame] = block[frame * channelCount + channel] }
    }
  }
}

/// Writes the mean of all channels of interleaved samples to `mono`.
private func mix(_ block: [Float], channelCount: Int, into mono: inout [Float]) {
  resize(&mono, to: block.count / channelCount)
  block.withUnsafeBufferPointer { block in
    mono.withUnsafeMutableBufferPointer { mono in
      for frame in mono.indices {
        var sum: Float = 0
        for channel in 0..<channelCount { sum += block[frame * channelCount + channel] }
        mono[frame] = sum / Float(channelCount)
      }
    }
  }
}

private func resize(_ samples: inout [Float], to count: Int) {
  if samples.count != count { samples = [Float](repeating: 0, count: count) }
}
