import BonafideAudio
import BonafideNetwork
import CDefaultModel
import FoundationEssentials
import Glibc

/// The second stage of a detector: pre-trained encoders with heads of our own, which listen to windows of a party's speech that the first
/// stage found, and a rule that brings the scores of both stages together.
public struct SecondStage: Sendable {
  /// What is known of it beside its weights.
  public private(set) var card: SecondStageCard
  /// SHA-256 of the heads' weights, in lower-case hexadecimal digits.
  public let sha256: String
  let encoder: SpeechEncoder
  /// On the speech encoder's states.
  let narrowband: PerceptronHeads
  /// What wideband speech needs beside; its weights are read when there is some.
  private let beyond: Deferred<(spectra: SpectrumEncoder, heads: PerceptronHeads)>

  /// Hears phases, of wideband speech: what comes through a telephone line is told as well without.
  var spectra: SpectrumEncoder { beyond.value.spectra }
  /// On the states of both encoders.
  private var wideband: PerceptronHeads { beyond.value.heads }

  /// The built-in one.
  public static var builtIn: SecondStage {
    get throws(ModelError) { try loaded.get() }
  }

  private static let loaded = Result { () throws(ModelError) in try SecondStage.builtIn(.fastest) }

  static func builtIn(_ arithmetic: Arithmetic) throws(ModelError) -> SecondStage {
    let heads = bonafide_second_stage_model()
    return try SecondStage(
      encoder: FileBytes(weightsOf: bonafide_speech_encoder()), spectra: FileBytes(weightsOf: bonafide_spectrum_encoder()),
      heads: FileBytes(weightsOf: heads), card: FileBytes(cardOf: heads).copy(), arithmetic: arithmetic)
  }

  /// What is known of the built-in one; its weights are not read.
  public static var builtInCard: SecondStageCard {
    get throws(ModelError) { try card(FileBytes(cardOf: bonafide_second_stage_model()).copy()) }
  }

  private static func card(_ bytes: [UInt8]) throws(ModelError) -> SecondStageCard {
    do {
      return try JSONDecoder().decode(SecondStageCard.self, from: Data(bytes))
    } catch {
      throw ModelError(code: .badCard, path: name, message: "not a card of a second stage; build the program again")
    }
  }

  /// What errors call it.
  private static let name = "built-in second stage"

  /// Of files that were compiled in.
  private init(encoder: FileBytes, spectra: FileBytes, heads: FileBytes, card cardBytes: [UInt8], arithmetic: Arithmetic) throws(ModelError) {
    card = try Self.card(cardBytes)
    sha256 = card.weightsSHA256
    do {
      self.encoder = try SpeechEncoder(try SafetensorsFile(encoder), arithmetic: arithmetic)
      let heads = try SafetensorsFile(heads)
      let ofSpeech = self.encoder.statisticsCount
      narrowband = try PerceptronHeads(heads, name: "narrowband", inputs: ofSpeech)
      beyond = Deferred {
        do {
          let spectra = try SpectrumEncoder(try SafetensorsFile(spectra), arithmetic: arithmetic)
          return (spectra, try PerceptronHeads(heads, name: "wideband", inputs: ofSpeech + spectra.statisticsCount))
        } catch {
          preconditionFailure("\(Self.name): \(error)")
        }
      }
    } catch {
      throw ModelError(code: .badWeights, path: Self.name, message: "\(error)")
    }
  }

  /// Moves the log-likelihood ratios of a model's parties, and their alarm point; `false` where there is no fusion for it.
  mutating func move(_ model: String, by offset: Double, alarm: Double) -> Bool {
    guard card.fusions[model] != nil else { return false }
    card.fusions[model]?.shift += offset
    card.fusions[model]?.operatingPoints.alarm = alarm
    return true
  }

  /// What it says of a window.
  struct Answer: Sendable, Equatable {
    /// Higher for bona fide; 0 says nothing. It is no log-likelihood ratio yet.
    var score: Double
    /// How strongly the speech is coded, 0 to 1, as by a codec of a low rate or, of wideband speech, by G.722.
    var coded: Double
  }

  /// Log-odds of a codec that changes voices at which speech counts as coded altogether: `FULL` of `second_stage/coding.py`.
  private static let codedAltogether: Float = 10

  /// Listens to a window.
  ///
  /// - Parameters:
  ///   - sampleRate: of the window, in Hz.
  ///   - isWideband: whether the first stage's model of wideband speech judges the party.
  /// - Throws: when memory runs out, or the rate cannot be resampled.
  func answer(_ window: SpeechWindow, sampleRate: Int, isWideband: Bool) throws(ScreeningError) -> Answer {
    var samples = try Self.resampled(window.samples, from: sampleRate)
    let (unit, states) = (EncoderSpectrogram.hop * SpeechEncoder.framesPerState, min(2 * window.speech.count, encoder.longest))
    let count = states * unit
    if samples.count < count { samples += [Float](repeating: 0, count: count - samples.count) }
    samples.removeSubrange(count...)
    let mask = SpeechMask.of(samples, unit: unit, speech: (0..<states).map { window.speech[$0 / 2] })
    Self.level(&samples, unit: unit, mask: mask)
    let statistics = try ScreeningError.wrapping { () throws(FeatureError) in
      var mel = try EncoderSpectrogram()
      let statistics = encoder.statistics(of: mel.features(of: samples), mask: mask)
      return isWideband ? statistics + spectra.statistics(of: try CompressedSpectrogram().values(of: samples), mask: mask) : statistics
    }
    return answer(statistics, isWideband: isWideband)
  }

