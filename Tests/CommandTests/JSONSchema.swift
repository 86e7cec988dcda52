import Bonafide
import Foundation
import Testing

/// A validator of the part of JSON Schema that the schemas in `docs/` use; a keyword that it does not know
/// is a fault of its own, so that none is passed over.
struct JSONSchema {
  private let root: JSONValue

  init(_ data: Data) throws {
    root = try JSONDecoder().decode(JSONValue.self, from: data)
  }

  /// The schema of reports.
  static func ofReports() throws -> JSONSchema {
    try JSONSchema(Data(contentsOf: packageFolder.appending(path: "docs/bonafide.scan-2.schema.json")))
  }

  /// The schema of evaluations.
  static func ofEvaluations() throws -> JSONSchema {
    try JSONSchema(Data(contentsOf: packageFolder.appending(path: "docs/bonafide.evaluation-1.schema.json")))
  }

  /// What is wrong with a value, a line each.
  ///
  /// - Parameter definition: the name in `$defs` of what it should be; `nil` is the schema itself.
  func faults(in value: JSONValue, as definition: String? = nil) -> [String] {
    guard let definition else { return faults(in: value, schema: root, at: "$") }
    return faults(in: value, schema: .object(["$ref": .string("#/$defs/\(definition)")]), at: "$")
  }

  func faults(in text: some StringProtocol, as definition: String? = nil) throws -> [String] {
    faults(in: try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)), as: definition)
  }

  private func faults(in value: JSONValue, schema: JSONValue, at place: String) -> [String] {
    guard case .object(let keywords) = schema else { return ["\(place): a schema is no object"] }
    return keywords.sorted { $0.key < $1.key }.flatMap { keyword, argument -> [String] in
      switch (keyword, argument) {
      case ("$schema", _), ("$id", _), ("$defs", _), ("title", _), ("description", _):
        return []
      case ("$ref", .string(let reference)):
        let name = reference.replacing("#/$defs/", with: "")
        guard case .object(let members) = root, case .object(let definitions) = members["$defs"],
          let definition = definitions[name]
        else { return ["\(place): \(reference) is not defined"] }
        return faults(in: value, schema: definition, at: place)
      case ("oneOf", .array(let schemas)):
        let all = schemas.map { faults(in: value, schema: $0, at: place) }
        return all.count(where: \.isEmpty) == 1 ? [] : ["\(place): not one of \(schemas.count) schemas"] + all.joined()
      case ("const", let expected):
        return value == expected ? [] : ["\(place): \(value) is not \(expected)"]
      case ("enum", .array(let values)):
        return values.contains(value) ? [] : ["\(place): \(value) is not one of \(values)"]
      case ("type", .string(let type)):
        return isOf(type, value) ? [] : ["\(place): \(value) is no \(type)"]
      case ("type", .array(let types)):
        let fits = types.contains { if case .string(let type) = $0 { isOf(type, value) } else { false } }
        return fits ? [] : ["\(place): \(value) is none of \(types)"]
      case ("properties", .object(let schemas)):
        guard case .object(let members) = value else { return [] }
        return schemas.flatMap { name, schema in
          members[name].map { faults(in: $0, schema: schema, at: "\(place).\(name)") } ?? []
        }
      case ("required", .array(let names)):
        guard case .object(let members) = value else { return [] }
        return names.compactMap { name in
          if case .string(let name) = name, members[name] != nil { nil } else { "\(place): \(name) is missing" }
        }
      case ("additionalProperties", .bool(false)):
        guard case .object(let members) = value, case .object(let known) = keywords["properties"] else { return [] }
        return members.keys.filter { known[$0] == nil }.map { "\(place): \($0) is not known" }
      case ("additionalProperties", let schema):
        guard case .object(let members) = value, keywords["properties"] == nil else { return [] }
        return members.flatMap { name, value in faults(in: value, schema: schema, at: "\(place).\(name)") }
      case ("items", let schema):
        guard case .array(let values) = value else { return [] }
        return values.enumerated().flatMap { faults(in: $1, schema: schema, at: "\(place)[\($0)]") }
      case ("minimum", .number(let bound)):
        return number(value).map { $0 >= bound } ?? true ? [] : ["\(place): less than \(bound)"]
      case ("exclusiveMinimum", .number(let bound)):
        return number(value).map { $0 > bound } ?? true ? [] : ["\(place): not more than \(bound)"]
      case ("maximum", .number(let bound)):
        return number(value).map { $0 <= bound } ?? true ? [] : ["\(place): more than \(bound)"]
      case ("pattern", .string(let pattern)):
        guard case .string(let text) = value else { return [] }
        let fits = text.range(of: pattern, options: .regularExpression) != nil
        return fits ? [] : ["\(place): \(text) is not \(pattern)"]
      default:
        return ["\(place): keyword \(keyword) is not known to the validator"]
      }
    }
  }

  private func number(_ value: JSONValue) -> Double? {
    if case .number(let number) = value { number } else { nil }
  }

  private func isOf(_ type: String, _ value: JSONValue) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
      ("object", .object):
      true
    case ("integer", .number(let number)): number.rounded() == number
    default: false
    }
  }
}

@Suite struct JSONSchemaTests {
  private let line = """
    {"schema":"bonafide.scan/2","engine":{"version":"1","model":"m",\
    "model_sha256":"\(String(repeating: "a", count: 64))","wideband_model":null,"wideband_model_sha256":null,\
    "second_stage":null,"second_stage_sha256":null},"prior":0.05,"left_out":[],\
    "path":"a.wav","format":null,"sample_rate_hz":8000,"duration_s":1.5,"heard_s":1.5,"unheard_s":0,"bandwidth_hz":null,"verdict":"bonafide",\
    "error":null,"warnings":[],"channels":[]}
    """

  @Test func acceptsALine() throws {
    #expect(try JSONSchema.ofReports().faults(in: line) == [])
  }

  @Test(arguments: [
    (#""error":null,"#, ""),
    (#""error":null"#, #""error":3"#),
    (#""error":null"#, #""error":null,"extra":1"#),
    ("8000", "8000.5"),
    ("8000", "0"),
    (#""bonafide","#, #""genuine","#),
    ("scan/2", "scan/1"),
    ("aaaa", "AAAA"),
    ("[]}", #"[{"channel":1}]}"#),
  ])
  func rejects(_ right: String, _ wrong: String) throws {
    let changed = line.replacingOccurrences(of: right, with: wrong)
    try #require(changed != line)
    #expect(try !JSONSchema.ofReports().faults(in: changed).isEmpty)
  }

  @Test func doesNotPassOverKeywords() throws {
    let schema = try JSONSchema(Data(#"{"minLength":3}"#.utf8))
    #expect(schema.faults(in: .string("abcd")) == ["$: keyword minLength is not known to the validator"])
  }
}
