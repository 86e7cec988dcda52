/// What a page has of a recording beside its result: to prove which it was, and to listen to.
public struct Exhibit: Sendable, Equatable {
  /// SHA-256 of the recording in hexadecimal digits; `nil` where it could not be read again.
  public var sha256: String?
  /// Address of the recording, relative to the page's; `nil` where it has none.
  public var link: String?
  /// Audio that is in the page.
  public var clips: [Clip] = []

  /// A part of a recording.
  public struct Clip: Sendable, Equatable {
    /// Seconds from the start of the recording.
    public var start, end: Double
    /// Channels from 1, as results have them: one, or two for left and right; none for a mix.
    public var channels: [Int]
    /// An Ogg Opus file.
    public var opus: [UInt8]

    public init(start: Double, end: Double, channels: [Int], opus: [UInt8]) {
      self.start = start
      self.end = end
      self.channels = channels
      self.opus = opus
    }
  }

  public init(sha256: String? = nil, link: String? = nil, clips: [Clip] = []) {
    self.sha256 = sha256
    self.link = link
    self.clips = clips
  }
}
