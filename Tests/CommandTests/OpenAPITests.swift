import Bonafide
import Foundation
import Testing

/// `docs/openapi.json`, which `bonafide serve` answers with.
@Suite struct OpenAPITests {
  private func document(_ name: String) throws -> [String: JSONValue] {
    let data = try Data(contentsOf: packageFolder.appending(path: "docs/\(name)"))
    return try #require(JSONDecoder().decode(JSONValue.self, from: data).members)
  }

  /// A schema with its references as those of an OpenAPI document.
  private func moved(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let values): .array(values.map(moved))
    case .object(let members):
      .object(
        Dictionary(
          uniqueKeysWithValues: members.map { name, member in
            if name == "$ref", case .string(let text) = member {
              (name, .string(text.replacingOccurrences(of: "#/$defs/", with: "#/components/schemas/")))
            } else {
              (name, moved(member))
            }
          }))
    default: value
    }
  }

  @Test func itsSchemasAreThoseOfReportsAndEvents() throws {
    let schemas = try #require(document("openapi.json")["components"]?.members?["schemas"]?.members)
    for (name, leftOut) in [("bonafide.scan-2.schema.json", ["line"]), ("bonafide.live-1.schema.json", [])] {
      let definitions = try #require(document(name)["$defs"]?.members)
      #expect(definitions.count > 5)
      for (key, schema) in definitions where !leftOut.contains(key) { #expect(schemas[key] == moved(schema), "\(name): \(key)") }
    }
  }
}

extension JSONValue {
  fileprivate var members: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
}
