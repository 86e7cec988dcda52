import Bonafide
import BonafideServe
import BonafideWebhook
import Synchronization

/// Posts events to a webhook, until each is taken: alarms and what else is no update ahead of updates, of which only the last of a party waits.
final class LiveWebhook: Sendable {
  let delivery: Delivery
  private let webhook: Webhook
  private let thread: EventThread
  private let say: @Sendable (String) -> Void
  /// Events other than updates that are no longer in the queue, and not taken.
  private let held = Atomic(0)
  /// Of this run, in the names of messages.
  private let run = UInt64.random(in: 0...UInt64.max)

  /// Events other than updates that may wait; while more do new calls are refused.
  private static let mostWaiting = 10_000
  /// Of these, those that were not taken and wait to be posted again.
  private static let mostPostponed = 1000
  /// Times that an event is posted which the receiver refuses: for about ten minutes.
  private static let mostRefusals = 8
  /// That a receiver may ask to be left alone for, at most: an alarm waits as long.
  private static let longestWait = Duration.seconds(60)
  /// That nothing is posted for after an update that the receiver refuses.
  private static let refusedUpdatePause = Duration.milliseconds(500)

  /// An event on its way.
  private struct Message {
    let number: Int64
    let event: CallEvent
    var refusals = 0
  }

  /// - Parameter say: takes a line about what goes wrong.
  init(_ webhook: Webhook, say: @escaping @Sendable (String) -> Void) {
    self.webhook = webhook
    self.say = say
    thread = EventThread(limit: Self.mostWaiting)
    delivery = Delivery(to: "webhook", queue: thread.queue)
  }

  func start() throws(RunError) {
    if webhook.isOpen { say("--webhook: events can be read on the way; https is for that") }
    // Where there is no libcurl, it is told at once.
    _ = try connected()
    try thread.start { [self] thread in
      // It was there a moment ago.
      if var connection = try? connected() { post(over: &connection, thread) }
    }
  }

  private func connected() throws(RunError) -> WebhookConnection {
    do throws(WebhookError) {
      return try WebhookConnection(to: webhook, agent: "bonafide/\(Detector.version)")
    } catch {
      throw RunError(message: "--webhook \(error)")
    }
  }

  private func post(over connection: inout WebhookConnection, _ thread: EventThread) {
    var (schedule, postponed, number) = (DeliverySchedule(longestWait: Self.longestWait), [Message](), Int64(0))
    var hasRefusedUpdates = false
    while !thread.isAbandoned {
      var message: Message
      if let index = postponed.firstIndex(where: { schedule.isDue($0.number) }) {
        message = postponed.remove(at: index)
      } else if postponed.count >= Self.mostPostponed {
        thread.wait(wait(schedule))
        continue
      } else {
        switch thread.queue.takeNext() {
        case .event(let event):
          number += 1
          message = Message(number: number, event: event)
        case .closed where postponed.isEmpty: return
        case .closed, .nothing:
          thread.wait(postponed.isEmpty ? nil : wait(schedule))
          continue
        }
      }
      held.store(postponed.count + (message.event.kind == .update ? 0 : 1), ordering: .relaxed)
      do throws(WebhookFailure) {
        try connection.send(Array(message.event.text.utf8), id: name(of: message.number))
        delivery.noteTaken()
        if schedule.noteTaken(message.number) { say("--webhook: events are taken again") }
      } catch {
        delivery.noteFailed()
        if message.event.kind == .update, error.isRefusal {
          // There are receivers that want no updates: an alarm behind one is not to wait for it.
          if !hasRefusedUpdates { say("--webhook: update of \(message.event.call) \(error.reason)") }
          hasRefusedUpdates = true
          wait(Self.refusedUpdatePause, thread)
          held.store(postponed.count, ordering: .relaxed)
          continue
        }
        if error.isRefusal { message.refusals += 1 }
        let (pause, isNews) = schedule.noteFailure(error, of: message.number)
        let kind = message.event.kind
        if isNews { say("--webhook: \(kind.rawValue) of \(message.event.call) \(error.reason)") }
        if kind != .update, message.refusals < Self.mostRefusals {
          postponed.append(message)
        } else {
          // Of updates there is a newer one soon.
          if kind != .update { delivery.noteLost() }
          schedule.forget(allBut: Set(postponed.map(\.number)))
        }
        wait(pause, thread)
      }
      held.store(postponed.count, ordering: .relaxed)
    }
  }

  /// Until the next event is due.
  private func wait(_ schedule: DeliverySchedule) -> Duration {
    schedule.nextDue.map { max($0 - .now, .zero) } ?? .seconds(1)
  }

  /// Waits for a time, whatever comes.
  private func wait(_ time: Duration, _ thread: EventThread) {
    let end = ContinuousClock.now + time
    while !thread.isAbandoned, .now < end { thread.wait(min(end - .now, .milliseconds(200))) }
  }

  /// 32 hexadecimal digits, of this event alone.
  private func name(of number: Int64) -> String {
    [run, UInt64(number)].map { value in
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// Waits until all is taken.
  ///
  /// - Parameter seconds: at most so long.
  /// - Returns: what went wrong; `nil` where nothing did.
  func finish(within seconds: Int) -> String? {
    let isDone = thread.finish(within: seconds)
    // Where another is posted at this moment, it may be taken yet.
    let left = held.load(ordering: .relaxed) + (thread.queue.takeAll()?.count { $0.kind != .update } ?? 0)
    if !isDone { delivery.noteLost(left) }
    let lost = delivery.current.lost
    return lost > 0 ? "\(lost) \(lost == 1 ? "event was" : "events were") not taken by the webhook" : nil
  }
}