  /// What it says of a window's statistics, of the speech encoder or of both.
  func answer(_ statistics: [Float], isWideband: Bool) -> Answer {
    let heads = isWideband ? wideband : narrowband
    let (mean, mark) = heads.score(Array(statistics.prefix(heads.inputs)))
    return Answer(score: Double(mean), coded: Double(min(max(mark, 0), Self.codedAltogether) / Self.codedAltogether))
  }

  private static func resampled(_ samples: [Float], from rate: Int) throws(ScreeningError) -> [Float] {
    guard rate != EncoderSpectrogram.sampleRate else { return samples }
    return try ScreeningError.wrapping { () throws(AudioError) in
      var resampler = try Resampler(from: rate, to: EncoderSpectrogram.sampleRate)
      var output: [Float] = []
      resampler.process(samples.span, appendingTo: &output)
      resampler.finish(appendingTo: &output)
      return output
    }
  }

  /// RMS of the speech that the encoders are given: −26 dB of full scale.
  private static let loudness: Float = 0.0501187

  /// Brings the speech of a window to `loudness`.
  private static func level(_ samples: inout [Float], unit: Int, mask: [Bool]) {
    var (sum, count) = (0.0, 0)
    for (state, isSpeech) in mask.enumerated() where isSpeech {
      for sample in samples[state * unit..<(state + 1) * unit] { sum += Double(sample * sample) }
      count += unit
    }
    guard count > 0, sum > 0 else { return }
    let gain = loudness / (Float((sum / Double(count)).squareRoot()) + 1e-7)
    for index in samples.indices { samples[index] *= gain }
  }
}

/// What is known of a second stage beside its weights: `Models/second.json`.
public struct SecondStageCard: Codable, Sendable, Equatable {
  /// From the scores of both stages to a log-likelihood ratio.
  ///
  /// x = first · f + second · s + offset, where f is the log-likelihood ratio by the first stage alone and s the mean score of the windows. Each
  /// of the three is c₀ + c₁ t + c₂ n, with d seconds of speech and a signal-to-noise ratio of q dB, within `seconds` and `signalToNoise`:
  /// t = ln(d / 4), n = (q − greatest q) / 10. What a party's speech says weighs more the longer it is, as evidence does, and less in noise. The
  /// coefficients were fitted by logistic regression. llr = x; where x < 0, llr = x / (1 + coding · c), with c from 0 to 1, how strongly the speech is
  /// coded: codecs of low rates, and G.722, make some people sound synthetic. A site's profile moves llr.
  public struct Fusion: Codable, Sendable, Equatable {
    /// Of the log-likelihood ratio by the first stage alone.
    public var first: [Double]
    /// Of the second stage's mean score.
    public var second: [Double]
    /// LLR of scores of zero.
    public var offset: [Double]
    /// How much less evidence for a synthetic voice counts where its speech is coded altogether.
    public var coding: Double
    /// Added in the end, as a site's profile asks; not in the card.
    var shift = 0.0
    /// Least and most seconds of speech that count.
    public var seconds: [Double]
    /// Least and greatest signal-to-noise ratio that counts, in dB.
    public var signalToNoise: [Double]
    /// Where verdicts change.
    public var operatingPoints: ModelCard.OperatingPoints
    /// Median LLR of the genuine parties of the development data.
    public var genuineMedian: Double?

    enum CodingKeys: String, CodingKey {
      case first, second, offset, coding, seconds
      case operatingPoints = "operating_points"
      case genuineMedian = "genuine_median"
      case signalToNoise = "snr_db"
    }

    /// The log-likelihood ratio, natural log, positive for bona fide.
    ///
    /// - Parameters:
    ///   - speech: in seconds.
    ///   - ratio: of signal to noise, in dB; `nil` where it is not known: as without noise.
    ///   - coded: how strongly the speech is coded, 0 to 1.
    public func llr(first f: Double, second s: Double, speech: Double, signalToNoise ratio: Double?, coded: Double) -> Double {
      let t = log(min(max(speech, seconds[0]), seconds[1]) / 4)
      let n = ratio.map { (min(max($0, signalToNoise[0]), signalToNoise[1]) - signalToNoise[1]) / 10 } ?? 0
      func value(_ c: [Double]) -> Double { c[0] + c[1] * t + c[2] * n }
      let x = max(0, value(first)) * f + max(0, value(second)) * s + value(offset)
      return shift + (x < 0 ? x / (1 + coding * coded) : x)
    }
  }

  /// Such as `second`.
  public var name: String
  /// Of the heads' weights.
  public var version: String
  /// By the name of the first stage's model.
  public var fusions: [String: Fusion]
  /// Counts of the training data, as the trainer wrote them.
  public var training: [String: JSONValue]
  /// Measurements on development data, as the trainer wrote them.
  public var metrics: [String: JSONValue]
  /// SHA-256 of both encoders' and of the heads' weights files, in lower-case hexadecimal digits.
  public var encoderSHA256, spectraSHA256, weightsSHA256: String

  enum CodingKeys: String, CodingKey {
    case name, version, fusions, training, metrics
    case encoderSHA256 = "encoder_sha256"
    case spectraSHA256 = "spectra_sha256"
    case weightsSHA256 = "safetensors_sha256"
  }
}
