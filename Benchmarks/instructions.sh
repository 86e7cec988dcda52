#!/usr/bin/env bash
# Instructions of a scan of a fixed recording by the first stage (`--fast`), counted by valgrind: a figure without noise, to see a change
# that slows things down.
#
#   instructions.sh [PROGRAM]           compares with instructions.txt; status 1 where there are over 5 % more
#   instructions.sh --write [PROGRAM]   writes instructions.txt
#
# Valgrind shows the program a processor with AVX2 and without AVX-512, so that every such machine counts the same kernels.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
write=false
if [ "${1:-}" = --write ]; then write=true; shift; fi
program=${1:-$here/../.build/release/bonafide}
recording=$here/../samples/genuine-en.ulaw.wav
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed: apt-get install valgrind" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log
# Debian 12's valgrind can't read the debug information of Swift 6.3.
strip -o "$work/bonafide" "$program"
OPENBLAS_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
  "$work/bonafide" scan --fast --jobs 1 --format csv --no-progress "$recording" >/dev/null || [ $? -eq 1 ]
count=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$log")
[ -n "$count" ] || { echo "instructions.sh: valgrind counted nothing:" >&2; tail -5 "$log" >&2; exit 2; }

if $write; then
  echo "$count" >"$here/instructions.txt"
  echo "$count instructions"
else
  before=$(cat "$here/instructions.txt")
  echo "$count instructions, $before before: $(awk "BEGIN { printf \"%+.1f %%\", 100 * ($count / $before - 1) }")"
  [ "$count" -le $((before * 105 / 100)) ]
fi
