import Bonafide
import Foundation
import Testing

/// Which recordings are screened, in which order they are told, and where flagged ones go.
@Suite struct WorklistTests {
  @Test func foldersAreWalkedAndPatternsExpanded() throws {
    let folder = try TemporaryFolder()
    let voice = try wav([Array(promptSamples().prefix(4000))])
    let inCalls = ["b.WAV", "a/2.wav", "a/1.wav", "a/3", "voice.txt", ".hidden.wav"].map { "calls/" + $0 }
    for name in inCalls + ["x1.dat", "x2.dat"] {
      try folder.write(name, voice)
    }
    try folder.write("calls/notes.txt", Array("What was said.".utf8))
    try folder.write("calls/utf16.txt", [0xFF, 0xFE] + Array("W\0h\0a\0t\0".utf8))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("calls/loop"), withDestinationPath: folder.path("calls"))
    let run = try bonafide(["--fast", "-f", "json", "calls", "x*.dat", "calls/voice.txt"], in: folder)
    #expect(
      try paths(run) == ["a/1.wav", "a/2.wav", "a/3", "b.WAV", "voice.txt"].map { "calls/" + $0 }
        + ["x1.dat", "x2.dat"])
    #expect(run.status == 0 || run.status == 1)
    let raw = try bonafide(["--fast", "-f", "json", "--raw", "ulaw:8000", "calls"], in: folder)
    #expect(raw.status == 2)
    #expect(raw.errors.contains("bonafide: calls: no recordings in this folder"))
    #expect(run.errorLines == ["bonafide: left out: 2 × .txt; 1 hidden; 1 linked folder"])
    try folder.write("calls/dump.ulaw", Array(repeating: 0xFF, count: 8000))
    let passed = try bonafide(["--fast", "-f", "json", "calls"], in: folder)
    #expect(passed.status == run.status)
    #expect(
      passed.errorLines
        == ["bonafide: left out: 1 × .ulaw, which takes --raw ulaw:8000; 2 × .txt; 1 hidden; 1 linked folder"])
  }

  @Test(arguments: ["1", "4", "40"]) func resultsComeInTheOrderOfPaths(_ jobs: String) throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    // The first takes the longest.
    let names = (0..<12).map { "\($0).wav" }
    for (index, name) in names.enumerated() {
      try folder.write(name, wav([Array(repeating: voice, count: index == 0 ? 8 : 1).flatMap { $0 }]))
    }
    let run = try bonafide(["--fast", "-f", "json", "-j", jobs] + names.reversed(), in: folder)
    #expect(try paths(run) == names.reversed())
  }

  @Test func reportsAreSortedAndFiltered() throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    try folder.write("a.wav", wav([[Int16](repeating: 0, count: 16000)]))
    try folder.write("b.wav", wav([voice]))
    try folder.write("c.wav", wav([Array(voice.prefix(12_000))]))
    let sorted = try document(try bonafide(["--fast", "-f", "json", "--sort", "llr", ".", "/nonexistent.wav"], in: folder))
    let llrs = sorted.compactMap { file -> Double? in
      guard case .array(let channels) = file["channels"], case .object(let party) = channels.first,
        case .number(let llr) = party["evidence_llr"]
      else { return nil }
      return llr
    }
    #expect(llrs.count == 2 && llrs == llrs.sorted())
    // Those without speech, and then those that could not be screened, come last.
    #expect(sorted.map { $0["path"] }.suffix(2) == [.string("./a.wav"), .string("/nonexistent.wav")])
    #expect(try paths(try bonafide(["--fast", "-f", "json", "--sort", "path", "c.wav", "b.wav"], in: folder)) == ["b.wav", "c.wav"])

    let only = try bonafide(["--only", "inconclusive", "."] + flagAll, in: folder)
    #expect(only.output.contains("a.wav") && !only.output.contains("b.wav"))
    #expect(only.output.hasSuffix("\n3 files: 2 flagged, 1 inconclusive, 0 bona fide, 0 failed\n"))
    #expect(only.status == 1)
    let quiet = try bonafide(["--quiet", ".", "/nonexistent.wav"] + flagAll, in: folder)
    #expect(quiet.output == "" && quiet.status == 1 && quiet.errorLines.count == 1)
  }

  @Test func listsAndPatternsChooseFiles() throws {
    let folder = try TemporaryFolder()
    let voice = try wav([Array(promptSamples().prefix(4000))])
    for name in ["in/a.wav", "in/b.wav", "in/sub/c.wav", "x.wav"] { try folder.write(name, voice) }
    try folder.write("list", Array("in/b.wav\r\nx.wav\n".utf8))
    #expect(try paths(try bonafide(["--fast", "-f", "json", "--files-from", "list"], in: folder)) == ["in/b.wav", "x.wav"])
    let nul = try bonafide(["--fast", "-f", "json", "--files-from", "-"], input: Array("x.wav\0in/a.wav\0".utf8), in: folder)
    #expect(try paths(nul) == ["x.wav", "in/a.wav"])
    #expect(try paths(try bonafide(["--fast", "-f", "json", "in", "--include", "[ac].wav"], in: folder)) == ["in/a.wav", "in/sub/c.wav"])
    #expect(try paths(try bonafide(["--fast", "-f", "json", "in", "--exclude", "in/sub/*"], in: folder)) == ["in/a.wav", "in/b.wav"])
    #expect(try bonafide(["--files-from", "/dev/null"]).status == 2)
  }

  @Test func flaggedFilesAreCopiedAndMoved() throws {
    let folder = try TemporaryFolder()
    let (one, other) = (try wav([promptSamples()]), try wav([Array(promptSamples().prefix(14_000))]))
    try folder.write("a/x.wav", one)
    try folder.write("b/x.wav", other)
    try folder.write("out/x.wav", Array("mine".utf8))
    let copied = try bonafide(["a", "b", "--copy-flagged", "out"] + flagAll, in: folder)
    #expect(copied.status == 1 && copied.errors == "")
    func bytes(_ name: String) -> [UInt8]? { (try? Data(contentsOf: folder.url.appending(path: name))).map { [UInt8]($0) } }
    #expect(bytes("out/x.wav") == Array("mine".utf8) && bytes("out/x-2.wav") == one && bytes("out/x-3.wav") == other)
    #expect(bytes("a/x.wav") == one && bytes("b/x.wav") == other)
    // Once more, as each night: they are there.
    _ = try bonafide(["a", "b", "--copy-flagged", "out"] + flagAll, in: folder)
    #expect(bytes("out/x-4.wav") == nil)
    _ = try bonafide(["a", "b", "--move-flagged", "moved/"] + flagAll, in: folder)
    #expect(bytes("moved/x.wav") == one && bytes("moved/x-2.wav") == other)
    #expect(bytes("a/x.wav") == nil && bytes("b/x.wav") == nil)
    // What is there already, and what is not flagged, stays.
    #expect(try bonafide(["moved", "--move-flagged", "moved"] + flagAll, in: folder).errors == "")
    #expect(try bonafide(["moved", "--move-flagged", "clean"] + clearAll, in: folder).status == 0)
    #expect(bytes("moved/x.wav") == one)
    // The folder is looked for before the screening.
    #expect(try bonafide(["moved", "--move-flagged", "/nonexistent/x"], in: folder).status == 2)
  }

  @Test func flaggedFilesMoveAcrossFileSystems() throws {
    let shm = "/dev/shm/bonafide-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: shm) }
    let folder = try TemporaryFolder()
    let voice = try wav([promptSamples()])
    try folder.write("x.wav", voice)
    _ = try bonafide(["x.wav", "--move-flagged", shm] + flagAll, in: folder)
    #expect(try [UInt8](Data(contentsOf: URL(filePath: shm + "/x.wav"))) == voice)
    #expect(try folder.names.isEmpty)
  }

  /// A file that is named twice, or linked, is screened once, as it was named first.
  @Test func filesAreScreenedOnce() throws {
    let folder = try TemporaryFolder()
    try folder.write("in/a.wav", wav([Array(promptSamples().prefix(4000))]))
    for link in ["in/b.wav", "in/c.wav"] {
      if link.hasSuffix("b.wav") {
        try FileManager.default.linkItem(atPath: folder.path("in/a.wav"), toPath: folder.path(link))
      } else {
        try FileManager.default.createSymbolicLink(atPath: folder.path(link), withDestinationPath: "a.wav")
      }
    }
    #expect(try paths(try bonafide(["--fast", "-f", "json", "./in", "in/a.wav", "in"], in: folder)) == ["./in/a.wav"])
  }
}
