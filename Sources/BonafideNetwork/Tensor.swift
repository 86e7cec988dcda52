/// An array of 32-bit floats with a shape; the last dimension changes fastest.
public struct Tensor: Sendable, Equatable {
  /// Sizes of the dimensions; empty for a single number.
  public let shape: [Int]
  /// As many values as the product of `shape`.
  public let values: [Float]

  /// - Returns: `nil` when the number of values is not the product of `shape`.
  public init?(shape: [Int], values: [Float]) {
    guard Self.count(of: shape) == values.count else { return nil }
    self.shape = shape
    self.values = values
  }

  /// Whether all values are numbers.
  var isFinite: Bool { values.areFinite }

  /// The product of the sizes; `nil` where one is negative or the product does not fit in an `Int`.
  static func count(of shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if size < 0 || overflow { return nil }
      count = product
    }
    return count
  }
}

extension [Float] {
  /// Whether all are numbers; looks at all of them, several at once.
  var areFinite: Bool {
    var found = false
    for value in self { found = value.exponentBitPattern == 0xFF || found }
    return !found
  }
}
