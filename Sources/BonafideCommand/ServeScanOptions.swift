import ArgumentParser
import BonafideServe

/// How many recordings a live host screens beside calls.
struct ServeScanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Recordings of POST /v1/scan at once, on their way, in work and waiting; more are refused, and none is taken with 0.", valueName: "number"))
  var maxScans = 16

  @Option(help: ArgumentHelp("Megabytes of a recording of POST /v1/scan.", valueName: "megabytes"))
  var maxScanSize = 512

  func validate() throws {
    try check((0...10_000).contains(maxScans), "--max-scans is a number from 0 to 10000.")
    try check((1...1_000_000).contains(maxScanSize), "--max-scan-size is a number of megabytes from 1 to 1000000.")
  }

  /// - Parameter threads: that screen calls.
  func limits(threads: Int) -> Scans.Limits {
    var limits = Scans.Limits()
    limits.most = maxScans
    limits.mostBytes = maxScanSize << 20
    // They stand back for calls, but memory and caches are shared.
    limits.threads = max(1, threads / 2)
    return limits
  }
}
