import ArgumentParser
import Bonafide
import BonafideServe
import Glibc
import Logging

/// Screens calls while they are under way.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Screen live calls that telephone systems stream, and write what happens as JSON lines.",
    discussion: """
      Takes calls by WebSocket (Twilio Media Streams at /twilio, Genesys AudioHook at /audiohook, FreeSWITCH's mod_audio_fork at \
      /audio-fork), by Asterisk's AudioSocket and as RTP, and writes events to standard output, a JSON line each. The same events are at /v1/events and /v1/calls/ID/events; /v1/calls, /metrics, /healthz and /readyz tell how it \
      stands. Recordings are screened by POST /v1/scan; /openapi.json describes all of it. A first SIGTERM or SIGINT keeps new calls away and waits for those under way, a second one ends them.

      Exit status: 2 where it cannot go on, 64 where the command line makes no sense.
      """)

  @Option(
    help: ArgumentHelp(
      """
      Take options from this file, too: a JSON object with their names. The environment (BONAFIDE_SERVE_MAX_CALLS) goes ahead of it, and \
      the command line of both.
      """,
      valueName: "file"),
    completion: .file(extensions: ["json"]))
  var config: String?

  @OptionGroup(title: "Log")
  var log: ServeLogOptions

  @OptionGroup(title: "Where it listens")
  var places: PlaceOptions

  @OptionGroup(title: "RTP")
  var rtp: RTPOptions

  @OptionGroup(title: "Who may come in")
  var admission: AdmissionOptions

  @OptionGroup(title: "Alarms")
  var alarms: AlarmOptions

  @OptionGroup(title: "Where it tells what happens, beside standard output")
  var outputs: ServeOutputOptions

  @OptionGroup(title: "Limits")
  var limits: ServeLimits

  @OptionGroup(title: "Recordings")
  var recordings: ServeScanOptions

  @OptionGroup(title: "Screening")
  var points: PointOptions

  @OptionGroup
  var site: SiteOptions

  @Option(
    help: ArgumentHelp("Model to use instead of the built-in one.", valueName: "file.safetensors"),
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Flag(help: "Leave out the second stage: less sure, and several times as many calls.")
  var fast = false

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    // Sockets, and a reader of events, may go away at any time.
    signal(SIGPIPE, SIG_IGN)
    let logger = log.logger
    do {
      try checkStandardOutput(for: nil, isOpen: hasOutput)
      try host(logger).run()
    } catch let error as RunError {
      logger.critical("\(error.message)")
      throw error.status
    }
  }

  /// The host as the options have it.
  private func host(_ logger: Logger) throws -> LiveHost {
    let detector = try site.fitted(loadDetector(model, fast: fast)).detector
    try points.validate(for: detector)
    let calls = calls(with: detector)
    let say: @Sendable (String) -> Void = { logger.warning("\($0)") }
    var outputs = LiveHost.Outputs()
    if let session = try self.outputs.session(detector, calls.screening.options, profile: site.profile) {
      outputs.ledger = LiveLedger(session, say: say)
    }
    if let receiver = try self.outputs.receiver() { outputs.webhook = LiveWebhook(receiver, say: say) }
    let scans = Scans(calls, limits: recordings.limits(threads: limits.threads))
    let settings = try serverSettings
    if let warning = admission.warning(at: places) { logger.warning("\(warning)") }
    limits.raiseFileLimit()
    return LiveHost(calls: calls, scans: scans, outputs: outputs, settings: settings, drain: limits.drain, log: logger)
  }

  private func calls(with detector: Detector) -> Calls {
    var screening = Screening(detector: detector, options: points.applied(to: ScanOptions()), hub: EventHub())
    screening.falseAlarmsPerCall = alarms.falseAlarmsPerCall.value
    screening.leastSpeechToAlarm = alarms.alarmAfter
    screening.updateInterval = alarms.updateEvery
    return Calls(screening, workers: limits.threads, most: limits.maxCalls)
  }

  private var serverSettings: ServerSettings {
    get throws {
      var settings = ServerSettings(http: places.http)
      settings.audioSocket = places.audiosocket
      settings.audioSocketPeers = places.audiosocketFrom
      settings.rtp = try rtp.settings
      settings.tls = try places.identity()
      settings.gate = try admission.gate(at: places)
      settings.idleSeconds = limits.idleTimeout
      settings.mostConnections = limits.maxConnections
      return settings
    }
  }
}
