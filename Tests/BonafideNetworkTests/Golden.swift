import Foundation
import Testing

@testable import BonafideNetwork

/// PyTorch's inputs, weights and outputs.
struct Golden {
  static let command = "PyTorch and Swift differ. If networks.py changed: python -m bonafide_models.golden.network"

  let file: SafetensorsFile

  /// - Parameter name: of a file in the folder Golden.
  init(_ name: String) throws {
    file = try SafetensorsFile(try Self.bytes(name))
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    let url = try #require(Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Golden"))
    return [UInt8](try Data(contentsOf: url))
  }

  func tensor(_ name: String) throws -> Tensor {
    try #require(file.tensor(named: name), "no tensor \(name). \(Self.command)")
  }

  func values(_ name: String) throws -> [Float] { try tensor(name).values }
}

/// Greatest difference of two lists of numbers; infinite when there are not as many in both, or one is not a number.
func distance(_ first: [Float], _ second: [Float]) -> Float {
  guard first.count == second.count else { return .infinity }
  return zip(first, second).reduce(0) { greatest, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? .infinity : max(greatest, difference)
  }
}
