import BonafideAudio
import NIOCore

/// A recording that came over HTTP: a file without a name, readable for this process alone, and gone with it.
final class RecordingFile: Sendable {
  private let descriptor: BonafideAudio.FileDescriptor

  /// - Throws: where the system has no room for it.
  init() throws(AudioError) {
    descriptor = try .temporaryFile(path: "the recording")
  }

  /// Adds bytes at the end.
  func append(_ bytes: ByteBuffer) throws(AudioError) {
    let status = bytes.withUnsafeReadableBytes { bytes in
      Result { () throws(AudioError) in try BonafideAudio.FileDescriptor.write(bytes, to: descriptor, path: "the recording") }
    }
    try status.get()
  }

  /// A path by which this process alone opens it.
  var path: String { "/proc/self/fd/\(descriptor.number)" }
}
