import ArgumentParser
import BonafideServe
import FoundationEssentials
import Glibc

/// Where a live host listens.
struct PlaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where HTTP and WebSockets are taken; a port alone is that of this machine alone.", valueName: "host:port"),
    transform: place)
  var http = ServerSettings.Place(host: "127.0.0.1", port: 8080)

  @Option(help: ArgumentHelp("Where Asterisk's AudioSocket is taken (default: nowhere).", valueName: "host:port"), transform: place)
  var audiosocket: ServerSettings.Place?

  @Option(
    help: ArgumentHelp(
      "Addresses and networks that AudioSocket is taken from, with commas between: it has no password. Needed where other machines reach it.",
      valueName: "addresses"),
    transform: peers)
  var audiosocketFrom: PeerList?

  @Option(
    help: ArgumentHelp(
      "File with the certificate for HTTPS and secure WebSockets, in PEM, and those that lead to it; read again when it changes.", valueName: "file"),
    completion: .file())
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("File with the key of --tls-certificate, in PEM, without a password.", valueName: "file"), completion: .file())
  var tlsKey: String?

  func validate() throws {
    try check((tlsCertificate == nil) == (tlsKey == nil), "--tls-certificate and --tls-key go together.")
    if let audiosocket, !audiosocket.isLoopback {
      try check(audiosocketFrom != nil, "--audiosocket \(audiosocket) is reached by other machines: --audiosocket-from says by which ones.")
    }
  }

  /// Certificate and key, where they are given.
  func identity() throws(RunError) -> TLSIdentity? {
    guard let tlsCertificate, let tlsKey else { return nil }
    do throws(SettingError) { return try TLSIdentity(certificatePath: tlsCertificate, keyPath: tlsKey) } catch { throw RunError(message: "\(error)") }
  }

  private static func place(_ text: String) throws -> ServerSettings.Place {
    guard let place = ServerSettings.Place(text) else {
      throw ValidationError("'\(text)' is no HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080.")
    }
    return place
  }
}

/// Who may come in to a live host.
struct AdmissionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("File with the token that clients show (Authorization: Bearer, or the password of Basic).", valueName: "file"),
    completion: .file())
  var tokenFile: String?

  @Option(help: ArgumentHelp("File with Twilio's auth token, by which it signs.", valueName: "file"), completion: .file())
  var twilioTokenFile: String?

  @Option(
    help: ArgumentHelp(
      "File with the API key that Genesys shows and, on a second line, the client secret that it signs with, in base64.", valueName: "file"),
    completion: .file())
  var audiohookKeyFile: String?

  @Option(
    help: ArgumentHelp(
      "Scheme, host and port by which telephone systems know this host, such as wss://calls.example.com, where a proxy is in front.",
      valueName: "url"))
  var publicURL: String?

  @Flag(help: "Ask nobody for a token; only where this machine alone reaches it.")
  var noAuth = false

  func validate() throws {
    let isGiven = tokenFile != nil || twilioTokenFile != nil || audiohookKeyFile != nil
    try check(!noAuth || !isGiven, "--no-auth asks for no token, and none can be given with it.")
    try check(noAuth || isGiven, "Say who may come in: --token-file, --twilio-token-file, --audiohook-key-file or --no-auth.")
    if let publicURL {
      try check(publicURL.contains("://") && !publicURL.hasSuffix("/"), "--public-url is scheme, host and port, such as wss://calls.example.com.")
    }
  }

  func gate(at places: PlaceOptions) throws(RunError) -> Gate {
    guard !noAuth || places.http.isLoopback else {
      throw RunError(message: "--no-auth would let everybody in at \(places.http); it takes --http at 127.0.0.1", status: .validationFailure)
    }
    var gate = Gate()
    gate.isOpen = noAuth
    gate.token = try tokenFile.map(secret)
    gate.twilioToken = try twilioTokenFile.map(secret)
    gate.audioHook = try audiohookKeyFile.map(audioHook)
    gate.publicURL = publicURL
    return gate
  }

  /// What is to be said where tokens cross a network in the clear; `nil` where they don't.
  func warning(at places: PlaceOptions) -> String? {
    let isSecured = places.tlsKey != nil || ["wss://", "https://"].contains { publicURL?.hasPrefix($0) ?? false }
    guard !places.http.isLoopback, !isSecured else { return nil }
    return "warning: tokens and calls can be read on their way to \(places.http): give --tls-certificate, or put a proxy that has one in front"
  }

  /// API key and secret of AudioHook.
  private func audioHook(in path: String) throws(RunError) -> (key: String, secret: [UInt8]?) {
    let lines = try secret(in: path).split(whereSeparator: \.isNewline).map { String($0).trimmed }
    guard lines.count > 1 else { return (lines[0], nil) }
    guard let bytes = Data(base64Encoded: lines[1]), !bytes.isEmpty else {
      throw RunError(message: "\(path): the second line is the client secret in base64, as Genesys has it")
    }
    return (lines[0], [UInt8](bytes))
  }

  /// What a file has, without white space around it.
  private func secret(in path: String) throws(RunError) -> String {
    let text = try readSecret(path).trimmed
    guard text.utf8.count >= 16 else { throw RunError(message: "\(path): a token has 16 characters or more; this one has \(text.utf8.count)") }
    return text
  }
}

