import FoundationEssentials
import GRDB
import Glibc

/// A process that has recordings in work, as other processes of the machine can tell that it is still there.
///
/// Time is counted since the machine started, so that a clock that is set, forward or back, neither ends nor prolongs a lease.
struct Worker: Sendable {
  /// Another one for each start of the machine.
  let boot: String
  /// The kernel's number of the space that the process number is of: each container may have its own.
  let namespace: Int64
  let pid: Int32
  /// When the process was started, in ticks: numbers of processes are used again.
  let started: Int64

  /// Seconds that a lease lasts where nothing is heard of its worker.
  static let lifetime = 60.0

  /// This process.
  static let current = Worker(
    boot: text(of: "/proc/sys/kernel/random/boot_id").map { String($0.filter { !$0.isWhitespace }) } ?? "",
    namespace: inode(of: "/proc/self/ns/pid"), pid: getpid(), started: startTime(of: getpid()) ?? 0)

  /// Seconds since the machine started.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// When a process was started, in ticks since the machine was; `nil` where there is none of that number.
  private static func startTime(of pid: Int32) -> Int64? {
    // The name of the program, in parentheses, may hold anything.
    guard let fields = text(of: "/proc/\(pid)/stat")?.split(separator: ")").last?.split(separator: " "), fields.count > 19 else { return nil }
    // A process that has ended and that nobody has asked about is no more at work.
    return fields[0] == "Z" ? nil : Int64(fields[19])
  }

  private static func text(of path: String) -> String? {
    (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func inode(of path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(bitPattern: UInt64(status.st_ino)) : 0
  }

  /// Whether the process is at work, seen from this one, if its leases end at `expires`.
  func isAlive(expires: Double) -> Bool {
    guard boot == Self.current.boot, expires > Self.now else { return false }
    return namespace != Self.current.namespace || Self.startTime(of: pid) == started
  }
}

extension Database {
  /// Enters a worker, or prolongs its leases.
  func enter(_ worker: Worker, id: Int64?) throws -> Int64 {
    let statement = try cachedStatement(
      sql: """
        INSERT INTO worker (id, boot, namespace, pid, started, expires) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET expires = excluded.expires
        """)
    try statement.execute(arguments: [id, worker.boot, worker.namespace, worker.pid, worker.started, Worker.now + Worker.lifetime])
    return id ?? lastInsertedRowID
  }

  /// Takes a worker away with its leases.
  func removeWorker(_ id: Int64) throws {
    try cachedStatement(sql: "DELETE FROM worker WHERE id = ?").execute(arguments: [id])
  }

  /// Takes workers away that are no more.
  func removeDeadWorkers() throws {
    for row in try Row.fetchAll(self, sql: "SELECT * FROM worker") where try !isAlive(row) { try removeWorker(try row.value("id")) }
  }

  private func isAlive(_ row: Row) throws -> Bool {
    let worker = Worker(
      boot: try row.value("boot"), namespace: try row.value("namespace"), pid: try row.value("pid"), started: try row.value("started"))
    return worker.isAlive(expires: try row.value("expires"))
  }

  /// Leases a recording to a worker.
  ///
  /// - Returns: `false` where another one, which is at work, has it.
  func lease(_ key: RecordingKey, setup: Int64, to worker: Int64) throws -> Bool {
    let holders = try cachedStatement(
      sql: """
        SELECT worker.* FROM lease JOIN worker ON worker.id = worker_id WHERE path = ? AND path_bytes = ? AND setup_id = ? AND worker_id <> ?
        """)
    if let row = try Row.fetchOne(holders, arguments: [key.path, key.bytes, setup, worker]) {
      if try isAlive(row) { return false }
      try removeWorker(try row.value("id"))
    }
    // One that was suspended may have been taken for dead.
    _ = try enter(.current, id: worker)
    try cachedStatement(sql: "INSERT OR REPLACE INTO lease (path, path_bytes, setup_id, worker_id) VALUES (?, ?, ?, ?)")
      .execute(arguments: [key.path, key.bytes, setup, worker])
    return true
  }

  /// Ends a lease.
  func endLease(of key: RecordingKey, setup: Int64, to worker: Int64) throws {
    try cachedStatement(sql: "DELETE FROM lease WHERE path = ? AND path_bytes = ? AND setup_id = ? AND worker_id = ?")
      .execute(arguments: [key.path, key.bytes, setup, worker])
  }
}
