import Bonafide
import BonafideC
import CBonafide
import Foundation
import Testing

/// `samples/` of the package.
private let samples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../samples").standardizedFileURL

/// Short ones, for a debug build is slow. All are compared through Python.
private let recordings = ["genuine-es.gsm.wav", "synthetic-espeak.gsm.wav", "synthetic-hts.ulaw.wav"]

/// `nil` for what is not known.
private func known(_ number: Double) -> Double? { number.isNaN ? nil : number }

/// What C calls, called from Swift. What a host in C sees is tested in Tests/C.
@Suite struct CallTests {
  @Test func resultsAreThoseOfTheDetectorToTheBit() throws {
    var scanOptions = ScanOptions()
    scanOptions.timeline = true
    let detector = try Detector.default
    var options = bonafide_options()
    #expect(bonafide_options_init(&options, MemoryLayout<bonafide_options>.size) == BONAFIDE_OK)
    options.timeline = 1
    var handle: OpaquePointer?
    #expect(bonafide_detector_create(&options, &handle) == BONAFIDE_OK)
    defer { #expect(bonafide_detector_destroy(handle) == BONAFIDE_OK) }

    for name in recordings {
      let path = samples.appending(path: name).path(percentEncoded: false)
      let expected = detector.scan(path, options: scanOptions)
      var result: OpaquePointer?
      #expect(bonafide_scan(handle, path, &result) == BONAFIDE_OK)
      defer { #expect(bonafide_result_destroy(result) == BONAFIDE_OK) }
      var file = bonafide_file()
      #expect(bonafide_result_file(result, &file, MemoryLayout<bonafide_file>.size) == BONAFIDE_OK)
      #expect(file.duration_s == expected.duration && known(file.bandwidth_hz) == expected.bandwidth)
      #expect(file.party_count == expected.parties.count && file.warning_count == expected.warnings.count)

      for (index, party) in expected.parties.enumerated() {
        var said = bonafide_party()
        #expect(bonafide_result_party(result, index, &said, MemoryLayout<bonafide_party>.size) == BONAFIDE_OK)
        #expect(known(said.llr) == party.llr && known(said.synthetic_probability) == party.syntheticProbability)
        #expect(said.speech_s == party.speech && said.segment_count == party.segments.count)
        for (number, segment) in party.segments.enumerated() {
          var found = bonafide_segment()
          #expect(bonafide_result_segment(result, index, number, &found) == BONAFIDE_OK)
          #expect(found.start_s == segment.start && found.end_s == segment.end && found.llr == segment.llr)
        }
        var timeline = bonafide_timeline()
        #expect(bonafide_result_timeline(result, index, &timeline, MemoryLayout<bonafide_timeline>.size) == BONAFIDE_OK)
        let scores = UnsafeBufferPointer(start: timeline.llr, count: timeline.count).map { $0.isNaN ? nil : $0 }
        #expect(scores == party.timeline?.llr)
      }
    }
  }

  @Test func versionsAreOne() {
    #expect(bonafide_version().map { String(cString: $0) } == Detector.version)
    #expect(BONAFIDE_VERSION == Detector.version)
    #expect("\(BONAFIDE_VERSION_MAJOR).\(BONAFIDE_VERSION_MINOR).\(BONAFIDE_VERSION_PATCH)" == Detector.version)
  }

  @Test func longMessagesEndBetweenCharacters() throws {
    let name = String(repeating: "é", count: 2000)
    var handle: OpaquePointer?
    var result: OpaquePointer?
    #expect(bonafide_detector_create(nil, &handle) == BONAFIDE_OK)
    #expect(bonafide_scan(handle, name, &result) == BONAFIDE_BAD_AUDIO)
    let message = try #require(bonafide_message().map { String(cString: $0) })
    #expect(message.utf8.count > 1000 && message.utf8.count < 1024 && message.allSatisfy { $0 == "é" })
    #expect(bonafide_detector_destroy(handle) == BONAFIDE_OK)
  }
}
