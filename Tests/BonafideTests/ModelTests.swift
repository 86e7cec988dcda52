import BonafideNetwork
import CDefaultModel
import Foundation
import Testing

@testable import Bonafide

@Suite struct ModelTests {
  private let weights, card: [UInt8]

  init() {
    let files = bonafide_narrowband_model()
    weights = Array(UnsafeBufferPointer(start: files.weights, count: files.weights_size))
    card = Array(UnsafeBufferPointer(start: files.card, count: files.card_size))
  }

  /// The default card, with `text` in the place of the first match of `pattern`.
  private func card(replacing pattern: String, with text: String) throws -> [UInt8] {
    var json = String(decoding: card, as: UTF8.self)
    let place = try #require(json.range(of: pattern, options: .regularExpression))
    json.replaceSubrange(place, with: text)
    return Array(json.utf8)
  }

  private func load(weights: [UInt8]? = nil, card: [UInt8]? = nil) throws(ModelError) -> Model {
    try Model(weights: FileBytes(weights ?? self.weights), path: "w.safetensors", card: card ?? self.card, cardPath: "w.json")
  }

  @Test func defaultModelLoads() throws {
    let model = try Model.narrowband
    #expect(model.card.architecture.type == "crnn")
    #expect(model.card.features.sampleRate == 8000)
    #expect(try Model.wideband.card.features.sampleRate == 16000)
  }

  /// The program takes the hash of the built-in weights from their card.
  @Test func builtInWeightsAreThoseOfTheirCards() throws {
    for (files, model) in [(bonafide_narrowband_model(), try Model.narrowband), (bonafide_wideband_model(), try Model.wideband)] {
      let weights = Array(UnsafeBufferPointer(start: files.weights, count: files.weights_size))
      #expect(model.sha256 == SHA256.hexDigest(of: weights))
    }
  }

  @Test func loadsFromFiles() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("m.safetensors", Data(weights))
    _ = try folder.write("m.json", Data(card))
    #expect(try Model(path: path).sha256 == Model.narrowband.sha256)
  }

  @Test func cardSurvivesEncoding() throws {
    let card = try Model.narrowband.card
    #expect(try JSONDecoder().decode(ModelCard.self, from: JSONEncoder().encode(card)) == card)
  }

  @Test func missingFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    #expect { try Model(path: "/nowhere/m.safetensors") } throws: { error in
      (error as? ModelError)?.code == .unreadable && "\(error)".contains("/nowhere/m.safetensors: no such file")
    }
    let path = try folder.write("m.safetensors", Data(weights))
    #expect { try Model(path: path) } throws: { error in
      (error as? ModelError)?.path.hasSuffix("m.json") == true
    }
    #expect { try Model(path: folder.write("m.onnx", Data(weights))) } throws: { error in
      "\(error)".contains(".safetensors")
    }
  }

  @Test func badCardsAreRefused() throws {
    let cards: [([UInt8], String)] = [
      ([], "not JSON"),
      (Array("[1]".utf8), "wrong type at the top level"),
      (Array("\u{0}\u{1}{".utf8), "not JSON"),
      (try card(replacing: #""hop": *80"#, with: #""hop": "eighty""#), "features.hop"),
      (try card(replacing: #""hop": *80"#, with: #""hop": 0"#), "hop 0 is not in"),
      (try card(replacing: #""slope": *[-0-9.e]+,"#, with: ""), "\"slope\" is missing at calibration"),
      (try card(replacing: #""half_speech_s": *[-0-9.e]+"#, with: #""half_speech_s": -1"#), "half_speech_s"),
      (try card(replacing: #""slope": *[-0-9.e]+"#, with: #""slope": 1e308"#), "slope"),
      (try card(replacing: #""alarm_llr": *[-0-9.e]+"#, with: #""alarm_llr": 9"#), "below clear_llr"),
      (try card(replacing: #""stretch_llr": *[-0-9.e]+"#, with: #""stretch_llr": 1"#), "stretch_llr"),
      (try card(replacing: #""crnn""#, with: #""transformer""#), "transformer"),
    ]
    for (card, message) in cards {
      #expect { try load(card: card) } throws: { error in
        (error as? ModelError)?.code == .badCard && "\(error)".contains(message) && !"\(error)".contains("\n")
      }
    }
  }

  @Test func weightsMustBeThoseOfTheCard() throws {
    var changed = weights
    changed[changed.count - 1] ^= 1
    for weights in [changed, [], Array(weights.dropLast())] {
      #expect { try load(weights: weights) } throws: { error in
        (error as? ModelError)?.code == .badWeights && "\(error)".contains("SHA-256")
      }
    }
  }

  @Test func brokenWeightsAreRefusedWhateverTheHash() throws {
    for count in [0, 7, 8, 100, 5000, weights.count - 4] {
      let cut = Array(weights.prefix(count))
      let card = try card(replacing: "[0-9a-f]{64}", with: SHA256.hexDigest(of: cut))
      #expect { try load(weights: cut, card: card) } throws: { ($0 as? ModelError)?.code == .badWeights }
    }
  }

  /// Digests by `sha256sum`.
  @Test(arguments: [
    (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
    (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
    (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
    (1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ])
  func sha256(count: Int, digest: String) {
    #expect(SHA256.hexDigest(of: [UInt8](repeating: UInt8(ascii: "a"), count: count)) == digest)
  }

  @Test func calibrationWeighsEvidence() {
    let calibration = Calibration(slope: 2, offset: 1, halfSpeech: 3)
    #expect(calibration.llr(raw: 4, speech: 3) == 4.5)
    #expect(calibration.llr(raw: 4, speech: 0) == 0)
    #expect(abs(calibration.llr(raw: 4, speech: 1e9) - 9) < 1e-6)
  }

  @Test func probabilityFollowsFromPrior() {
    #expect(abs(syntheticProbability(llr: 0, prior: 0.05) - 0.05) < 1e-12)
    #expect(abs(syntheticProbability(llr: -3, prior: 0.5) - 1 / (1 + exp(-3.0))) < 1e-12)
    #expect(syntheticProbability(llr: 5, prior: 0) == 0)
    #expect(syntheticProbability(llr: 5, prior: 1) == 1)
    #expect(syntheticProbability(llr: -1e6, prior: 0.01) == 1)
    #expect(syntheticProbability(llr: 1e6, prior: 0.99) == 0)
    #expect(syntheticProbability(llr: 0, prior: -3) == 0)
  }
}
