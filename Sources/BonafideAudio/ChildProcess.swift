import Glibc
import Synchronization

/// A program that runs with its output on a pipe; killed when it goes out of scope.
///
/// Its standard input is `/dev/null`, and one open file is handed to it as descriptor 3. No shell is between, so
/// arguments reach the program as they are.
struct ChildProcess: ~Copyable {
  private let process: pid_t
  private let output: FileDescriptor
  private let messages: FileDescriptor
  private var isRunning = true

  /// The program could not be started.
  struct StartFailure: Error {
    /// The reason, from `errno.h`.
    let reason: CInt

    var isMissingProgram: Bool { reason == ENOENT }
    var message: String { String(cString: strerror(reason)) }
  }

  /// How a program ended.
  struct Ending {
    let succeeded: Bool
    /// The start of what it wrote to standard error, in one line.
    let messages: String
  }

  /// A pipe is open to every child for a moment, until it is marked to be closed in them: one start at a time.
  private static let starting = Mutex(())

  /// Starts `program`, found on `PATH`, with `input` as descriptor 3.
  static func start(
    _ program: String, arguments: [String], input: borrowing FileDescriptor
  ) throws(StartFailure) -> ChildProcess {
    let shared = try input.copyAboveStandard()
    let number = shared.number
    return try starting.withLock { _ throws(StartFailure) in
      try ChildProcess(program, arguments: arguments, input: number)
    }
  }

  private init(_ program: String, arguments: [String], input: CInt) throws(StartFailure) {
    let output = try Pipe.make()
    let messages = try Pipe.make()
    // A program that complains without end must not wait for a reader: what does not fit is lost.
    for end in [messages.readEnd.number, messages.writeEnd.number] {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output.writeEnd.number, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, messages.writeEnd.number, STDERR_FILENO)
    posix_spawn_file_actions_adddup2(&actions, input, 3)

    let words = CStringArray([program] + arguments)
    let variables = CStringArray(Self.environment)
    var started: pid_t = 0
    let reason = posix_spawnp(&started, program, &actions, nil, words.pointers, variables.pointers)
    guard reason == 0 else { throw StartFailure(reason: reason) }
    process = started
    self.output = output.takeReadEnd()
    self.messages = messages.takeReadEnd()
  }

  deinit {
    if isRunning {
      kill(process, SIGKILL)
      _ = Self.wait(for: process)
    }
  }

  /// Reads standard output until `buffer` is full or the program closes it.
  ///
  /// - Returns: the bytes read; fewer than `buffer.count` only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var total = 0
    while total < buffer.count {
      let count = output.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[total...]))
      if count <= 0 { break }
      total += count
    }
    return total
  }

  /// Reads what is there of standard output, `most` bytes or fewer, and waits for some where there is nothing yet.
  ///
  /// - Returns: the bytes read, 0 at the end.
  func readAvailable(_ most: Int, appendingTo bytes: inout [UInt8]) -> Int {
    let block = [UInt8](unsafeUninitializedCapacity: most) { buffer, initialized in
      initialized = max(0, output.read(into: UnsafeMutableRawBufferPointer(buffer)))
    }
    bytes.append(contentsOf: block)
    return block.count
  }

  /// Waits for the program, which must have closed its output. To be called once.
  mutating func finish() -> Ending {
    let succeeded = Self.wait(for: process)
    isRunning = false
    let text = [UInt8](unsafeUninitializedCapacity: 1_000) { buffer, initialized in
      initialized = max(0, messages.read(into: UnsafeMutableRawBufferPointer(buffer)))
    }
    return Ending(succeeded: succeeded, messages: String(decoding: text, as: UTF8.self).singleLine)
  }

  /// - Returns: whether the process ended by itself with status 0.
  private static func wait(for process: pid_t) -> Bool {
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0 {
      // A host that ignores SIGCHLD is not told how its children end.
      if errno != EINTR { return false }
    }
    return status == 0
  }

  /// What programs need to be found and loaded, and messages in English.
  private static var environment: [String] {
    let names: [String] = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"]
    let inherited = names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    return inherited + ["LC_ALL=C"]
  }
}

/// Both ends of a pipe, above the descriptors that a child gets.
private struct Pipe: ~Copyable {
  let readEnd: FileDescriptor
  let writeEnd: FileDescriptor

  static func make() throws(ChildProcess.StartFailure) -> Pipe {
    var ends: [CInt] = [0, 0]
    // A child that the host starts meanwhile must not keep it open. The C library's module has no pipe2, so these are sockets.
    let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw ChildProcess.StartFailure(reason: errno) }
    let lowReadEnd = FileDescriptor(owning: ends[0])
    let lowWriteEnd = FileDescriptor(owning: ends[1])
    let readEnd = try lowReadEnd.copyAboveStandard()
    let writeEnd = try lowWriteEnd.copyAboveStandard()
    return Pipe(readEnd: readEnd, writeEnd: writeEnd)
  }

  /// Closes the write end.
  consuming func takeReadEnd() -> FileDescriptor {
    readEnd
  }
}

extension FileDescriptor {
  /// A copy with a number above 3, so that setting up the descriptors of a child does not overwrite it.
  fileprivate func copyAboveStandard() throws(ChildProcess.StartFailure) -> FileDescriptor {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 10)
    guard copy >= 0 else { throw ChildProcess.StartFailure(reason: errno) }
    return FileDescriptor(owning: copy)
  }
}

/// Strings as C takes them: pointers to zero-terminated text, and a null pointer at the end.
private struct CStringArray: ~Copyable {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) {
    pointers = strings.map { strdup($0) } + [nil]
  }

  deinit {
    for pointer in pointers { free(pointer) }
  }
}
