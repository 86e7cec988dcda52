import Bonafide
import BonafideServe
import Glibc
import Testing

@testable import bonafide

/// Events on their way to standard output.
@Suite struct EventWriterTests {
  private func calls(_ writer: EventWriter) throws -> Calls {
    let hub = EventHub()
    _ = hub.add(writer.queue)
    return Calls(Screening(detector: try .builtInFast, options: ScanOptions(), hub: hub), workers: 1, most: 10_000)
  }

  private func pipe(isBlocking: Bool) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    _ = Glibc.pipe(&ends)
    if !isBlocking { for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) } }
    return (ends[0], ends[1])
  }

  /// A pipe that takes nothing for a while has its reader waited for, whether it says so or has the writer wait.
  @Test(arguments: [true, false]) func aSlowReaderGetsAll(isBlocking: Bool) throws {
    let ends = pipe(isBlocking: isBlocking)
    let writer = EventWriter(to: ends.write)
    let calls = try calls(writer)
    try writer.start()
    for index in 0..<1000 { try calls.open(CallOrigin(adapter: "test", name: "\(index)")).end(.hangUp) }
    calls.hub.close()
    usleep(300_000)
    var (lines, block) = (0, [UInt8](repeating: 0, count: 10_000))
    while lines < 2000 {
      let count = read(ends.read, &block, block.count)
      if count > 0 {
        lines += block[..<count].count { $0 == 10 }
      } else if count == 0 || errno != EAGAIN {
        break
      } else {
        usleep(1000)
      }
    }
    #expect(lines == 2000)
    #expect(writer.finish(within: 10))
    close(ends.read)
    close(ends.write)
  }

  @Test func aReaderThatTakesNothingIsNotWaitedForWithoutEnd() throws {
    let ends = pipe(isBlocking: true)
    let writer = EventWriter(to: ends.write)
    let calls = try calls(writer)
    try writer.start()
    for index in 0..<1000 { try calls.open(CallOrigin(adapter: "test", name: "\(index)")).end(.hangUp) }
    calls.hub.close()
    let start = ContinuousClock.now
    #expect(!writer.finish(within: 1))
    #expect(ContinuousClock.now - start < .seconds(5))
    // The ends stay open: the thread may be about to look at them.
  }

  @Test func aReaderThatHasGoneIsTold() throws {
    signal(SIGPIPE, SIG_IGN)
    let ends = pipe(isBlocking: true)
    close(ends.read)
    let writer = EventWriter(to: ends.write)
    let calls = try calls(writer)
    try writer.start()
    try calls.open(CallOrigin(adapter: "test", name: "1")).end(.hangUp)
    look(500, every: 10_000) { writer.hasFailed }
    #expect(writer.hasFailed && !writer.finish(within: 1))
    close(ends.write)
  }
}
