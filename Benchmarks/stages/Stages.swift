import Bonafide
import BonafideAudio
import BonafideNetwork

/// Times each step of a scan by itself, on one thread, and writes a line a step: `bonafide-stages FILE [ROUNDS]`.
///
/// FILE is a mono recording of some minutes at 8 kHz. Each round runs all steps in turn, so that a change of the machine's
/// pace meets them all; the median of the rounds is written, in nanoseconds per second of audio.
@main
struct Stages {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 2 else { throw UsageError() }
    let rounds = arguments.count > 2 ? Int(arguments[2]) ?? 7 : 7
    var stages = try Self.stages(path: arguments[1])
    for _ in 0..<max(rounds, 1) {
      for index in stages.indices { try stages[index].run() }
    }
    print("stage\tns_per_audio_second\ttimes_real_time\tgflop_per_s")
    for stage in stages { print(stage.row) }
  }

  private static func stages(path: String) throws -> [Stage] {
    let samples = try decoded(path)
    let seconds = Double(samples.count) / 8000
    let model = try Model.narrowband
    let settings = model.card.features
    var oneWindow = settings
    oneWindow.furtherWindows = nil
    oneWindow.envelope = nil
    var features: [Float] = []
    try Self.features(of: samples, settings) { features += $0 }
    let work =
      Double(model.network.configuration.operationsPerScore) * Double(settings.sampleRate)
      / Double(CRNN.framesPerScore * settings.hop)
    let wide = try resampled(samples, from: 8000, to: 16000)

    return [
      Stage("decode", seconds) { _ = try decoded(path) },
      Stage("resample 16 to 8 kHz", seconds) { _ = try resampled(wide, from: 16000, to: 8000) },
      Stage("mel, one window", seconds) { [oneWindow] in try Self.features(of: samples, oneWindow) { _ in } },
      Stage("features, all", seconds) { try Self.features(of: samples, settings) { _ in } },
      Stage("network", seconds, operationsPerSecond: work) { [features] in
        var stream = CRNNStream(model.network)
        var outputs: [FrameOutput] = []
        stream.append(features, into: &outputs)
        stream.finish(into: &outputs)
      },
    ] + layers(of: model) + [
      Stage("all, in memory", seconds) { _ = try Detector.builtInFast.score(samples, sampleRate: 8000) }
    ]
  }

  /// The layers one by one, each over and over on a block that stays in the caches as far as it fits.
  private static func layers(of model: Model) -> [Stage] {
    let settings = model.card.features
    let scoresPerSecond = Double(settings.sampleRate) / Double(CRNN.framesPerScore * settings.hop)
    let runs = 20
    return model.network.layerRuns.map { layer in
      Stage(
        "  " + layer.name, Double(runs * CRNN.scoresPerRun) / scoresPerSecond,
        operationsPerSecond: Double(layer.operationsPerScore) * scoresPerSecond
      ) {
        for _ in 0..<runs { layer.run() }
      }
    }
  }

  private static func decoded(_ path: String) throws -> [Float] {
    var reader = try AudioReader(path: path)
    guard reader.format.channelCount == 1, reader.format.sampleRate == 8000 else { throw UsageError() }
    var samples: [Float] = []
    var block: [Float] = []
    while true {
      let frames = try reader.read(into: &block, frames: 8000)
      if frames == 0 { return samples }
      samples.append(contentsOf: block[..<frames])
    }
  }

  private static func resampled(_ samples: [Float], from source: Int, to target: Int) throws -> [Float] {
    var resampler = try Resampler(from: source, to: target)
    var output: [Float] = []
    resampler.process(samples.span, appendingTo: &output)
    resampler.finish(appendingTo: &output)
    return output
  }

  /// - Parameter take: gets the features of each second, whose memory is used again for the next, as in a scan.
  private static func features(of samples: [Float], _ settings: FeatureSettings, _ take: ([Float]) -> Void) throws {
    var logMel = try LogMel(settings)
    var features: [Float] = []
    var energies: [Float?] = []
    var start = 0
    while start < samples.count {
      let end = min(start + 8000, samples.count)
      features.removeAll(keepingCapacity: true)
      energies.removeAll(keepingCapacity: true)
      logMel.append(Array(samples[start..<end]), into: &features, energies: &energies)
      take(features)
      start = end
    }
    features.removeAll(keepingCapacity: true)
    logMel.finish(into: &features, energies: &energies)
    take(features)
  }
}

struct UsageError: Error, CustomStringConvertible {
  let description = "usage: bonafide-stages FILE [ROUNDS]; FILE is mono, 8 kHz"
}

/// A step, and how long it took each time.
struct Stage {
  let name: String
  /// Of audio that it works on.
  let seconds: Double
  /// Floating-point operations per second of audio, as the layers' shapes say; 0 where nobody counted.
  let operationsPerSecond: Double
  private let body: () throws -> Void
  private var times: [Duration] = []

  init(_ name: String, _ seconds: Double, operationsPerSecond: Double = 0, _ body: @escaping () throws -> Void) {
    self.name = name
    self.seconds = seconds
    self.operationsPerSecond = operationsPerSecond
    self.body = body
  }

  mutating func run() throws {
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    times.append(clock.now - start)
  }

  var row: String {
    let median = times.sorted()[times.count / 2] / Duration.seconds(1)
    let rate = operationsPerSecond * seconds / median / 1e9
    return "\(name)\t\(Int(median / seconds * 1e9))\t\(Int(seconds / median))\t\(rate > 0 ? "\(Int(rate))" : "")"
  }
}
