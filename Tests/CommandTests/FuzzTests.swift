import Foundation
import Testing

/// A few of the mutated recordings of `Tests/fuzz/fuzz.py`, of each container; the seed is fixed.
@Suite struct FuzzTests {
  private static let missing = ["python3", "ffmpeg", "sox", "lame"].filter { program in
    !(ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }

  @Test(.enabled(if: missing.isEmpty, "not installed: \(missing.joined(separator: ", "))"))
  func mutatedRecordingsAreHeardOrNamed() throws {
    let script = packageFolder.appending(path: "Tests/fuzz/fuzz.py").path
    let folder = try TemporaryFolder()
    let launcher = ["/bin/sh", "-c", "exec python3 \"$@\" --count 2 --seconds 3 --keep found", "sh", script]
    let run = try bonafide([], in: folder, by: launcher)
    #expect(run.status == 0 && run.output.hasSuffix("\nnothing found\n"), "\(run.output)\(run.errors)")
    #expect(run.output.split(separator: "\n").count == 31)
  }
}
