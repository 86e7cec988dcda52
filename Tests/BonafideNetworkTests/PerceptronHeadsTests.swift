import Testing

@testable import BonafideNetwork

struct PerceptronHeadsTests {
  /// Heads of one unit a layer, of these weights, on `widths` inputs; a mark of as many as there are of its weights.
  private func file(inputs: Int, widths: [Int], mark: [Float] = [1, 1, 0, 0]) throws -> SafetensorsFile {
    var builder = SafetensorsBuilder()
    builder.add("band.inputs.mean", shape: [inputs], values: [Float](repeating: 1, count: inputs))
    builder.add("band.inputs.scale", shape: [inputs], values: [Float](repeating: 2, count: inputs))
    for (head, width) in widths.enumerated() {
      for (layer, inputs) in [width, 1, 1].enumerated() {
        builder.add("band.heads.\(head).\(layer).weight", shape: [1, inputs], values: [Float](repeating: Float(head + 1), count: inputs))
        builder.add("band.heads.\(head).\(layer).bias", shape: [1], values: [0])
      }
    }
    builder.add("band.coding.weight", shape: [mark.count], values: mark)
    builder.add("band.coding.bias", shape: [1], values: [0.5])
    return try SafetensorsFile(builder.bytes)
  }

  @Test func theMeanOfTheHeadsCounts() throws {
    func score(_ widths: [Int], _ values: [Float]) throws -> (mean: Float, mark: Float) {
      try PerceptronHeads(file(inputs: 4, widths: widths), name: "band", inputs: 4).score(values)
    }
    // Of so large sums GELU leaves what goes in: 2 · (x − 1), added up; the second head's weights are 2.
    let values: [Float] = [11, 21, 31, 41]
    #expect(try score([4], values).mean == 200)
    #expect(try score([4, 4], values).mean == 900)
    #expect(try score([4, 4], values).mark == 60.5)
  }

  @Test func inputsThatAreNotThere() throws {
    let heads = try file(inputs: 4, widths: [4])
    for inputs in [3, 5] {
      #expect(throws: NetworkError.self) { try PerceptronHeads(heads, name: "band", inputs: inputs) }
    }
    let narrow = try file(inputs: 4, widths: [4, 3])
    #expect(throws: NetworkError.self) { try PerceptronHeads(narrow, name: "band", inputs: 4) }
    let unmarked = try file(inputs: 4, widths: [4], mark: [1, 1])
    #expect(throws: NetworkError.self) { try PerceptronHeads(unmarked, name: "band", inputs: 4) }
    #expect(throws: NetworkError.self) { try PerceptronHeads(heads, name: "other", inputs: 4) }
  }
}
