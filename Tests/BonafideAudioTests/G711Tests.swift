import Foundation
import Testing

@testable import BonafideAudio

struct G711Tests {
  /// All bytes, against libsndfile.
  @Test(arguments: [(G711.muLaw, RawFormat.Encoding.ulaw), (.aLaw, .alaw)])
  func tableIsThatOfLibsndfile(_ code: G711, encoding: RawFormat.Encoding) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "bonafide-\(UUID().uuidString).raw")
    try Data((0..<256).map { UInt8($0) }).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    var reader = try AudioReader(path: file.path, raw: RawFormat(encoding: encoding, sampleRate: 8000))
    var samples: [Float] = []
    #expect(try reader.read(into: &samples, frames: 300) == 256)
    #expect(samples == code.table)
  }
}
