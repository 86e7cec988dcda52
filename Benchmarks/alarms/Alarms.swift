import Bonafide
import BonafideAudio
import BonafideServe
import Foundation

/// How often the alarm of `bonafide serve` is raised about genuine and synthetic parties, and when: docs/live.md.
///
///     bonafide-alarms FOLDER [--fast]
///
/// FOLDER is what bonafide_models.evaluation.calls wrote. Each party goes through a stream in packets of 20 ms, as a live call does, and each
/// update through alarms of several rates.
@main
struct Alarms {
  private nonisolated static let rates = [0.05, 0.02, 0.01, 0.005, 0.001]

  /// A party of a call, as the table has it.
  private struct Party: Sendable {
    var path: String
    var channel: Int
    var kind: String
  }

  /// When, if at all, an alarm was raised.
  private struct Outcome: Sendable {
    var kind: String
    /// Seconds of the call, and of the party's speech, by rate; `nil` where no alarm was raised.
    var alarms: [(time: Double, speech: Double)?]
    var isFlagged: Bool
  }

  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard let folder = arguments.first(where: { !$0.hasPrefix("-") }) else {
      print("usage: bonafide-alarms FOLDER [--fast]; FOLDER is what bonafide_models.evaluation.calls wrote")
      exit(64)
    }
    let detector = try arguments.contains("--fast") ? Detector.builtInFast : Detector.default
    let parties = try parties(in: folder)
    report(try await outcomes(of: parties, by: detector))
  }

  /// Parties on as many threads as there are processors.
  private nonisolated static func outcomes(of parties: [Party], by detector: Detector) async throws -> [Outcome] {
    let threads = ProcessInfo.processInfo.activeProcessorCount
    return try await withThrowingTaskGroup(of: [Outcome].self) { group in
      for first in 0..<threads {
        group.addTask { try stride(from: first, to: parties.count, by: threads).map { try listen(to: parties[$0], by: detector) } }
      }
      var all: [Outcome] = []
      for try await outcomes in group { all += outcomes }
      return all
    }
  }

  private static func parties(in folder: String) throws -> [Party] {
    let rows = try String(contentsOfFile: folder + "/protocol.tsv", encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) } }
    guard let names = rows.first, let file = names.firstIndex(of: "file"), let channel = names.firstIndex(of: "channel"),
      let kind = names.firstIndex(of: "kind")
    else {
      print("\(folder)/protocol.tsv: has no columns file, channel and kind")
      exit(2)
    }
    return rows.dropFirst().map { Party(path: folder + "/" + $0[file], channel: Int($0[channel]) ?? 1, kind: $0[kind]) }
  }

  private nonisolated static func listen(to party: Party, by detector: Detector) throws -> Outcome {
    var reader = try AudioReader(path: party.path)
    let (rate, channels) = (reader.format.sampleRate, reader.format.channelCount)
    let stream = try detector.makeStream(sampleRate: rate)
    let point = detector.models.map { detector.operatingPoints(of: $0).alarm }.min() ?? 0
    var alarms = rates.map { SequentialAlarm(falseAlarmsPerCall: $0, alarmPoint: point, leastSpeech: 3) }
    var outcome = Outcome(kind: party.kind, alarms: rates.map { _ in nil }, isFlagged: false)
    var block: [Float] = []
    while case let frames = try reader.read(into: &block, frames: rate / 50), frames > 0 {
      let update = try stream.append((0..<frames).map { block[$0 * channels + party.channel - 1] })
      for index in rates.indices where alarms[index].take(llr: update.llr, speech: update.speech) == .raised {
        outcome.alarms[index] = outcome.alarms[index] ?? (update.time, update.speech)
      }
    }
    outcome.isFlagged = try stream.finish().verdict == .synthetic
    return outcome
  }

  private static func report(_ outcomes: [Outcome]) {
    for kind in ["genuine", "synthetic", "spliced"] {
      let all = outcomes.filter { $0.kind == kind }
      guard !all.isEmpty else { continue }
      print("\(kind): \(all.count) parties, \(all.count(where: \.isFlagged)) synthetic by the final verdict")
      for (index, rate) in rates.enumerated() {
        let raised = all.compactMap { $0.alarms[index] }
        func quantiles(_ values: [Double]) -> String {
          let sorted = values.sorted()
          guard !sorted.isEmpty else { return "–" }
          return [0.5, 0.9].map { String(Int(sorted[min(sorted.count - 1, Int(Double(sorted.count) * $0))].rounded())) }.joined(separator: " / ")
        }
        print(
          "  at \(rate * 100) %: \(raised.count) alarmed (\(Int((1000 * Double(raised.count) / Double(all.count)).rounded())) in 1000); 50 % / 90 % of these "
            + "after \(quantiles(raised.map(\.time))) s of call, \(quantiles(raised.map(\.speech))) s of speech")
      }
    }
  }
}
