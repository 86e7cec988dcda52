#!/usr/bin/env bash
# Installs in scratch folders what make has built, checks man pages and completions, and uninstalls: what was there before stays, and
# nothing else does.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "Tests/install.sh: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null || { echo "Tests/install.sh: $2 left out, for there is no $1"; false; }; }

scratch=$(mktemp -d)
here=.build/install-test
trap 'rm -rf "$scratch" "$here"' EXIT

# A folder as others use it, with a name that needs quotes.
root="$scratch/a root/opt/bonafide"
mkdir -p "$root/bin" "$root/lib/cmake/Bonafide" "$root/share/man/man1"
touch "$root/bin/sox" "$root/lib/cmake/Bonafide/Other.cmake" "$root/share/man/man1/sox.1"
before=$(cd "$scratch" && find . ! -type d | sort)
make -s install DESTDIR="$scratch/a root" PREFIX=/opt/bonafide
for file in bin/bonafide include/bonafide.h lib/libbonafide.a lib/libbonafide.so lib/pkgconfig/bonafide.pc lib/cmake/Bonafide/BonafideConfig.cmake \
  share/man/man1/bonafide.1 share/man/man1/bonafide-scan.1 share/man/man1/bonafide-ledger.1 share/man/man1/bonafide-watch.1 share/man/man1/bonafide-serve.1 share/bash-completion/completions/bonafide share/zsh/site-functions/_bonafide \
  share/fish/vendor_completions.d/bonafide.fish; do
  [ -s "$root/$file" ] || fail "$file is not installed"
done
"$root/bin/bonafide" --version >/dev/null || fail 'what is installed does not run'

# Man pages. mandoc looks for pages named in others where they are not installed.
for page in "$root"/share/man/man1/bonafide*.1; do
  if has lexgrog 'index of man pages'; then lexgrog "$page" >/dev/null || fail "lexgrog finds no name in $page"; fi
  if has mandoc 'lint of man pages'; then
    said=$(mandoc -Tlint "$page" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' || true)
    [ -z "$said" ] || { echo "$said"; fail "mandoc -Tlint complains of $page"; }
  fi
done

# Completions, where no subcommand is named too: files, options and their values.
completions() {
  # shellcheck disable=SC2016
  bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
    _bonafide bonafide "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf "%s\n" "${COMPREPLY[@]}"' \
    bash "$root/share/bash-completion/completions/bonafide" "$@"
}
check() {
  local wanted=$1
  shift
  # Not through a pipe, which grep closes at the first match.
  grep -qxF -- "$wanted" <<<"$(completions "$@")" || fail "bash does not complete '$*' to $wanted"
}
check scan bonafide s
check README.md bonafide READ
check README.md bonafide scan READ
check --format bonafide samples/spliced.flac --for
check jsonl bonafide -f js
check jsonl bonafide scan --format js
check samples bonafide evaluate t.tsv --audio sam
check README.md bonafide calibrate --genuine READ
check ulaw:8000 bonafide scan --raw ul
check list bonafide ledger l
check README.md bonafide ledger list READ
check --ledger bonafide watch --led
check --audiosocket bonafide serve --audios
check samples bonafide watch samp
check asvspoof2019 bonafide evaluate --protocol-format asv
if has zsh 'completions of zsh'; then
  zsh -n "$root/share/zsh/site-functions/_bonafide"
  grep -q '_files && ret=0' "$root/share/zsh/site-functions/_bonafide" && grep -q '_bonafide_scan && ret=0' "$root/share/zsh/site-functions/_bonafide" \
    || fail 'zsh does not complete files where no subcommand is named'
fi
if has fish 'completions of fish'; then
  for words in 'bonafide READ:README.md' 'bonafide scan READ:README.md' 'bonafide scan --format js:jsonl' 'bonafide scan --raw ul:ulaw:8000' 'bonafide --for:--format' \
    'bonafide -f js:jsonl' 'bonafide samples/spliced.flac --for:--format' 'bonafide samples/spliced.flac --format js:jsonl' \
    'bonafide samples/spliced.flac READ:README.md' 'bonafide sc:scan'; do
    offered=$(fish --no-config -c "source '$root/share/fish/vendor_completions.d/bonafide.fish'; complete -C '${words%%:*}'" | cut -f1)
    grep -qxF -- "${words#*:}" <<<"$offered" || fail "fish does not complete '${words%%:*}' to ${words#*:}"
  done
fi

make -s uninstall DESTDIR="$scratch/a root" PREFIX=/opt/bonafide
[ "$(cd "$scratch" && find . ! -type d | sort)" = "$before" ] || fail 'uninstall leaves something, or takes too much'

# A relative PREFIX is one of this folder.
make -s install PREFIX="$here"
grep -q "^prefix=$PWD/$here\$" "$here/lib/pkgconfig/bonafide.pc" || fail 'a relative PREFIX does not become an absolute one'
make -s uninstall PREFIX="$here"
[ -z "$(find "$here" ! -type d)" ] && [ ! -d "$here/lib/cmake/Bonafide" ] || fail 'uninstall leaves something'
