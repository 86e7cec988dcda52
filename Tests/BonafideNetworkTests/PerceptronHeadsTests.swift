import Testing

@testable import BonafideNetwork

/// Heads that hear different numbers of inputs.
struct PerceptronHeadsTests {
  /// Two heads of one unit a layer, of weight 1, on the first `widths` inputs; a mark of the first two.
  private func file(inputs: Int, widths: [Int]) throws -> SafetensorsFile {
    var builder = SafetensorsBuilder()
    builder.add("band.inputs.mean", shape: [inputs], values: [Float](repeating: 1, count: inputs))
    builder.add("band.inputs.scale", shape: [inputs], values: [Float](repeating: 2, count: inputs))
    for (head, width) in widths.enumerated() {
      for (layer, inputs) in [width, 1, 1].enumerated() {
        builder.add("band.heads.\(head).\(layer).weight", shape: [1, inputs], values: [Float](repeating: 1, count: inputs))
        builder.add("band.heads.\(head).\(layer).bias", shape: [1], values: [0])
      }
    }
    builder.add("band.coding.weight", shape: [2], values: [1, 1])
    builder.add("band.coding.bias", shape: [1], values: [0.5])
    return try SafetensorsFile(builder.bytes)
  }

  @Test func aHeadTakesTheFirstInputs() throws {
    func score(_ widths: [Int], _ values: [Float]) throws -> (mean: Float, mark: Float) {
      try PerceptronHeads(file(inputs: 4, widths: widths), name: "band", inputs: 5, marked: 2).score(values)
    }
    // Of so large sums GELU leaves what goes in: 2 · (x − 1), added up.
    let values: [Float] = [11, 21, 31, 41]
    #expect(try score([2], values).mean == 60)
    #expect(try score([4], values).mean == 200)
    #expect(try score([2, 4], values).mean == 130)
    #expect(try score([2, 4], values).mark == 60.5)
    #expect(try PerceptronHeads(file(inputs: 4, widths: [2]), name: "band", inputs: 5, marked: 2).inputs == 4)
  }

  @Test func inputsThatAreNotThere() throws {
    let few = try file(inputs: 4, widths: [2])
    #expect(throws: NetworkError.self) { try PerceptronHeads(few, name: "band", inputs: 3, marked: 2) }
    let wide = try file(inputs: 4, widths: [2, 5])
    #expect(throws: NetworkError.self) { try PerceptronHeads(wide, name: "band", inputs: 5, marked: 2) }
    #expect(throws: NetworkError.self) { try PerceptronHeads(few, name: "other", inputs: 4, marked: 2) }
  }
}
