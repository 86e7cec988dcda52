import BonafideAudio
import BonafideReport
import Glibc

/// Standard streams.
enum Terminal {
  /// Gives the program the streams that it counts on: a closed one becomes `/dev/null`, so that no recording is opened
  /// in its place, and a reader that goes away ends the program quietly, even when the parent ignores SIGPIPE.
  ///
  /// - Returns: whether standard output was open.
  static func prepareStreams() -> Bool {
    signal(SIGPIPE, SIG_DFL)
    // Swift's runtime takes it for a crash, and goes on behind its report.
    signal(SIGQUIT, SIG_DFL)
    // Ignored by who started this, it would keep from us how ffmpeg ended.
    signal(SIGCHLD, SIG_DFL)
    let hasOutput = fcntl(STDOUT_FILENO, F_GETFD) != -1
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) == -1 {
      // The lowest free descriptor is this one, since those below are open by now.
      _ = open("/dev/null", O_RDWR)
    }
    return hasOutput
  }

  static func isTerminal(_ stream: Int32) -> Bool { isatty(stream) == 1 }

  /// Columns of the terminal at `stream`, if it is one and says so.
  static func width(of stream: Int32) -> Int? {
    var size = winsize()
    guard ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Whether text on standard output may have colours (https://no-color.org).
  static var wantsColor: Bool {
    isTerminal(STDOUT_FILENO) && environment("NO_COLOR").isEmpty && environment("TERM") != "dumb"
  }

  private static func environment(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }

  /// Writes a line to standard error.
  static func say(_ message: String) {
    write("bonafide: \(printable(message.readablePath))\n")
  }

  /// Writes to standard error; that it fails can be told to nobody.
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
  }
}

/// The message of an error number.
func systemMessage(_ number: Int32) -> String {
  strerror(number).map { String(cString: $0) } ?? "error \(number)"
}
