import Testing

@testable import BonafideAudio

struct ResamplerTests {
  private func resample(_ input: [Float], from source: Int, to target: Int, block: Int = .max, isPrompt: Bool = false) throws -> [Float] {
    var resampler = try Resampler(from: source, to: target, isPrompt: isPrompt)
    var output: [Float] = []
    var start = 0
    while start < input.count {
      let end = start + min(block, input.count - start)
      input[start..<end].withUnsafeBufferPointer { resampler.process($0, appendingTo: &output) }
      start = end
    }
    resampler.finish(appendingTo: &output)
    return output
  }

  @Test(arguments: [6_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
  func passesSpeechAndKeepsTheLength(_ rate: Int) throws {
    for frequency in [100.0, 1_000, 2_600] {
      let input = sine(cycles: frequency / Double(rate), count: 2 * rate)
      let output = try resample(input, from: rate, to: 8_000)
      #expect(abs(output.count - 16_000) <= 1)
      let (amplitude, rest) = tone(cycles: frequency / 8_000, in: output[4_000..<12_000])
      #expect(abs(amplitude - 0.5) < 0.001)
      #expect(rest < 0.000_1)
    }
  }

  /// The short transforms of prompt resampling filter as well.
  @Test(arguments: [6_000, 11_025, 12_345, 16_000, 44_100, 48_000, 192_000])
  func promptSamplesAreTheSameAndComeSoon(_ rate: Int) throws {
    let input = (0..<rate).map { Float(Int16(truncatingIfNeeded: $0 &* 7_919)) / 32_768 }
    let expected = try resample(input, from: rate, to: 8_000)
    let prompt = try resample(input, from: rate, to: 8_000, isPrompt: true)
    #expect(prompt.count == expected.count)
    #expect(zip(prompt, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(try resample(input, from: rate, to: 8_000, block: 33, isPrompt: true) == prompt)

    var resampler = try Resampler(from: rate, to: 8_000, isPrompt: true)
    var output: [Float] = []
    for packet in 0..<50 {
      resampler.process(input[packet * rate / 50..<(packet + 1) * rate / 50].span, appendingTo: &output)
      #expect(output.count >= 160 * (packet + 1) - 600)
    }
  }

  @Test func passesTheTopOfTheBand() throws {
    let output = try resample(sine(cycles: 3_600 / 16_000, count: 32_000), from: 16_000, to: 8_000)
    #expect(abs(tone(cycles: 0.45, in: output[4_000..<12_000]).amplitude - 0.5) < 0.005)
  }

  @Test(arguments: [(4_400.0, 16_000), (7_000, 16_000), (5_000, 44_100), (15_000, 48_000), (60_000, 192_000)])
  func suppressesAliases(_ frequency: Double, rate: Int) throws {
    let output = try resample(sine(cycles: frequency / Double(rate), count: 2 * rate), from: rate, to: 8_000)
    // 100 dB below.
    #expect(output[4_000..<12_000].allSatisfy { abs($0) < 0.000_005 })
  }

  @Test func keepsTime() throws {
    var input = [Float](repeating: 0, count: 48_000)
    input[24_000] = 1
    let output = try resample(input, from: 48_000, to: 8_000)
    let peak = output.indices.max { output[$0] < output[$1] }
    #expect(peak == 4_000)
  }

  @Test(arguments: [1, 7, 160, 4_096, 30_000])
  func doesNotDependOnBlocks(_ block: Int) throws {
    let input = (0..<44_100).map { Float(Int16(truncatingIfNeeded: $0 &* 7_919)) / 32_768 }
    let whole = try resample(input, from: 44_100, to: 8_000)
    #expect(try resample(input, from: 44_100, to: 8_000, block: block) == whole)
  }

  @Test func passesEqualRates() throws {
    let input: [Float] = [0.1, 0.2, 0.3]
    #expect(try resample(input, from: 8_000, to: 8_000, block: 2) == input)
  }

  @Test func takesSpans() throws {
    let input = sine(cycles: 0.01, count: 1_000)
    var resampler = try Resampler(from: 16_000, to: 8_000)
    var output: [Float] = []
    resampler.process(input.span, appendingTo: &output)
    resampler.finish(appendingTo: &output)
    #expect(try resample(input, from: 16_000, to: 8_000) == output)
  }

  @Test func takesLittle() throws {
    #expect(try resample([], from: 16_000, to: 8_000).isEmpty)
    #expect(try resample([0.5], from: 16_000, to: 8_000).count <= 1)
    #expect(try resample([0.5], from: 8_000, to: 16_000).count == 2)
  }

  @Test(arguments: [(0, 8_000), (8_000, 0), (-1, 8_000), (5_999, 8_000), (8_000, 192_001), (Int.max, Int.min)])
  func refusesRates(_ source: Int, target: Int) {
    let error = #expect(throws: AudioError.self) { _ = try Resampler(from: source, to: target) }
    #expect(error?.code == .unsupportedRate)
  }
}
