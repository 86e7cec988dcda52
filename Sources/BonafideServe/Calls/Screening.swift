import Bonafide
import BonafideReport

/// How parties are screened, and who is told.
package struct Screening: Sendable {
  package var detector: Detector
  package var options: ScanOptions
  /// Share of genuine parties about which an alarm may be raised.
  package var falseAlarmsPerCall = 0.005
  /// Seconds of speech that an alarm takes.
  package var leastSpeechToAlarm = 3.0
  /// Seconds of audio between updates.
  package var updateInterval = 1.0
  /// How much audio of a party may wait for its worker; what is beyond counts as missing.
  package struct Bounds: Sendable {
    /// Seconds that the first of it may have waited when more comes.
    package var delay = 2.0
    /// Seconds of audio: a burst behind a stall of the network.
    package var waiting = 10.0
    /// Seconds that an update may be late; while one is later new calls are refused.
    package var lateness = 0.5
  }

  package var bounds = Bounds()
  package let hub: EventHub

  package init(detector: Detector, options: ScanOptions, hub: EventHub) {
    self.detector = detector
    self.options = options
    self.hub = hub
  }

  /// An alarm for a new party.
  package var alarm: SequentialAlarm {
    let points = detector.models.map { options.alarmAt ?? detector.operatingPoints(of: $0).alarm }
    return SequentialAlarm(
      falseAlarmsPerCall: falseAlarmsPerCall, alarmPoint: points.min() ?? 0, leastSpeech: leastSpeechToAlarm)
  }
}

/// The screening of one party, as its worker does it.
final class PartyScreening {
  private let party: Party
  private let screening: Screening
  private let stream: Result<DetectorStream, ScreeningError>
  private var alarm: SequentialAlarm
  private var g722 = G722Decoder()
  private var state = PartyState()
  private var nextUpdate: Double
  private var late = 0
  private var missing = 0
  /// Why the party cannot be screened any further.
  private var failure: ScreeningError?

  init(_ party: Party, _ screening: Screening) {
    self.party = party
    self.screening = screening
    alarm = screening.alarm
    nextUpdate = screening.updateInterval
    do throws(ScreeningError) {
      stream = .success(try screening.detector.makeStream(sampleRate: party.identity.sampleRate, options: screening.options))
    } catch {
      stream = .failure(error)
    }
  }

  /// Hears what came, and tells what is new.
  func take(_ batch: Party.Batch) {
    late += batch.late
    do throws(ScreeningError) {
      // A party that failed stays so, until it ends.
      if let failure { throw failure }
      let stream = try stream.get()
      for audio in batch.audio { try hear(audio, by: stream) }
      if batch.isEnded {
        let result = try stream.finish()
        tell(stream.update, isLast: true)
        party.call.finish(
          party.identity.number, with: .success(result), duration: stream.update.time, missing: seconds(missing), late: seconds(late))
      } else {
        tellState()
      }
    } catch {
      failure = error
      // Nobody hears what came, nor what still comes.
      missing += batch.audio.reduce(0) { $0 + $1.count }
      guard batch.isEnded else { return }
      let time = state.update.time + seconds(missing) - state.missing
      party.call.finish(party.identity.number, with: .failure(error), duration: time, missing: seconds(missing), late: seconds(late))
    }
  }

  private func seconds(_ samples: Int) -> Double { Double(samples) / Double(party.identity.sampleRate) }

  private func hear(_ audio: Audio, by stream: DetectorStream) throws(ScreeningError) {
    switch audio {
    case .muLaw(let bytes): tell(try stream.append(muLaw: bytes))
    case .aLaw(let bytes): tell(try stream.append(aLaw: bytes))
    case .linear(let samples): tell(try stream.append(samples))
    case .g722(let bytes): tell(try stream.append(g722.decode(bytes)))
    case .missing(let count):
      missing += count
      tell(try stream.append(missing: count))
    }
  }

  /// Tells what cannot wait: stretches, and the alarm.
  private func tell(_ update: StreamUpdate, isLast: Bool = false) {
    state.update = update
    state.missing = seconds(missing)
    if update.isRevised { publish(.stretchesWithdrawn) }
    for stretch in update.closed {
      publish(
        .stretch,
        [
          ("start_s", .number(stretch.start, places: 2)), ("end_s", .number(stretch.end, places: 2)),
          ("llr", .number(stretch.llr, places: 3)),
          ("synthetic_probability", .number(stretch.syntheticProbability, places: 6)),
        ])
    }
    // Of a batch the alarm hears each part, but once the party has ended there is nobody left to be warned of.
    guard !isLast, let change = alarm.take(llr: update.llr, speech: update.speech) else { return }
    state.isAlarmed = alarm.isRaised
    publish(change == .raised ? .alarm : .alarmWithdrawn, state.members + [("alarm_llr", .number(alarm.point, places: 3))])
    party.call.note(state, of: party.identity.number, raised: change == .raised)
  }

  private func tellState() {
    party.call.note(state, of: party.identity.number)
    guard state.update.time >= nextUpdate else { return }
    let interval = screening.updateInterval
    nextUpdate = (state.update.time / interval).rounded(.down) * interval + interval
    publish(.update, state.members)
  }

  private func publish(_ kind: CallEvent.Kind, _ members: [(String, JSON)] = []) {
    screening.hub.publish(CallEvent(kind, party.call.identity, party: party.identity, members))
  }
}
