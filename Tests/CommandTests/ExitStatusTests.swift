import Bonafide
import Foundation
import Testing

/// What a run of the command ends with, and what it refuses.
@Suite struct ExitStatusTests {
  @Test func nothingFlaggedIsStatus0() throws {
    let run = try bonafide(["scan", promptPath] + clearAll)
    #expect(run.status == 0)
    #expect(run.output.contains("bona fide"))
    #expect(run.output.hasSuffix("\n1 file: 0 flagged, 0 inconclusive, 1 bona fide, 0 failed\n"))
    #expect(run.errors == "")
  }

  @Test func somethingFlaggedIsStatus1() throws {
    let run = try bonafide(["scan", promptPath] + flagAll)
    #expect(run.status == 1)
    #expect(run.output.contains("SYNTHETIC"))
    #expect(run.output.contains("█"))
    #expect(!run.output.contains("\u{1B}"))
  }

  @Test func failuresAreStatus2WhereNothingIsFlagged() throws {
    let run = try bonafide([promptPath, "/nonexistent.wav", "-f", "csv"] + clearAll)
    #expect(run.status == 2)
    #expect(run.errors.hasPrefix("bonafide: /nonexistent.wav: "))
  }

  @Test func strictTakesWarningsForFailures() throws {
    let folder = try TemporaryFolder()
    // Numbers that are none: screened, with a warning.
    let voice = try promptSamples().map { Float($0) / 32768 }
    let path = try folder.write("nan.wav", floatWAV([.nan] + voice))
    #expect(try bonafide([path] + clearAll).status == 0)
    #expect(try bonafide([path, "--strict"] + clearAll).status == 2)
    #expect(try bonafide([path, "--strict"] + flagAll).status == 1)
    #expect(try bonafide([promptPath, "--strict"] + clearAll).status == 0)
  }

  @Test func filesThatLookLikeOptionsAreRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write("-dash.wav", wav([promptSamples()]))
    let refused = try bonafide(["-dash.wav"], in: folder)
    #expect(refused.status == 64 && refused.output == "" && refused.errors.contains("'./-dash.wav'"))
    #expect(try bonafide(["-j2"] + clearAll + ["--", "-dash.wav"], in: folder).status == 0)
  }

  @Test func failuresDoNotHideFlags() throws {
    let folder = try TemporaryFolder()
    let again = try folder.write("again.wav", wav([promptSamples()]))
    let run = try bonafide([promptPath, "/nonexistent.wav", again, "-f", "json"] + flagAll)
    #expect(run.status == 1)
    #expect(run.errors.hasPrefix("bonafide: /nonexistent.wav: "))
    #expect(run.errorLines.count == 1)
    let files = try document(run)
    #expect(files.map { $0["verdict"] } == [.string("synthetic"), .null, .string("synthetic")])
    #expect(files.first?["channels"] == files.last?["channels"])
  }

  @Test(arguments: [
    ([], "path"),
    (["--prior", "0", "a"], "--prior"),
    (["--prior", "1", "a"], "--prior"),
    (["--prior", "-0.5", "a"], "--prior"),
    (["--prior", "nan", "a"], "--prior"),
    (["--prior", "often", "a"], "--prior"),
    (["--alarm-at", "2", "--clear-at", "1", "a"], "--alarm-at (2.0) must be less than --clear-at (1.0)"),
    (["--alarm-at", "1", "--clear-at", "1", "a"], "must be less"),
    (["--alarm-at", "1e9", "a"], "give --clear-at too"),
    (["--clear-at", "-1e9", "a"], "give --alarm-at too"),
    (["--clear-at", "inf", "a"], "--clear-at"),
    (["--jobs", "0", "a"], "--jobs"),
    (["--jobs", "-1", "a"], "--jobs"),
    (["--format", "xml", "a"], "audacity"),
    (["--timeline", "a"], "json"),
    (["--raw", "mp3:8000", "a"], "ulaw"),
    (["--raw", "ulaw", "a"], "--raw"),
    (["--raw", "vox:8000:2", "a"], "vox has one channel"),
    (["--sort", "llr", "-f", "jsonl", "a"], "--sort"),
    (["--only", "fake", "a"], "'fake' is none of"),
    (["--mix", "--channel-names", "a,b", "a"], "--channel-names"),
    (["-", "a", "-"], "Standard input"),
    (["a", ""], "empty"),
    (["--frequency", "a"], "--frequency"),
    (["info", "--format", "csv"], "json"),
  ])
  func senselessArgumentsAreStatus64(_ arguments: [String], _ message: String) throws {
    let run = try bonafide(arguments)
    #expect(run.status == 64)
    #expect(run.errors.contains(message))
    #expect(run.output == "")
  }
}
