import Bonafide
import Foundation
import Testing

/// The command as a user runs it: forms of report, options, models.
@Suite struct CommandTests {
  @Test func everyFormatIsWritten() throws {
    let begins = [
      "text": "  CHANNEL", "json": "{\"schema\":\"bonafide.scan/2\",", "jsonl": "{\"schema\":\"bonafide.scan/2\",",
      "csv": "path,channel,", "rttm": "SPEAKER prompt 1 ", "audacity": "0.",
    ]
    for (format, start) in begins {
      let run = try bonafide(["--format", format, promptPath] + flagAll)
      #expect(run.output.hasPrefix(start))
      #expect(run.status == 1)
    }
  }

  @Test func linesFitTheSchema() throws {
    let run = try bonafide(["--fast", "-f", "jsonl", promptPath, "/nonexistent.wav", "--timeline"])
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines { #expect(try JSONSchema.ofReports().faults(in: line, as: "line") == []) }
    #expect(run.output.contains("\"hop_s\":0.04"))
  }

  @Test func channelsAreNamedAndCopiesAreFound() throws {
    let folder = try TemporaryFolder()
    let voice = try promptSamples()
    let silence = [Int16](repeating: 0, count: voice.count)
    let path = try folder.write("call.wav", wav([voice, silence, voice]))
    let run = try bonafide(["--fast", "-f", "json", "--channel-names", "agent, caller", path] + flagAll)
    guard case .array(let channels) = try document(run).first?["channels"] else {
      Issue.record("no channels")
      return
    }
    let parties = channels.compactMap { if case .object(let party) = $0 { party } else { nil } }
    #expect(parties.map { $0["name"] } == [.string("agent"), .string("caller"), .null])
    #expect(parties.map { $0["same_as"] } == [nil, nil, .number(1)])
    #expect(parties.map { $0["reason"] } == [.null, .string("no_speech"), .null])
    #expect(parties.map { $0["llr"] == .null } == [false, true, false])
    #expect(parties.first?["llr"] == parties.last?["llr"])

    let mixed = try bonafide(["--fast", "-f", "csv", "--mix", path])
    #expect(mixed.output.split(separator: "\n").count == 2)
  }

  @Test func priorMovesProbabilitiesOnly() throws {
    let results = try ["0.05", "0.5"].map { prior -> [String: JSONValue] in
      let run = try bonafide(["--fast", "-f", "json", "--prior", prior, promptPath])
      guard case .array(let channels) = try document(run).first?["channels"], case .object(let party) = channels.first
      else { return [:] }
      return party
    }
    #expect(results[0]["llr"] == results[1]["llr"])
    #expect(results[0]["verdict"] == results[1]["verdict"])
    guard case .number(let rare) = results[0]["synthetic_probability"],
      case .number(let even) = results[1]["synthetic_probability"], case .number(let llr) = results[0]["llr"]
    else {
      Issue.record("no probabilities")
      return
    }
    #expect(abs(rare - 1 / (1 + exp(llr + log(19)))) < 1e-3)
    #expect(abs(even - 1 / (1 + exp(llr))) < 1e-3)
  }

  @Test func standardInputAndHeaderlessSamples() throws {
    let voice = try promptSamples()
    let piped = try bonafide(["--fast", "-f", "csv", "-"], input: wav([voice]))
    let raw = try bonafide(["--fast", "-f", "csv", "--raw", "s16le:8000", "-"], input: voice.flatMap { little($0) })
    let fields = [piped, raw].map { run in
      (run.output.split(separator: "\n").last ?? "").split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(fields[0].count == 24)
    #expect(fields[0].first == "-")
    #expect(fields[0].prefix(11) == fields[1].prefix(11))
  }

  @Test func versionNamesTheModel() throws {
    let run = try bonafide(["--version"])
    let model = try Model.narrowband
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("bonafide "))
    #expect(run.output.contains(model.sha256))
    #expect(run.output.contains("\nkernels "))
    #expect(try bonafide(["scan", "--version"]) == run)
  }

  @Test func otherModelsAreLoaded() throws {
    let model = packageFolder.appending(path: "Models/narrowband.safetensors").path
    #expect(try bonafide(["info", "--model", model]).status == 0)
    #expect(try bonafide(["--model", model] + clearAll + [promptPath]).status == 0)

    let folder = try TemporaryFolder()
    let broken = try folder.write("broken.safetensors", [1, 2, 3])
    for path in [broken, "/nonexistent.safetensors", "model.onnx"] {
      for arguments in [["info", "--model", path], ["--model", path, promptPath]] {
        let run = try bonafide(arguments)
        #expect(run.status == 2)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.hasPrefix("bonafide: "))
      }
    }
  }
}
