import Bonafide
import BonafideReport
import Synchronization

/// The calls under way.
package final class Calls: Sendable {
  /// What was counted since the start.
  struct Counts: Sendable {
    var started = 0
    var ended: [CallEnd: Int] = [:]
    var refused: [Refusal: Int] = [:]
    var alarms = 0
    /// Datagrams that were not taken.
    var dropped: [DroppedDatagram: Int] = [:]
    /// Seconds of audio of ended calls that never came, and that could not be heard in time.
    var missing = 0.0
    var late = 0.0
  }

  private struct State {
    var calls: [String: Call] = [:]
    var isStopping = false
    var counts = Counts()
    /// Readers that keep new calls away while they are far behind.
    var guarding: [EventQueue] = []
    var deliveries: [Delivery] = []
  }

  package let screening: Screening
  /// Calls that may be under way at once.
  package let most: Int
  let workers: [Worker]
  let report: JSONLinesReport
  private let state = Mutex(State())

  package init(_ screening: Screening, workers: Int, most: Int) {
    self.screening = screening
    self.most = most
    self.workers = (0..<max(1, workers)).map { _ in Worker(screening) }
    report = JSONLinesReport(engine: EngineInfo(screening.detector), prior: screening.options.prior)
  }

  package var hub: EventHub { screening.hub }

  /// Keeps new calls away while a reader is far behind.
  package func wait(for queue: EventQueue) { state.withLock { $0.guarding.append(queue) } }

  /// Has events delivered, and keeps new calls away while that is far behind.
  package func add(_ delivery: Delivery) {
    _ = hub.add(delivery.queue)
    wait(for: delivery.queue)
    state.withLock { $0.deliveries.append(delivery) }
  }

  var deliveries: [Delivery] { state.withLock { $0.deliveries } }

  /// Why a new call would not be taken now; `nil` where it would.
  package var refusal: Refusal? { state.withLock { refusal(in: $0) } }

  private func refusal(in state: State) -> Refusal? {
    if state.isStopping { return .shutdown }
    if state.calls.count >= most { return .full }
    if state.guarding.contains(where: \.isOverfull) { return .backlog }
    return isLate ? .late : nil
  }

  /// Whether updates of the calls under way are late.
  var isLate: Bool { workers.contains { $0.isLate() } }

  /// Takes note of a call that was refused ahead of its start.
  package func countRefused(_ refusal: Refusal) { state.withLock { $0.counts.refused[refusal, default: 0] += 1 } }

  func countDropped(_ why: DroppedDatagram) { state.withLock { $0.counts.dropped[why, default: 0] += 1 } }

  func countAlarm() { state.withLock { $0.counts.alarms += 1 } }

  /// Begins a call.
  package func open(_ origin: CallOrigin) throws(Refusal) -> Call {
    try state.withLock { state throws(Refusal) -> Call in
      if let refusal = refusal(in: state) {
        state.counts.refused[refusal, default: 0] += 1
        throw refusal
      }
      let base = "\(origin.adapter)-\(Self.plain(origin.name))"
      var (id, number) = (base, 1)
      while state.calls[id] != nil {
        number += 1
        id = "\(base)~\(number)"
      }
      let call = Call(CallIdentity(id: id, adapter: origin.adapter), origin, calls: self)
      state.calls[id] = call
      state.counts.started += 1
      // Under the lock: `endAll` cannot end it between.
      call.publishStart()
      return call
    }
  }

  /// A name as part of a path: what is not a letter, digit, `.`, `_` or `-` is `_`.
  private static func plain(_ name: String) -> String {
    let bytes = name.utf8.prefix(100).map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        byte
      default: UInt8(ascii: "_")
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  func remove(_ call: Call, _ end: CallEnd, missing: Double, late: Double) {
    state.withLock { state in
      state.counts.missing += missing
      state.counts.late += late
      state.calls[call.id] = nil
      state.counts.ended[end, default: 0] += 1
    }
  }

  package subscript(id: String) -> Call? { state.withLock { $0.calls[id] } }
  /// All of them, the most synthetic first.
  var all: [Call] {
    state.withLock { Array($0.calls.values) }.map { ($0.lowestLLR, $0) }.sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }.map(\.1)
  }
  package var count: Int { state.withLock { $0.calls.count } }
  var counts: Counts { state.withLock { $0.counts } }
  var lateness: Histogram { workers.reduce(Histogram()) { $0 + $1.lateness.withLock { $0 } } }

  var leastLoaded: Worker {
    workers.min { $0.load.load(ordering: .relaxed) < $1.load.load(ordering: .relaxed) } ?? workers[0]
  }

  /// Takes no new calls.
  package func stopTaking() { state.withLock { $0.isStopping = true } }

  /// Ends all calls.
  package func endAll() {
    for call in state.withLock({ Array($0.calls.values) }) { call.end(.shutdown) }
  }
}
