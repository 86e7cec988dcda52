import Testing

@testable import BonafideNetwork

/// The reader of safetensors files, on sound and on hostile bytes.
struct SafetensorsTests {
  private func code(_ bytes: [UInt8]) -> SafetensorsError.Code? {
    do throws(SafetensorsError) {
      _ = try SafetensorsFile(bytes)
      return nil
    } catch {
      return error.code
    }
  }

  private func code(header: String, data: Int = 0) -> SafetensorsError.Code? {
    code(SafetensorsBuilder.bytes(header: header, data: .init(repeating: 0, count: data)))
  }

  private var sound: [UInt8] {
    var builder = SafetensorsBuilder(metadata: ["name": "one"])
    builder.add("a", shape: [2, 2], values: [1, 2, 3, 4])
    builder.add("b", shape: [], values: [-0.5])
    builder.add("c", shape: [3, 0], values: [])
    return builder.bytes
  }

  @Test func readsTensorsAndMetadata() throws {
    let file = try SafetensorsFile(sound)
    #expect(file.names == ["a", "b", "c"])
    #expect(file.metadata == ["name": "one"])
    #expect(file.tensor(named: "a") == Tensor(shape: [2, 2], values: [1, 2, 3, 4]))
    #expect(file.tensor(named: "b") == Tensor(shape: [], values: [-0.5]))
    #expect(file.tensor(named: "c") == Tensor(shape: [3, 0], values: []))
    #expect(file.tensor(named: "d") == nil)
  }

  @Test func readsWhatTheReferenceImplementationWrites() throws {
    let file = try Golden("crnn").file
    #expect(file.metadata == ["made_by": "bonafide_models.golden.network"])
    #expect(file.names.count == 43)
    #expect(file.tensor(named: "conv.1.weight")?.shape == [12, 8, 3, 3])
  }

  @Test func readsSpacesAndEscapes() throws {
    let header = #" {"\u0061\n\ud83d\ude00é\/" : { "shape":[ 1 , 1 ], "dtype" : "F32","data_offsets":[0,4] } , "__metadata__":{}}  "#
    #expect(code(header: header, data: 4) == .badHeader, "a header begins with its brace")
    let file = try SafetensorsFile(SafetensorsBuilder.bytes(header: String(header.dropFirst()), data: [0, 0, 128, 63]))
    #expect(file.names == ["a\n😀é/"])
    #expect(file.tensor(named: "a\n😀é/")?.values == [1])
  }

  @Test func everyTruncationIsAnError() {
    let bytes = sound
    for length in bytes.indices {
      let code = code(Array(bytes[..<length]))
      #expect(code == .truncated, "first \(length) bytes")
    }
    #expect(code(bytes + [0]) == .badLayout)
  }

  /// No byte of the header that is changed makes the reader trap or read outside the file.
  @Test func bitFlipsAreErrorsOrSoundFiles() {
    let bytes = sound
    let headerEnd = 8 + Int(bytes[0])
    var random = Xorshift(seed: 3)
    var errors = 0
    for round in 0..<20_000 {
      var damaged = bytes
      for _ in 0...(round % 4) { damaged[Int(random.next() % UInt64(headerEnd))] ^= 1 << UInt8(random.next() % 8) }
      do throws(SafetensorsError) {
        let file = try SafetensorsFile(damaged)
        for name in file.names {
          #expect(file.tensor(named: name).map { $0.values.count <= 5 } == true)
        }
      } catch {
        #expect(!error.message.isEmpty && !error.message.contains("\n"))
        errors += 1
      }
    }
    #expect(errors > 15_000)
  }

