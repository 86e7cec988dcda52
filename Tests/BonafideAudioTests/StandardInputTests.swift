import Foundation
import Testing

@testable import BonafideAudio

struct StandardInputTests {
  @Test func readsAndRewinds() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(WaveBytes(pcm: [8_192, 8_192, 16_384, 16_384], channelCount: 2).bytes, to: "in.wav")
    await #expect(processExitsWith: .success) { [path = path as String] in
      let pipe = Pipe()
      try pipe.fileHandleForWriting.write(contentsOf: Data(contentsOf: URL(fileURLWithPath: path)))
      try pipe.fileHandleForWriting.close()
      #expect(dup2(pipe.fileHandleForReading.fileDescriptor, STDIN_FILENO) == STDIN_FILENO)
      var reader = try AudioReader(path: "-")
      #expect(try reader.identicalChannels() == [0, 0])
      var buffer: [Float] = []
      #expect(try reader.read(into: &buffer, frames: 10) == 2)
      #expect(buffer == [0.25, 0.25, 0.5, 0.5])
    }
  }

  @Test func saysThatNothingCame() async {
    await #expect(processExitsWith: .success) {
      let null = open("/dev/null", O_RDONLY)
      #expect(dup2(null, STDIN_FILENO) == STDIN_FILENO)
      #expect(failure("-") == AudioError(code: .empty, path: "-", message: "standard input is empty"))
    }
  }

  @Test func saysThatItIsClosed() async {
    await #expect(processExitsWith: .success) {
      close(STDIN_FILENO)
      #expect(failure("-")?.code == .unreadable)
    }
  }

  @Test func readsANamedPipe() throws {
    let folder = try TemporaryFolder()
    let (wave, pipe) = (try folder.write(WaveBytes(pcm: [16_384]).bytes, to: "in.wav"), folder.file("pipe"))
    try #require(mkfifo(pipe, 0o600) == 0)
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = ["-c", "cat \"$0\" > \"$1\"", wave, pipe]
    try writer.run()
    #expect(try readAll(pipe).samples == [0.5])
    writer.waitUntilExit()
  }
}
