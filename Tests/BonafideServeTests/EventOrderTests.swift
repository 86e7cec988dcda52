import BonafideServe
import Foundation
import Glibc
import Testing

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
    for _ in 0..<3000 where calls.count > 0 { usleep(10_000) }
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
