import ArgumentParser

extension BonafideCommand {
  /// A shell's completion script, which completes arguments of `scan` where no subcommand is named: the parser's own knows no default
  /// subcommand.
  static func script(for shell: CompletionShell) -> String {
    let script = completionScript(for: shell)
    switch shell {
    case .bash:
      return script.replacing(
        /# Offer subcommand completions\n( +COMPREPLY\+=.*)\n/, maxReplacements: 1
      ) { match in
        """
        # Offer subcommand completions, and those of the default subcommand
                if [[ "${COMP_CWORD}" -eq 1 ]]; then
                  \(match.output.1)
                fi
                unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")
                _bonafide_scan

        """
      }
    case .zsh:
      return script.replacing(
        "_describe -V subcommand subcommands && ret=0\n",
        with: """
          _describe -V subcommand subcommands && ret=0
                  _files && ret=0

          """, maxReplacements: 1
      ).replacing(
        "\"_bonafide_${words[1]}\" && ret=0\n            ;;\n",
        with: """
          "_bonafide_${words[1]}" && ret=0
                      ;;
                  *)
                      _bonafide_scan && ret=0
                      ;;

          """, maxReplacements: 1)
    case .fish:
      let names = configuration.subcommands.map { $0._commandName }.joined(separator: " ")
      let tokens = "    set -l unparsed_tokens (__bonafide_tokens -pc)\n"
      let words = """
            # Words behind a path or an option of the default subcommand.
            if not contains -- "$unparsed_tokens[2]" \(names) help
                if test (count $unparsed_tokens) -gt 1; or string match -q -- '-*' (commandline -t)
                    set unparsed_tokens $unparsed_tokens[1] scan $unparsed_tokens[2..]
                end
            end

        """
      let files = "\ncomplete -c 'bonafide' -n '__bonafide_should_offer_completions_for_positional \"bonafide\" -eq 1' -F"
      return script.replacing(tokens, with: tokens + words, maxReplacements: 1) + files
    default:
      return script
    }
  }

  /// The shell whose completion script a command line asks for.
  static func scriptedShell(of arguments: [String]) -> CompletionShell? {
    guard arguments.count == 2, arguments[0] == "--generate-completion-script" else { return nil }
    return CompletionShell(rawValue: arguments[1])
  }
}
