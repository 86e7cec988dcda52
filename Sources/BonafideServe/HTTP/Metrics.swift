/// Counts and times in Prometheus' text format.
enum Metrics {
  static func text(_ calls: Calls, scans: Scans, connections: ConnectionCount) -> String {
    let (counts, all) = (calls.counts, calls.all)
    var text = ""
    func add(_ name: String, _ type: String, _ help: String, _ values: [(labels: String, value: String)]) {
      text += "# HELP bonafide_\(name) \(help)\n# TYPE bonafide_\(name) \(type)\n"
      for (labels, value) in values { text += "bonafide_\(name)\(labels) \(value)\n" }
    }
    add("calls", "gauge", "Calls under way.", [("", "\(all.count)")])
    add("parties", "gauge", "Parties of calls under way.", [("", "\(all.reduce(0) { $0 + $1.partyCount })")])
    add("connections", "gauge", "Connections that are open.", [("", "\(connections.current)")])
    add("connections_refused_total", "counter", "Connections that there was no room for, idle ones that made room included.", [("", "\(connections.refused)")])
    add("calls_started_total", "counter", "Calls begun.", [("", "\(counts.started)")])
    add("calls_ended_total", "counter", "Calls ended, by why.", CallEnd.allCases.map { ("{why=\"\($0.rawValue)\"}", "\(counts.ended[$0] ?? 0)") })
    add(
      "calls_refused_total", "counter", "Calls not taken, by why.",
      Refusal.allCases.map { ("{why=\"\($0.rawValue)\"}", "\(counts.refused[$0] ?? 0)") })
    add("alarms_total", "counter", "Alarms raised.", [("", "\(counts.alarms)")])
    add("missing_seconds_total", "counter", "Audio of ended calls that never came.", [("", "\(counts.missing)")])
    add("late_seconds_total", "counter", "Audio of ended calls that could not be heard in time.", [("", "\(counts.late)")])
    add(
      "datagrams_dropped_total", "counter", "Datagrams of RTP not taken, by why.",
      DroppedDatagram.allCases.map { ("{why=\"\($0.rawValue)\"}", "\(counts.dropped[$0] ?? 0)") })
    add("updates_dropped_total", "counter", "Updates that readers were too slow for.", [("", "\(calls.hub.dropped)")])
    let deliveries = calls.deliveries.map { (place: "{to=\"\($0.place)\"}", waiting: $0.queue.count, counts: $0.current) }
    if !deliveries.isEmpty {
      add("events_waiting", "gauge", "Events that wait, by where they go.", deliveries.map { ($0.place, "\($0.waiting)") })
      add("events_taken_total", "counter", "Events that are there.", deliveries.map { ($0.place, "\($0.counts.taken)") })
      add("events_failed_total", "counter", "Attempts that failed.", deliveries.map { ($0.place, "\($0.counts.failed)") })
      add("events_lost_total", "counter", "Events other than updates that were given up.", deliveries.map { ($0.place, "\($0.counts.lost)") })
    }
    let recordings = scans.counts
    add("scans", "gauge", "Recordings on their way, waiting and in work.", [("", "\(scans.count)")])
    add(
      "scans_total", "counter", "Recordings that came by HTTP, by what became of them.",
      [("screened", recordings.screened), ("failed", recordings.failed), ("cancelled", recordings.cancelled), ("refused", recordings.refused)].map {
        ("{outcome=\"\($0)\"}", "\($1)")
      })
    let lateness = calls.lateness
    var below = 0
    let buckets = zip(Histogram.bounds.map { "\($0)" } + ["+Inf"], lateness.counts).map { bound, count in
      below += count
      return ("_bucket{le=\"\(bound)\"}", "\(below)")
    }
    add(
      "update_lateness_seconds", "histogram", "From when audio came until it was heard.",
      buckets + [("_sum", "\(lateness.sum)"), ("_count", "\(lateness.count)")])
    return text
  }
}
