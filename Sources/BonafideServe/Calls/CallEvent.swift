import Bonafide
import BonafideReport
import FoundationEssentials

/// A party of a call.
struct PartyKey: Hashable, Sendable {
  let call: String
  let party: Int
}

/// What happens in calls, as readers are told.
package struct CallEvent: Sendable {
  /// What happened.
  package enum Kind: String, Sendable {
    case callStarted = "call_started"
    case partyStarted = "party_started"
    case update
    case alarm
    case alarmWithdrawn = "alarm_withdrawn"
    case stretch
    /// Another model judges the party from here on: stretches told before are void.
    case stretchesWithdrawn = "stretches_withdrawn"
    case callEnded = "call_ended"
  }

  package let kind: Kind
  /// Id of the call.
  package let call: String
  /// A JSON object, `bonafide.live/1`, without a line feed.
  package let text: String
  /// The party that an update is of; `nil` of other events.
  let updates: PartyKey?
  /// The call that an end is of; `nil` of other events.
  package let ended: EndedCall?

  /// - Parameter ended: the call, and its result in JSON.
  init(
    _ kind: Kind, _ call: CallIdentity, party: PartyIdentity? = nil, _ members: [(String, JSON)] = [], ended: (call: EndedCall, result: String)? = nil
  ) {
    self.ended = ended?.call
    self.kind = kind
    self.call = call.id
    updates = kind == .update ? party.map { PartyKey(call: call.id, party: $0.number) } : nil
    let head: [(String, JSON)] = [
      ("schema", .string("bonafide.live/1")), ("event", .string(kind.rawValue)), ("at", .string(Self.now)), ("call", .string(call.id)),
      ("adapter", .string(call.adapter)),
    ]
    let named = party.map { [("party", JSON.integer($0.number + 1)), ("name", JSON.string($0.name))] } ?? []
    let object = JSON.object(head + named + members).text
    text = ended.map { "\(object.dropLast()),\"result\":\($0.result)}" } ?? object
  }

  /// In UTC, to the millisecond.
  private static var now: String { Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}

/// What events call a call.
struct CallIdentity: Sendable {
  let id: String
  let adapter: String
}

/// What events call a party.
struct PartyIdentity: Sendable {
  /// From 0.
  let number: Int
  let name: String
  let sampleRate: Int
}

/// How the evidence about a party stands, as events tell it.
struct PartyState: Sendable {
  var update = StreamUpdate()
  /// Seconds that never came, or came and could not be heard in time.
  var missing = 0.0
  /// Whether the alarm is raised.
  var isAlarmed = false

  var members: [(String, JSON)] {
    [
      ("time_s", .number(update.time, places: 2)),
      ("scored_s", .number(update.scoredTime, places: 2)),
      ("speech_s", .number(update.speech, places: 2)),
      ("missing_s", .number(missing, places: 2)),
      ("llr", JSON(update.llr, places: 3)),
      ("synthetic_probability", JSON(update.syntheticProbability, places: 6)),
      ("strength", JSON(strength?.rawValue)),
      ("verdict", .string(update.verdict.rawValue)),
      ("reason", JSON(update.reason?.rawValue)),
      ("alarm", .bool(isAlarmed)),
    ]
  }

  /// For the side that the LLR is on.
  private var strength: StrengthOfEvidence? { update.llr.map { StrengthOfEvidence(llr: abs($0)) } }
}
