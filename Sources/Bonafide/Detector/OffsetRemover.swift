/// Takes out a constant offset, which converters and old lines add to a voice: nobody hears it, but spectrograms, levels and ratios of noise do.
///
/// The offset is the mean of up to four seconds, found every ten milliseconds. Samples without one stay as they are, to the bit, and so
/// does digital silence amid those with one. What comes out does not depend on how the samples were cut into blocks.
struct OffsetRemover: Sendable {
  /// Smallest offset that is taken out, of full scale: −63 dB.
  private static let least = 0.0007
  /// The mean of a voice over some periods and a part of one is off by at most its RMS times so many seconds, divided by the seconds that
  /// there are: √2 / (π f) for a tone of f = 75 Hz.
  private static let uncertainty = 0.006
  /// Units that the mean looks back.
  private static let horizon = 400.0
  /// Units in which an offset is taken out as soon as it is known.
  private static let start = 10.0
  /// Part of the way to a new offset that a unit goes.
  private static let step = 0.2
  /// Zeros one after the other that are digital silence.
  private static let silence = 16

  /// Samples of ten milliseconds.
  private let unit: Int
  private var mean = 0.0
  private var power = 0.0
  /// Units that were heard.
  private var units = 0.0
  /// Of the unit that is open.
  private var count = 0
  private var sum = 0.0
  private var squares = 0.0
  /// What is taken out at present, and how much more with each sample: a step would be a click.
  private(set) var offset: Float = 0
  private var slope: Float = 0
  /// Zeros up to now, where there is an offset.
  private var zeros = 0
  /// The first unit, which waits until it is whole, so that an offset goes from the first sample on; `nil` afterwards.
  private var held: [Float]? = []

  /// - Parameter sampleRate: of the samples, in Hz.
  init(sampleRate: Int) {
    unit = max(1, sampleRate / 100)
  }

  /// Takes the next samples.
  ///
  /// - Parameter output: gets samples without the offset.
  /// - Returns: whether these are to be used in place of the block, which stays as it is otherwise.
  mutating func process(_ block: Span<Float>, into output: inout [Float]) -> Bool {
    output.removeAll(keepingCapacity: true)
    var (start, isChanged) = (0, held != nil)
    while start < block.count {
      let end = min(block.count, start + unit - count)
      let part = block.extracting(start..<end)
      add(part)
      if var first = held {
        held = nil
        part.withUnsafeBufferPointer { first.append(contentsOf: $0) }
        if count < unit {
          held = first
        } else {
          close()
          (offset, slope) = (offset + slope * Float(unit), 0)
          take(first.span, into: &output)
        }
      } else {
        if !isChanged, offset != 0 || slope != 0 {
          isChanged = true
          block.extracting(first: start).withUnsafeBufferPointer { output.append(contentsOf: $0) }
        }
        if isChanged { take(part, into: &output) }
        if count == unit { close() }
      }
      start = end
    }
    return isChanged
  }

  /// What waits for the first unit to be whole, as it is: no more of it will come at once.
  mutating func release() -> [Float] {
    defer { held = nil }
    return held ?? []
  }

  private mutating func add(_ part: Span<Float>) {
    // Sample by sample, so that the sums are the same however blocks are cut.
    for index in part.indices {
      let sample = Double(part[index])
      sum += sample
      squares += sample * sample
    }
    count += part.count
  }

  private mutating func take(_ part: Span<Float>, into output: inout [Float]) {
    for index in part.indices {
      zeros = part[index] == 0 ? zeros + 1 : 0
      output.append(zeros >= Self.silence ? 0 : part[index] - offset)
      offset += slope
    }
  }

  /// Ends a unit: takes note of its mean, and says what the next one goes to.
  private mutating func close() {
    defer { (count, sum, squares) = (0, 0, 0) }
    guard squares > 0 else {
      slope = 0
      return
    }
    units += 1
    let weight = max(1 / units, 1 / Self.horizon)
    mean += (sum / Double(count) - mean) * weight
    power += (squares / Double(count) - power) * weight
    let seconds = min(units, Self.horizon) / 100
    let least = max(Self.least, Self.uncertainty / seconds * max(0, power - mean * mean).squareRoot())
    // Once there is one, it stays until it has halved.
    let wanted = abs(mean) > (offset == 0 ? least : least / 2) ? Float(mean) : 0
    if wanted == 0, abs(offset) < Float(Self.least) / 10 { offset = 0 }
    slope = (wanted - offset) * (units <= Self.start ? 1 : Float(Self.step)) / Float(unit)
  }
}
