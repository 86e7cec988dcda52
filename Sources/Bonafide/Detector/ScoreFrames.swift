import BonafideNetwork

/// Feature frames gathered to the score frames that the network makes of them: their energies and spectra, until its outputs come.
struct ScoreFrames: Sendable {
  private let settings: FeatureSettings
  /// Mean energies of the score frames that have no output yet; `nil` where samples are missing.
  private(set) var energies: [Float?] = []
  /// Spectra of the same frames.
  private(set) var shapes: [MonotonyMeter.Shape] = []
  private var shape = MonotonyMeter.Shape.zero
  /// Feature frames in the last, unfinished score frame; those of them that are not missing, and their energy.
  private var count = 0
  private var knownCount = 0
  private var energy: Float = 0

  init(settings: FeatureSettings) {
    self.settings = settings
  }

  /// Adds a feature frame.
  ///
  /// - Parameters:
  ///   - frame: which of those of `features`.
  ///   - energy: of the frame; `nil` where its samples are missing.
  /// - Returns: whether that fills a score frame, which is to be closed.
  mutating func add(frame: Int, of features: [Float], energy: Float?) -> Bool {
    addShape(ofFrame: frame, of: features)
    if let energy {
      self.energy += energy
      knownCount += 1
    }
    count += 1
    return count == CRNN.framesPerScore
  }

  private mutating func addShape(ofFrame frame: Int, of features: [Float]) {
    let parts = MonotonyMeter.Shape.scalarCount
    let least = (MonotonyMeter.leastShape + settings.shift) / settings.scale
    let (perBand, start) = (settings.featuresPerBand, frame * settings.featuresPerFrame)
    features.withUnsafeBufferPointer { features in
      var band = 0
      for part in 0..<parts {
        let end = ((part + 1) * settings.bands + parts - 1) / parts
        var sum: Float = 0
        while band < end {
          sum += max(features[start + band * perBand], least)
          band += 1
        }
        shape[part] += sum
      }
    }
  }

  /// Ends the score frame that is being filled.
  ///
  /// - Returns: number of its feature frames, and its energy; `nil` where there is none.
  mutating func close() -> (featureFrames: Int, energy: Float?)? {
    guard count > 0 else { return nil }
    // Sums over frames and bands, in features, to means in nepers.
    let parts = MonotonyMeter.Shape.scalarCount
    shapes.append(shape * (settings.scale * Float(parts) / Float(count * settings.bands)))
    let closed = (count, knownCount > 0 ? energy / Float(knownCount) : nil)
    energies.append(closed.1)
    (shape, energy, count, knownCount) = (.zero, 0, 0, 0)
    return closed
  }

  /// Drops frames whose outputs have come.
  mutating func removeFirst(_ count: Int) {
    energies.removeFirst(count)
    shapes.removeFirst(count)
  }
}
