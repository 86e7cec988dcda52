extension AudioReader {
  /// Finds the channels that hold the same samples, in one pass that stops as soon as all differ, and goes back to the
  /// first frame.
  ///
  /// - Returns: per channel, the index of the first channel with the same samples: its own where there is none before
  ///   it.
  /// - Throws: as `read` and `rewind`.
  public mutating func identicalChannels() throws(AudioError) -> [Int] {
    try identicalChannels { false } ?? Array(0..<format.channelCount)
  }

  /// Finds the channels that hold the same samples, as the public `identicalChannels` does.
  ///
  /// - Parameter isCancelled: asked about once per second of audio.
  /// - Returns: `nil` where it has said so; the reader is then anywhere.
  package mutating func identicalChannels(unless isCancelled: () -> Bool) throws(AudioError) -> [Int]? {
    try rewind()
    var classes = ChannelClasses(channelCount: format.channelCount)
    var block: [Float] = []
    var frames = 0
    while !classes.allDiffer {
      let count = try read(into: &block, frames: 4_096)
      if count == 0 { break }
      classes.split(by: block)
      frames += count
      if frames >= format.sampleRate {
        frames = 0
        if isCancelled() { return nil }
      }
    }
    try rewind()
    return classes.first
  }
}

/// Channels grouped by the samples seen so far.
struct ChannelClasses {
  /// Per channel, the first channel of its group.
  private(set) var first: [Int]

  init(channelCount: Int) {
    first = Array(repeating: 0, count: channelCount)
  }

  var allDiffer: Bool {
    first.indices.allSatisfy { first[$0] == $0 }
  }

  /// Splits groups whose channels differ in a block of interleaved samples.
  mutating func split(by block: [Float]) {
    let before = first
    for channel in first.indices {
      first[channel] =
        (0..<channel).first { earlier in
          first[earlier] == earlier && before[earlier] == before[channel] && areEqual(earlier, channel, in: block)
        } ?? channel
    }
  }

  private func areEqual(_ one: Int, _ other: Int, in block: [Float]) -> Bool {
    stride(from: 0, to: block.count - first.count + 1, by: first.count).allSatisfy {
      block[$0 + one] == block[$0 + other]
    }
  }
}