  @Test func noiseIsAnError() {
    var random = Xorshift(seed: 4)
    for length in 0..<600 {
      var bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(code(bytes) != nil)
      // a header of noise
      if length >= 8 {
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: (length - 8) >> (8 * index)) }
        #expect(code(bytes) == .badHeader)
      }
    }
  }

  @Test func hugeHeadersAreErrors() {
    let rest = [UInt8](repeating: 0x20, count: 100)
    #expect(code([UInt8](repeating: 255, count: 8) + rest) == .headerTooLarge)
    #expect(code([0, 0, 0, 0, 0, 0, 0, 128] + rest) == .headerTooLarge)
    #expect(code([255, 255, 255, 255, 255, 255, 255, 127] + rest) == .headerTooLarge)
    #expect(code([0, 225, 245, 5, 0, 0, 0, 0] + rest) == .truncated)
    #expect(code([1, 225, 245, 5, 0, 0, 0, 0] + rest) == .headerTooLarge)
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, SafetensorsError.Code.unsupportedType),
    (#"{"a":{"dtype":"","shape":[1],"data_offsets":[0,4]}}"#, .unsupportedType),
    (#"{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, .badOffsets),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, .badOffsets),
    (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[9223372036854775807,0]}}"#, .badOffsets),
    (#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}"#, .truncated),
    (#"{"a":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,4]}}"#, .badOffsets),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, .badOffsets),
    (#"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}"#, .badHeader),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, .badHeader),
    (#"{"a":[]}"#, .badHeader),
    (#"{"a":null}"#, .badHeader),
    (#"{"__metadata__":{"a":1}}"#, .badHeader),
    (#"{"__metadata__":{"a":"1","a":"2"}}"#, .duplicateName),
    (#"{"__metadata__":{},"__metadata__":{}}"#, .duplicateName),
    (#"{} {}"#, .badHeader),
    (#"{"#, .badHeader),
    (#"[]"#, .badHeader),
    (#""#, .badHeader),
    (#"{"a"#, .badHeader),
    (#"{"a\"#, .badHeader),
    (#"{"\q":1}"#, .badHeader),
    (#"{"\u12"#, .badHeader),
    (#"{"\ud800":1}"#, .badHeader),
    (#"{"\udc00\ud800":1}"#, .badHeader),
    (#"{"\ud800\u0041":1}"#, .badHeader),
  ])
  func badHeaders(header: String, expected: SafetensorsError.Code) {
    #expect(code(header: header, data: 4) == expected)
  }

  /// Names come from the file, so they must not break lines, reach the terminal or fill the screen.
  @Test func messagesAreShortLines() {
    let name = #"\n\u001b[31m"# + String(repeating: "x", count: 10_000)
    let shape = "[" + String(repeating: "1,", count: 10_000) + "2]"
    for header in [
      #"{"\#(name)":{"dtype":"\#(name)","shape":[1],"data_offsets":[0,4]}}"#,
      #"{"\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,4]}}"#,
      #"{"\#(name)":{"\#(name)":1}}"#,
      #"{"__metadata__":{"\#(name)":"","\#(name)":""}}"#,
    ] {
      let error = #expect(throws: SafetensorsError.self) {
        try SafetensorsFile(SafetensorsBuilder.bytes(header: header, data: [0, 0, 0, 0]))
      }
      #expect(error?.message.contains { $0 == "\n" || $0 == "\u{1b}" } == false)
      #expect((error?.message.count ?? .max) < 400)
    }
  }

  @Test func textMustBeUTF8() {
    #expect(code(SafetensorsBuilder.bytes(header: Array("{\"".utf8) + [0xff, 0x22], data: [])) == .badHeader)
    #expect(code(SafetensorsBuilder.bytes(header: Array("{\"".utf8) + [0x01, 0x22], data: [])) == .badHeader)
  }

  @Test func tensorsMustNotShareBytesOrLeaveGaps() {
    func entry(_ name: String, _ begin: Int, _ end: Int) -> String {
      #""\#(name)":{"dtype":"F32","shape":[\#((end - begin) / 4)],"data_offsets":[\#(begin),\#(end)]}"#
    }
    #expect(code(header: "{\(entry("a", 0, 8)),\(entry("b", 8, 16))}", data: 16) == nil)
    #expect(code(header: "{\(entry("b", 8, 16)),\(entry("a", 0, 8))}", data: 16) == nil)
    #expect(code(header: "{\(entry("a", 0, 8)),\(entry("b", 4, 12))}", data: 12) == .badLayout)
    #expect(code(header: "{\(entry("a", 0, 8)),\(entry("b", 0, 8))}", data: 8) == .badLayout)
    #expect(code(header: "{\(entry("a", 0, 4)),\(entry("b", 8, 12))}", data: 12) == .badLayout)
    #expect(code(header: "{\(entry("a", 4, 8))}", data: 8) == .badLayout)
    #expect(code(header: "{\(entry("a", 0, 4))}", data: 8) == .badLayout)
    #expect(code(header: "{\(entry("a", 0, 4)),\(entry("a", 4, 8))}", data: 8) == .duplicateName)
    #expect(code(header: "{\(entry("a", 0, 0)),\(entry("a", 0, 0))}", data: 0) == .duplicateName)
  }

  @Test(arguments: ["[", "{\"a\":", "{\"a\":{\"shape\":[", "{\"a\":{\"shape\":", "{\"__metadata__\":"])
  func deepNestingIsAnError(piece: String) {
    #expect(code(header: String(repeating: piece, count: 200_000)) == .badHeader)
    #expect(code(header: "{\"a\":{\"shape\":" + String(repeating: piece, count: 1000)) == .badHeader)
  }

  @Test func tensorsCountTheirValues() {
    #expect(Tensor(shape: [2, 3], values: .init(repeating: 0, count: 6)) != nil)
    #expect(Tensor(shape: [2, 3], values: .init(repeating: 0, count: 5)) == nil)
    #expect(Tensor(shape: [-1, -1], values: [0]) == nil)
    #expect(Tensor(shape: [.max, 2], values: [0]) == nil)
  }
}
