/// What feature extraction computes once per model: windows, mel banks and the envelope's transform, shared by all parties.
package struct FeatureTables: Sendable {
  /// One window of the spectrogram.
  struct Resolution: Sendable {
    /// Periodic Hann.
    let window: [Float]
    /// Samples that are transformed: the window and zeros.
    let size: Int
    let bank: MelBank

    /// - Parameter length: of the window, in samples. Energies are divided by what noise gains over `settings.window`.
    init(_ settings: FeatureSettings, length: Int) {
      window = periodicHann(length)
      size = max(length, settings.fft)
      bank = MelBank(settings, fft: size, gain: Double(length) / Double(settings.window) * Double(size) / Double(settings.fft))
    }
  }

  package let settings: FeatureSettings
  /// Of the window, then of the further ones.
  let resolutions: [Resolution]
  /// One that has heard nothing yet.
  let contrast: EnvelopeContrast?
  /// What features are computed in.
  let workspaces = FeatureWorkspaces()

  /// - Throws: when a setting is out of range.
  package init(_ settings: FeatureSettings) throws(FeatureError) {
    try settings.validate()
    self.settings = settings
    resolutions = ([settings.window] + (settings.furtherWindows ?? [])).map { Resolution(settings, length: $0) }
    contrast = settings.envelope.map { EnvelopeContrast(settings, envelope: $0) }
  }
}
