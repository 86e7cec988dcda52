extension AudioReader {
  /// Finds the channels that hold the same samples, in one pass that stops as soon as all differ, and goes back to the
  /// first frame.
  ///
  /// - Returns: per channel, the index of the first channel with the same samples: its own where there is none before
  ///   it.
  /// - Throws: as `read` and `rewind`.
  public mutating func identicalChannels() throws(AudioError) -> [Int] {
    try rewind()
    var classes = ChannelClasses(channelCount: format.channelCount)
    var block: [Float] = []
    while !classes.allDiffer, try read(into: &block, frames: 4_096) > 0 {
      classes.split(by: block)
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
