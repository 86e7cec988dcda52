import Foundation
import Testing

@testable import BonafideEvaluation

/// A file of Fixtures.
func fixture<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
  return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

/// A protocol of our form.
func list(_ rows: [String], header: String = "file\tlabel\tsystem\tkind\tspeaker\tsource\tsplit") throws -> TrialList {
  try TrialList(parsing: ([header] + rows).joined(separator: "\n") + "\n", path: "table.tsv")
}

/// The error of `body`, which must throw one.
func failure<Value>(_ body: () throws(EvaluationError) -> Value, sourceLocation: SourceLocation = #_sourceLocation) -> String {
  do {
    _ = try body()
  } catch {
    return "\(error)"
  }
  Issue.record("no error", sourceLocation: sourceLocation)
  return ""
}

func isClose(_ a: Double?, _ b: Double?, within tolerance: Double = 1e-9) -> Bool {
  switch (a, b) {
  case (nil, nil): true
  case (let a?, let b?): a == b || abs(a - b) <= tolerance
  default: false
  }
}
