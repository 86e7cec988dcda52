import BonafideAudio
import Dispatch
import NIOCore
import NIOHTTP1

/// A recording on its way from a client to the disk. All of it is the connection's event loop's; what is written is written elsewhere.
final class Upload {
  private let scans: Scans
  private let ticket: Scans.Ticket
  private let request: ScanRequest
  private let file: RecordingFile
  private let loop: any EventLoop
  private let disk = DispatchQueue(label: "bonafide.upload")
  /// Takes the answer, once.
  private let onReply: (Reply) -> Void
  /// There is room for more again.
  private let onRoom: () -> Void
  private let start = ContinuousClock.now
  private var received = 0
  private var unwritten = 0
  /// Whether all of it has come.
  private(set) var isWhole = false
  private var isOver = false
  /// Bytes that had come when the flow was looked at last.
  private var checked = 0

  /// Bytes that may wait for the disk, and what a piece of them counts for besides, however short.
  private static let mostUnwritten = 1 << 20, pieceCost = 512
  /// Bytes that come at least from one look at the flow to the next.
  static let leastFlow = 1 << 14

  /// - Throws: the answer, where the disk takes nothing.
  init(
    _ request: ScanRequest, scans: Scans, ticket: Scans.Ticket, on loop: any EventLoop, onReply: @escaping (Reply) -> Void,
    onRoom: @escaping () -> Void
  ) throws(Refused) {
    do throws(AudioError) { file = try RecordingFile() } catch { throw Refused(reply: Self.noRoom(error)) }
    self.request = request
    self.scans = scans
    self.ticket = ticket
    self.loop = loop
    self.onReply = onReply
    self.onRoom = onRoom
  }

  /// An answer in the place of what was asked for.
  struct Refused: Error {
    let reply: Reply
  }

  private static func noRoom(_ error: AudioError) -> Reply {
    .failure(.insufficientStorage, "the recording \(error.message)", headers: [("Retry-After", "60")])
  }

  static func tooLarge(_ limits: Scans.Limits) -> Reply {
    .failure(.payloadTooLarge, "a recording has \(limits.mostBytes) bytes at most here")
  }

  /// Whether so much waits for the disk that no more should be read.
  var isFull: Bool { unwritten > Self.mostUnwritten }

  /// Takes the next bytes.
  func take(_ bytes: ByteBuffer) {
    guard !isOver else { return }
    received += bytes.readableBytes
    guard received <= scans.limits.mostBytes else { return finish(Self.tooLarge(scans.limits)) }
    let weight = bytes.readableBytes + Self.pieceCost
    unwritten += weight
    let (file, loop, bound) = (file, loop, NIOLoopBound(self, eventLoop: loop))
    disk.async {
      let status = Result { () throws(AudioError) in try file.append(bytes) }
      loop.execute { bound.value.note(status, of: weight) }
    }
  }

  private func note(_ status: Result<Void, AudioError>, of weight: Int) {
    let wasFull = isFull
    unwritten -= weight
    guard !isOver else { return }
    if case .failure(let error) = status { return finish(Self.noRoom(error)) }
    if wasFull, !isFull { onRoom() }
    if isWhole, unwritten == 0 { submit() }
  }

  /// All of it has come.
  func end() {
    guard !isOver else { return }
    isWhole = true
    if received == 0 { return finish(.failure(.badRequest, "the body is empty; it is to be the recording itself")) }
    if unwritten == 0 { submit() }
  }

  private func submit() {
    let (loop, bound) = (loop, NIOLoopBound(self, eventLoop: loop))
    scans.submit(file, request, ticket) { reply in loop.execute { bound.value.finish(reply) } }
  }

  private func finish(_ reply: Reply) {
    guard !isOver else { return }
    isOver = true
    onReply(reply)
  }

  /// Looks whether the client still sends.
  func checkFlow() {
    guard !isWhole, !isOver else { return }
    if received - checked < Self.leastFlow, !isFull {
      return finish(.failure(.requestTimeout, "the recording came too slowly"))
    }
    if .now - start > .seconds(scans.limits.mostSeconds) {
      return finish(.failure(.requestTimeout, "the recording took more than \(Int(scans.limits.mostSeconds)) s to come"))
    }
    checked = received
  }

  /// The client has gone.
  func cancel() {
    guard !isOver else { return }
    isOver = true
    ticket.cancel()
  }
}
