import Bonafide
import BonafideReport
import FoundationEssentials
import Synchronization

/// A call under way.
package final class Call: Sendable {
  private struct Member {
    let party: Party
    var state = PartyState()
    var result: Result<PartyResult, ScreeningError>?
    var duration = 0.0
    var missing = 0.0
    var late = 0.0
    var wasAlarmed = false
  }

  private struct State {
    var members: [Member] = []
    var end: CallEnd?
    /// Seconds that no party could take.
    var unheard = 0.0
    var isTold = false
  }

  /// Parties that one call may have.
  package static let mostParties = 16

  let identity: CallIdentity
  package let origin: CallOrigin
  let began = ContinuousClock.now
  private let beganAt = Date.now
  private let calls: Calls
  private let state = Mutex(State())

  init(_ identity: CallIdentity, _ origin: CallOrigin, calls: Calls) {
    self.identity = identity
    self.origin = origin
    self.calls = calls
  }

  /// What paths and events call it.
  package var id: String { identity.id }

  /// Adds a party.
  ///
  /// - Throws: where there are too many, or its rate cannot be screened.
  package func addParty(_ name: String, sampleRate: Int) throws(WireError) {
    guard (6000...192_000).contains(sampleRate) else { throw WireError("audio at \(sampleRate) Hz; 6000 to 192000 Hz can be screened") }
    let worker = calls.leastLoaded
    let party = try state.withLock { state throws(WireError) -> Party? in
      guard state.end == nil else { return nil }
      guard state.members.count < Self.mostParties else { throw WireError("a call has \(Self.mostParties) parties at most") }
      let party = Party(
        PartyIdentity(number: state.members.count, name: name, sampleRate: sampleRate), call: self, worker: worker,
        bounds: calls.screening.bounds)
      state.members.append(Member(party: party))
      // Under the lock: the call cannot end between.
      publish(CallEvent(.partyStarted, identity, party: party.identity, [("sample_rate_hz", .integer(sampleRate))]))
      return party
    }
    if party != nil { worker.load.add(1, ordering: .relaxed) }
  }

  /// Takes audio of a party, in order.
  package func append(_ audio: Audio, party number: Int) {
    let party = state.withLock { $0.members.indices.contains(number) ? $0.members[number].party : nil }
    party?.append(audio)
  }

  /// Takes note of audio that came, and that no party could take.
  func noteUnheard(_ seconds: Double) { state.withLock { $0.unheard += seconds } }

  /// Ends the call: what is said of it follows when its parties have been screened.
  package func end(_ end: CallEnd) {
    let parties = state.withLock { state -> [Party]? in
      guard state.end == nil else { return nil }
      state.end = end
      return state.members.map(\.party)
    }
    guard let parties else { return }
    if parties.isEmpty { tellEnd() } else { for party in parties { party.end() } }
  }

  /// Takes note of how a party stands.
  func note(_ partyState: PartyState, of number: Int, raised: Bool = false) {
    state.withLock { state in
      state.members[number].state = partyState
      if raised { state.members[number].wasAlarmed = true }
    }
    if raised { calls.countAlarm() }
  }

  /// Takes what is said of a party at its end.
  func finish(_ number: Int, with result: Result<PartyResult, ScreeningError>, duration: Double, missing: Double, late: Double) {
    let isLast = state.withLock { state -> Bool in
      state.members[number].result = result
      state.members[number].duration = duration
      state.members[number].missing = missing
      state.members[number].late = late
      return state.members.allSatisfy { $0.result != nil }
    }
    if isLast { tellEnd() }
  }

  private func tellEnd() {
    let (members, end, unheard) = state.withLock { state in
      defer { state.members = [] }
      return (state.members, state.end ?? .closed, state.unheard)
    }
    let ended = EndedCall(
      id: id, origin: origin, began: beganAt, ended: .now, why: end,
      alarmed: members.filter(\.wasAlarmed).map { $0.party.identity.number + 1 }, result: fileResult(of: members, unheard: unheard))
    publish(
      CallEvent(
        .callEnded, identity, [("why", .string(end.rawValue)), ("alarmed", .array(ended.alarmed.map { .integer($0) }))],
        ended: (ended, String(calls.report.entry(for: ended.result).dropLast()))))
    // Behind the event, so that a reader who has it not in the queue by then came too late for it.
    state.withLock { $0.isTold = true }
    calls.remove(
      self, end, missing: members.reduce(0) { $0 + $1.missing - $1.late }, late: members.reduce(0) { $0 + $1.late })
  }

  /// As a scan of a recording of the call would give it.
  ///
  /// - Parameter unheard: seconds that no party could take.
  private func fileResult(of members: [Member], unheard: Double) -> FileResult {
    var result = FileResult(path: identity.id, format: "LIVE/\(identity.adapter.uppercased())")
    result.sampleRate = members.map(\.party.identity.sampleRate).min()
    let longest = members.max { $0.duration < $1.duration }
    result.duration = longest?.duration ?? 0
    result.heard = (longest?.duration ?? 0) - (longest?.missing ?? 0)
    result.unheard = unheard + (members.map(\.late).max() ?? 0)
    var failures: [String] = []
    for member in members {
      let identity = member.party.identity
      switch member.result {
      case .success(var party):
        (party.channel, party.track, party.trackChannel, party.name) = (identity.number + 1, 1, identity.number + 1, identity.name)
        if member.late + unheard > 0, party.verdict != .synthetic { (party.verdict, party.reason) = (.inconclusive, .incomplete) }
        result.parties.append(party)
      case .failure(let error): failures.append("\(identity.name): \(error.message)")
      case nil: break
      }
      if member.missing > member.late {
        result.warnings.append("\(identity.name): \(tenths(member.missing - member.late)) s of audio never came")
      }
      if member.late > 0 { result.warnings.append("\(identity.name): \(tenths(member.late)) s of audio could not be heard in time") }
    }
    if unheard > 0 {
      result.warnings.append("\(tenths(unheard)) s of audio in a form that is not known, or of more than \(Self.mostParties) parties, were not heard")
    }
    if result.parties.isEmpty, let first = failures.first {
      result.error = first
      return result
    }
    result.warnings += failures
    let verdict = Detector.verdict(of: result.parties)
    // Nobody is cleared by the other side alone.
    result.verdict = verdict == .bonafide && !failures.isEmpty ? .inconclusive : verdict
    return result
  }

  private func tenths(_ seconds: Double) -> String {
    let tenths = Int((seconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private func publish(_ event: CallEvent) { calls.hub.publish(event) }

  func publishStart() {
    publish(
      CallEvent(
        .callStarted, identity,
        [
          ("external_id", .string(origin.name)),
          ("details", .object(origin.details.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ]))
  }

  /// How the call stands, as `GET /v1/calls` tells it.
  var summary: JSON {
    let members = state.withLock { $0.members }
    return .object([
      ("call", .string(identity.id)), ("adapter", .string(identity.adapter)), ("external_id", .string(origin.name)),
      ("age_s", .number((ContinuousClock.now - began) / .seconds(1), places: 1)),
      (
        "parties",
        .array(
          members.map { member in
            .object(
              [("party", .integer(member.party.identity.number + 1)), ("name", .string(member.party.identity.name))] + member.state.members)
          })
      ),
    ])
  }

  /// Whether its end was told: a reader who comes later waits for nothing.
  var isTold: Bool { state.withLock { $0.isTold } }

  /// The LLR of the most synthetic party; what lists are sorted by.
  var lowestLLR: Double { state.withLock { $0.members.compactMap(\.state.update.llr).min() } ?? .infinity }
  var partyCount: Int { state.withLock { $0.members.count } }
}
