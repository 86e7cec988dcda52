import ArgumentParser
import BonafideLedger
import BonafideReport

/// Lists results, a line each.
struct LedgerList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List recordings: when each was screened (UTC), what came out, the evidence (LLR), the path.")

  @OptionGroup
  var ledger: LedgerArgument

  @OptionGroup
  var selection: LedgerSelection

  func run() throws {
    let hasOutput = Terminal.prepareStreams()
    try reportingFailure {
      try checkStandardOutput(for: nil, isOpen: hasOutput)
      let kept = try ledger.open()
      defer { kept.close() }
      let output = try ReportOutput(path: nil)
      var text = ""
      do {
        try kept.forEach(selection.query) { result in
          text += line(on: result) + "\n"
          if text.utf8.count > 1 << 16 {
            try output.write(text)
            text = ""
          }
        }
      } catch let error as LedgerError {
        throw RunError(message: error.description)
      }
      try output.write(text)
    }
  }

  private func line(on result: KeptResult) -> String {
    let llr = result.llr.map { "\(($0 * 10).rounded() / 10)" } ?? ""
    let verdict = result.verdict?.rawValue ?? "failed"
    let error = result.error.map { ": \($0)" } ?? ""
    return "\(result.screenedAt.prefix(19))  \(padded(verdict, to: 12))  \(padded(llr, to: 6, right: true))  "
      + printable(result.location.readablePath + error)
  }

  private func padded(_ text: String, to width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return right ? space + text : text + space
  }
}
