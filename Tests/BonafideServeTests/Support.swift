import Bonafide
import BonafideServe
import Foundation
import Glibc
import Synchronization
import Testing

/// The sources of the package.
let packageFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A person who reads a telephone prompt three times, at 8 kHz: 6.5 s.
func promptSamples() throws -> [Int16] {
  let path = packageFolder.appending(path: "Tests/BonafideTests/Golden/prompt.wav")
  let bytes = [UInt8](try Data(contentsOf: path)).dropFirst(44)
  let once = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8) }
  return once + once + once
}

/// Whether a program is on the path.
func isInstalled(_ program: String) -> Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
  }
}

/// What ffmpeg makes of bytes.
func ffmpeg(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["ffmpeg", "-v", "error"] + arguments
  let file = FileManager.default.temporaryDirectory.appending(path: "bonafide-\(UUID().uuidString)")
  try Data(input).write(to: file)
  defer { try? FileManager.default.removeItem(at: file) }
  process.standardInput = try FileHandle(forReadingFrom: file)
  let output = Pipe()
  process.standardOutput = output
  try process.run()
  let data = try output.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  try #require(process.terminationStatus == 0)
  return [UInt8](data)
}

/// Samples as 16-bit little-endian bytes.
func bytes(_ samples: some Sequence<Int16>) -> [UInt8] { samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] } }

/// A frame of AudioSocket.
func frame(_ kind: UInt8, _ payload: [UInt8] = []) -> [UInt8] { [kind, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload }

/// A UUID of a byte sixteen times.
func identifier(_ byte: UInt8) -> [UInt8] { frame(0x01, [UInt8](repeating: byte, count: 16)) }

/// Events as their reader gets them.
final class Reader: Sendable {
  let queue: EventQueue
  private let events = Mutex<[CallEvent]>([])

  init(_ hub: EventHub, limit: Int = 1000) {
    queue = EventQueue(limit: limit) {}
    _ = hub.add(queue)
  }

  /// All so far.
  var all: [CallEvent] {
    events.withLock { events in
      events += queue.takeAll() ?? []
      return events
    }
  }

  /// Those of a kind, once there are so many; those there are after a minute: a machine may be busy.
  func wait(for count: Int, _ kind: CallEvent.Kind) -> [CallEvent] {
    look(6000, every: 10_000) { all.count(where: { $0.kind == kind }) >= count }
    return all.filter { $0.kind == kind }
  }
}

/// Looks whether something is so until it is, so many times at most.
func look(_ times: Int, every microseconds: UInt32, until isSo: () throws -> Bool) rethrows {
  for _ in 0..<times {
    if try isSo() { return }
    usleep(microseconds)
  }
}

extension CallEvent {
  /// The event as a reader of JSON sees it.
  var members: [String: Any] {
    get throws { try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) }
  }
}

/// Calls that are screened by the first stage.
func makeCalls(most: Int = 100, change: (inout Screening) -> Void = { _ in }) throws -> (calls: Calls, reader: Reader) {
  let hub = EventHub()
  var screening = Screening(detector: try .builtInFast, options: ScanOptions(), hub: hub)
  // Tests send faster than anybody talks.
  screening.bounds.delay = 60
  screening.bounds.waiting = 60
  screening.bounds.lateness = 60
  change(&screening)
  return (Calls(screening, workers: 2, most: most), Reader(hub))
}

/// A connection of a client over TCP.
final class Client {
  private let socket: Int32

  struct Failure: Error {
    let number: Int32
  }

  /// - Parameter seconds: that something may be waited for.
  init(port: Int, seconds: Int = 10) throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { throw Failure(number: errno) }
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(socket) }

  /// Sends bytes; `false` where the other side takes none.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      start += count
    }
    return true
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// What has come; empty at the end, or where nothing comes.
  func receive() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(socket, &buffer, buffer.count, 0)
    return Array(buffer.prefix(max(0, count)))
  }

  /// What comes until the other side closes.
  func receiveAll() -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let next = receive()
      if next.isEmpty { return all }
      all += next
    }
  }

  /// Asks for a path, and closes.
  static func get(_ path: String, port: Int, headers: String = "") throws -> String {
    let client = try Client(port: port)
    client.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n")
    return String(decoding: client.receiveAll(), as: UTF8.self)
  }
}

/// A sender of datagrams.
final class DatagramSender {
  private let socket: Int32
  private var address = sockaddr_in()

  init(port: Int) {
    socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
  }

  deinit { close(socket) }

  func send(_ bytes: [UInt8]) {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(socket, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// A packet of RTP.
  func send(_ type: UInt8, _ number: Int, at time: Int, source: UInt8 = 1, _ payload: [UInt8]) {
    send([0x80, type, UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)] + [24, 16, 8, 0].map { UInt8(time >> $0 & 0xFF) } + [0, 0, 0, source] + payload)
  }
}

/// A client of a WebSocket.
final class WebSocketClient {
  let client: Client
  /// The answer to the request for a WebSocket.
  let answer: String

  init(port: Int, path: String, headers: String = "") throws {
    client = try Client(port: port)
    client.send(
      "GET \(path) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n")
    answer = String(decoding: client.receive(), as: UTF8.self)
  }

  /// Sends a frame with a mask of zeros.
  @discardableResult
  func send(_ payload: [UInt8], opcode: UInt8 = 1, isFinal: Bool = true) -> Bool {
    let first = (isFinal ? 0x80 : 0) | opcode
    let length: [UInt8] =
      payload.count < 126 ? [0x80 | UInt8(payload.count)] : [0x80 | 126, UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)]
    return client.send([first] + length + [0, 0, 0, 0] + payload)
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// The status with which the other side closes; `nil` where it closes without.
  func closeStatus() -> Int? {
    let bytes = client.receiveAll()
    guard let start = bytes.firstIndex(of: 0x88), bytes.count >= start + 4 else { return nil }
    return Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
  }
}

/// Numbers that are the same in each run (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
