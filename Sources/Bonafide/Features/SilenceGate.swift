import Glibc

/// Leaves out of a party's samples what lies inside long silences, so that nothing is computed of it.
///
/// Samples come in units, as many as a score frame stands for. A unit is quiet where its energy stays close to the least of the last
/// seconds, and far below the loudest; or where it is digital silence. Speech is neither: it rises and falls, and stands out of the noise.
/// After a second of quiet units, which pass, further ones are held back; the last 0.6 s of them pass before the next that is not quiet,
/// and those before are dropped. So all that `NoiseEstimate` looks at around speech passes, as do soft beginnings and ends; and who
/// speaks is never late, for nothing is held back but in silence.
struct SilenceGate: Sendable {
  /// Units that were left out.
  struct Drop: Sendable, Equatable {
    /// Units that passed before them; even.
    var after: Int
    var count: Int
  }

  /// Quiet units that pass before others are held back, even.
  private static let passing = 24
  /// Most units that are held back.
  private static let held = 15
  /// How far above the least of the last seconds a quiet unit may be, and how far below the loudest it has to be, in dB.
  private static let rise: Float = 6, depth: Float = 12
  /// Energies in dB of full scale: what is below needs not be far below the loudest; and what is digital silence.
  private static let soft: Float = -55, silence: Float = -85
  /// What the loudest falls by in a unit, in dB.
  private static let decay: Float = 0.02
  /// Part of a unit's difference that goes into the smoothed energy.
  private static let renewal: Float = 0.2
  /// Units of a block, and blocks of which the least are known: six seconds.
  private static let blockUnits = 15, blocks = 10

  private let unit: Int
  /// Samples that have passed.
  private(set) var passed = 0
  /// Samples that were left out.
  private(set) var dropped = 0
  /// Samples that are held back.
  private var waiting: [Float] = []
  private var isHolding = false
  /// Quiet units up to now.
  private var quietUnits = 0
  /// Of the unit that is not whole yet; `nil` where a part of it is missing.
  private var sum: Float? = 0
  private var count = 0

  private var loudest: Float = -90
  private var smoothed: Float?
  /// Least smoothed energies of blocks, in a ring, and which unit of a block is next.
  private var least = [Float](repeating: .infinity, count: blocks)
  private var block = 0
  private var place = 0

  /// - Parameter unit: samples that a score frame stands for.
  init(unit: Int) {
    self.unit = unit
  }

  /// Takes the next samples.
  ///
  /// - Parameters:
  ///   - output: gets those that pass.
  ///   - drops: gets what is left out between them, in order; what comes in the place of the last goes in with it.
  mutating func append(_ samples: [Float], to output: inout [Float], drops: inout [Drop]) {
    var start = 0
    while start < samples.count {
      let end = min(samples.count, start + unit - count)
      sum = sum.map { $0 + Self.energy(samples[start..<end]) }
      count += end - start
      if isHolding {
        waiting += samples[start..<end]
      } else {
        output += samples[start..<end]
        passed += end - start
      }
      start = end
      if count == unit { closeUnit(&output, &drops) }
    }
  }

  /// Sum of squares, in eight parts, which are added up at the end.
  private static func energy(_ samples: ArraySlice<Float>) -> Float {
    samples.withUnsafeBufferPointer { samples in
      var parts = SIMD8<Float>.zero
      let whole = samples.count / 8 * 8
      for index in stride(from: 0, to: whole, by: 8) {
        let eight = UnsafeRawBufferPointer(samples).loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
        parts += eight * eight
      }
      return samples[whole...].reduce(parts.sum()) { $0 + $1 * $1 }
    }
  }

  private mutating func closeUnit(_ output: inout [Float], _ drops: inout [Drop]) {
    defer { (sum, count) = (0, 0) }
    let isQuiet = sum.map { hear(10 * log10f($0 / Float(unit) + 1e-12)) } ?? false
    quietUnits = isQuiet ? quietUnits + 1 : 0
    if !isQuiet {
      release(to: &output)
    } else if isHolding, waiting.count > Self.held * unit {
      waiting.removeFirst(unit)
      dropped += unit
      drops.merge(Drop(after: passed / unit, count: 1))
    } else if quietUnits >= Self.passing, passed % (2 * unit) == 0 {
      isHolding = true
      waiting.reserveCapacity((Self.held + 1) * unit)
    }
  }

  /// Takes note of samples that pass beside the gate, since they stand for missing ones; what is held back has to be released before.
  mutating func pass(missing samples: Int) {
    quietUnits = 0
    passed += samples
    count = (count + samples) % unit
    sum = count > 0 ? nil : 0
  }

  /// Lets pass what is held back.
  mutating func release(to output: inout [Float]) {
    passed += waiting.count
    // Its memory goes along: most of the time nothing is held back.
    if output.isEmpty { swap(&output, &waiting) } else { output += waiting }
    waiting = []
    isHolding = false
  }

  /// Takes the energy of a unit, in dB: whether that is quiet.
  private mutating func hear(_ energy: Float) -> Bool {
    let energy = max(energy, Self.silence)
    loudest = max(loudest - Self.decay, energy)
    let now = smoothed.map { $0 + Self.renewal * (energy - $0) } ?? energy
    smoothed = now
    if place == 0 { least[block] = now } else { least[block] = min(least[block], now) }
    let floor = least.reduce(.infinity, min)
    place += 1
    if place == Self.blockUnits {
      place = 0
      block = (block + 1) % Self.blocks
    }
    if energy <= Self.silence { return true }
    return energy < floor + Self.rise && (energy < loudest - Self.depth || energy < Self.soft)
  }
}

extension [SilenceGate.Drop] {
  /// Appends what is left out next; in the place of the last it goes in with that.
  mutating func merge(_ next: SilenceGate.Drop) {
    if let last, last.after == next.after { self[count - 1].count += next.count } else { append(next) }
  }
}