/// When a live host raises alarms, and how often it says how things stand.
struct AlarmOptions: ParsableArguments {
  /// A share of calls, written as `0.5%` or `0.005`.
  struct Share: Equatable, CustomStringConvertible {
    var value: Double

    init(value: Double) { self.value = value }

    init?(_ text: String) {
      let isPercent = text.hasSuffix("%")
      guard let number = Double(isPercent ? text.dropLast() : text[...]), number.isFinite else { return nil }
      value = isPercent ? number / 100 : number
    }

    var description: String { "\((value * 1e8).rounded() / 1e6)%" }
  }

  @Option(
    help: ArgumentHelp("Share of genuine parties about which an alarm may be raised in all of their call.", valueName: "share"),
    transform: { text in
      guard let share = Share(text) else { throw ValidationError("'\(text)' is no share, such as 0.5% or 0.005.") }
      return share
    })
  var falseAlarmsPerCall = Share(value: 0.005)

  @Option(help: ArgumentHelp("Seconds of speech that an alarm takes.", valueName: "seconds"))
  var alarmAfter = 3.0

  @Option(help: ArgumentHelp("Seconds of audio from one update of a party to the next.", valueName: "seconds"))
  var updateEvery = 1.0

  func validate() throws {
    try check(
      falseAlarmsPerCall.value >= 1e-6 && falseAlarmsPerCall.value <= 0.5,
      "--false-alarms-per-call is a share of parties from 0.0001% to 50%, such as 0.5%.")
    try check((1...600).contains(alarmAfter), "--alarm-after is a number of seconds from 1 to 600.")
    try check((0.1...3600).contains(updateEvery), "--update-every is a number of seconds from 0.1 to 3600.")
  }
}

/// How much a live host takes.
struct ServeLimits: ParsableArguments {
  @Option(help: ArgumentHelp("Calls under way at once; more are refused.", valueName: "number"))
  var maxCalls = 200

  @Option(help: ArgumentHelp("Connections at once; more are refused.", valueName: "number"))
  var maxConnections = 4096

  @Option(help: ArgumentHelp("Seconds without a word after which a connection is closed.", valueName: "seconds"))
  var idleTimeout = 30

  @Option(help: ArgumentHelp("Seconds for which calls under way may go on after a signal.", valueName: "seconds"))
  var drain = 30

  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp("Threads that screen (default: as many as processors).", valueName: "number"))
  var jobs: Int?

  func validate() throws {
    try check((1...100_000).contains(maxCalls), "--max-calls is a number from 1 to 100000.")
    try check((1...1_000_000).contains(maxConnections), "--max-connections is a number from 1 to 1000000.")
    try check((1...86_400).contains(idleTimeout), "--idle-timeout is a number of seconds from 1 to 86400.")
    try check((0...86_400).contains(drain), "--drain is a number of seconds from 0 to 86400.")
    try check(jobs.map { (1...1024).contains($0) } ?? true, "--jobs is a number of threads from 1 to 1024.")
  }

  var threads: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

  /// Has the system allow as many open files as it can.
  func raiseFileLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}

extension String {
  /// Without white space at its ends.
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
