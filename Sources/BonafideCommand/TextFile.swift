import BonafideAudio
import Glibc
import Synchronization

/// The content of a text file; `-` is standard input.
func readText(_ path: String) throws(RunError) -> String {
  guard let text = String(validating: try readBytes(path), as: UTF8.self) else {
    throw RunError(message: "\(path): is not text in UTF-8; what is an array (npy) must be written as text first")
  }
  return text
}

/// The text of a secret: of a file, or for `env:NAME` of that variable, which is taken out of the environment, so that no program that is
/// started sees it.
func readSecret(_ path: String) throws(RunError) -> String {
  guard path.hasPrefix("env:") else { return try readText(path) }
  let name = String(path.dropFirst(4))
  return try secretsTaken.withLock { taken throws(RunError) in
    // Several options may name the same one.
    if let text = taken[name] { return text }
    guard let value = getenv(name) else { throw RunError(message: "\(path): there is no variable \(name)") }
    let text = String(cString: value)
    unsetenv(name)
    taken[name] = text
    return text
  }
}

/// Secrets that were taken out of the environment, by variable.
private let secretsTaken = Mutex<[String: String]>([:])

/// The bytes of a file; `-` is standard input.
func readBytes(_ path: String) throws(RunError) -> [UInt8] {
  let descriptor = path == "-" ? STDIN_FILENO : open(path.cPath, O_RDONLY | O_CLOEXEC)
  if descriptor < 0 { throw RunError(message: "\(path): cannot be opened: \(systemMessage(errno))") }
  defer { if path != "-" { close(descriptor) } }
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = read(descriptor, &block, block.count)
    if count > 0 {
      bytes += block[..<count]
    } else if count == 0 {
      break
    } else if errno != EINTR {
      throw RunError(message: "\(path): cannot be read: \(systemMessage(errno))")
    }
  }
  return bytes
}
