import Foundation
import Glibc
import Testing

@testable import BonafideServe

/// The order of events, and readers that are too slow for them.
@Suite struct EventOrderTests {
  /// A call that is ended as it begins has its start ahead of its end.
  @Test func aCallBeginsAheadOfItsEnd() throws {
    let (calls, reader) = try makeCalls(most: 100_000)
    let rounds = 2000
    DispatchQueue.concurrentPerform(iterations: 2) { side in
      for index in 0..<rounds {
        if side == 1 {
          calls.endAll()
        } else if let call = try? calls.open(CallOrigin(adapter: "test", name: "\(index)")) {
          try? call.addParty("caller", sampleRate: 8000)
        }
      }
    }
    calls.endAll()
    look(3000, every: 10_000) { calls.count == 0 }
    var kinds: [String: [CallEvent.Kind]] = [:]
    for event in reader.all { kinds[event.call, default: []].append(event.kind) }
    #expect(kinds.count == rounds)
    for (call, kinds) in kinds {
      let isInOrder = [[.callStarted, .callEnded], [.callStarted, .partyStarted, .callEnded]].contains(kinds.filter { $0 != .update })
      #expect(isInOrder, "\(call): \(kinds)")
    }
  }

  @Test func aReaderThatIsFarBehindIsCutOff() throws {
    let (calls, _) = try makeCalls()
    let (slow, patient) = (EventQueue(limit: 5, cutsOff: true) {}, EventQueue(limit: 5) {})
    for queue in [slow, patient] { _ = calls.hub.add(queue) }
    for index in 0..<3 {
      #expect(!slow.isCut)
      try calls.open(CallOrigin(adapter: "test", name: "\(index)")).end(.hangUp)
    }
    #expect(slow.isCut && slow.takeAll() == nil)
    #expect(!patient.isCut && patient.takeAll()?.count == 6)
  }

  /// What is no update goes first, the last update of a party is the one that waits, and a call that has ended has none.
  @Test func theNextEventIsAnAlarmAheadOfUpdates() {
    let queue = EventQueue(limit: 10, kinds: [.update, .alarm, .callEnded]) {}
    func put(_ kind: CallEvent.Kind, _ call: String, _ number: Int) {
      queue.put(
        CallEvent(
          kind, CallIdentity(id: call, adapter: "test"), party: PartyIdentity(number: 0, name: "caller", sampleRate: 8000),
          [("number", .integer(number))]))
    }
    for (index, (kind, call)) in [(CallEvent.Kind.update, "a"), (.update, "b"), (.partyStarted, "c"), (.alarm, "b"), (.update, "a"), (.callEnded, "b")]
      .enumerated()
    { put(kind, call, index) }
    #expect(queue.count == 3)
    var taken: [String] = []
    while case .event(let event) = queue.takeNext() { taken.append("\(event.kind.rawValue) \(event.call) \(event.text.suffix(2).prefix(1))") }
    #expect(taken == ["alarm b 3", "call_ended b 5", "update a 4"])
    #expect(queue.dropped == 2 && queue.count == 0)
    // Many go through a queue that is never empty.
    for index in 0..<1000 {
      put(.alarm, "x", index)
      if index > 4, case .event(let event) = queue.takeNext() { #expect(event.text.hasSuffix("\"number\":\(index - 5)}")) }
    }
    #expect(queue.count == 5)
    queue.close()
    for _ in 0..<5 { _ = queue.takeNext() }
    guard case .closed = queue.takeNext() else { return #expect(Bool(false), "it is closed and empty") }
  }

  /// Over a socket, as soon as it is too far behind.
  @Test func aConnectionThatReadsNothingIsClosed() throws {
    let (calls, _) = try makeCalls()
    var settings = ServerSettings(http: .init(host: "127.0.0.1", port: 0))
    settings.gate.isOpen = true
    let scans = Scans(calls)
    let server = Server(settings, calls: calls, scans: scans, log: HostLog { _ in })
    let port = try server.start().first.flatMap { Int($0.split(separator: ":").last ?? "") } ?? 0
    let client = try Client(port: port)
    client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(String(decoding: client.receive(), as: UTF8.self).contains("text/event-stream"))
    var isClosed = false
    for index in 0..<100_000 where !isClosed {
      try calls.open(CallOrigin(adapter: "test", name: "\(index)", details: ["note": String(repeating: "x", count: 500)])).end(.hangUp)
      if index % 500 == 499 { isClosed = try Client.get("/metrics", port: port).contains("\nbonafide_connections 1\n") }
    }
    #expect(isClosed)
    scans.stop()
    try server.stop()
  }
}
