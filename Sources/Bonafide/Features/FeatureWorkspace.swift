import CKernels
import Glibc
import Synchronization

/// Memory that a batch of frames is computed in. Nothing in it outlasts the batch, so that parties take turns with it.
final class FeatureWorkspace: @unchecked Sendable {
  // unchecked: whoever computes in it is given it by `FeatureWorkspaces` and by nobody else

  /// Of the window, then of the further ones.
  let spectrograms: [MelSpectrogram]
  /// Of the batch: levels; features.
  let levels, rows: UnsafeMutablePointer<Float>
  /// Of `kernels_lanes` frames: mean energies; energies, a row per band; and power spectra.
  let means, bandEnergies, power: UnsafeMutablePointer<Float>

  /// Most frames of a batch.
  static let batch = 128

  /// - Throws: when a setting is out of range, or memory runs out.
  init(_ tables: FeatureTables) throws(FeatureError) {
    let (settings, lanes) = (tables.settings, Int(kernels_lanes))
    let spectra = try SpectrumBuffer(count: tables.resolutions.map { MelSpectrogram.room($0) }.max() ?? 0)
    var spectrograms: [MelSpectrogram] = []
    for resolution in tables.resolutions {
      spectrograms.append(try MelSpectrogram(resolution, batch: Self.batch, spectra: spectra))
    }
    self.spectrograms = spectrograms
    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
      let start = UnsafeMutablePointer<Float>.allocate(capacity: count)
      start.initialize(repeating: 0, count: count)
      return start
    }
    levels = floats(Self.batch)
    rows = floats(Self.batch * settings.featuresPerFrame)
    means = floats(lanes)
    bandEnergies = floats(settings.bands * lanes)
    power = floats(tables.resolutions.map { MelSpectrogram.workCount($0) }.max() ?? 0)
  }

  deinit { for memory in [levels, rows, means, bandEnergies, power] { memory.deallocate() } }
}

/// A model's workspaces: as many as batches were computed at once.
final class FeatureWorkspaces: Sendable {
  /// Those that nobody computes in; `nil` before there was one.
  private let free = Mutex<[FeatureWorkspace]?>(nil)

  /// Makes the first one.
  ///
  /// - Throws: when a setting is out of range, or memory runs out.
  func prepare(_ tables: FeatureTables) throws(FeatureError) {
    try free.withLock { free throws(FeatureError) in
      if free == nil { free = [try FeatureWorkspace(tables)] }
    }
  }

  /// Calls `body` with one that nobody else computes in. There has to be one: see `prepare`.
  func withWorkspace(_ tables: FeatureTables, _ body: (FeatureWorkspace) -> Void) {
    let workspace = next(tables)
    body(workspace)
    free.withLock { $0?.append(workspace) }
  }

  private func next(_ tables: FeatureTables) -> FeatureWorkspace {
    while true {
      if let workspace = free.withLock({ $0?.popLast() }) ?? (try? FeatureWorkspace(tables)) { return workspace }
      // There is no memory for another: one that somebody computes in will be free.
      sched_yield()
    }
  }
}
