#!/usr/bin/env bash
# check.sh BONAFIDE: screens this folder and compares the verdicts with expected.tsv. Status 0: none is wrong; a party that
# the program leaves undecided is counted, and is not right either.
set -euo pipefail
bonafide=$(realpath "${1:?usage: check.sh path/to/bonafide}")
here=$(cd "$(dirname "$0")" && pwd)
table=$(mktemp)
trap 'rm -f "$table"' EXIT

cd "$here"
mapfile -t files < <(awk -F'\t' 'NR > 1 && !seen[$1]++ {print $1}' expected.tsv)

status=0
"$bonafide" scan --format csv --output "$table" "${files[@]}" || status=$?
# 1 says that something was flagged, which is so here.
if [ "$status" -gt 1 ]; then
  echo "check.sh: bonafide scan ended with status $status" >&2
  exit 1
fi

awk -F'\t' '
  FNR == NR {
    if (FNR > 1) { want[$1, $2] = $3; what[$1, $2] = $4; order[++count] = $1 SUBSEP $2 }
    next
  }
  {
    sub(/\r$/, "")
    n = split($0, field, ",")
    if (FNR == 1) { for (i = 1; i <= n; i++) column[field[i]] = i; next }
    found[field[column["path"]], field[column["channel"]]] = field[column["verdict"]]
  }
  END {
    for (i = 1; i <= count; i++) {
      key = order[i]
      split(key, part, SUBSEP)
      verdict = (key in found) ? found[key] : "no result"
      state = verdict == want[key] ? "ok" : verdict == "inconclusive" ? "open" : "WRONG"
      parties[state]++
      printf "%-5s  %-27s %s  %-12s  %s\n", state, part[1], part[2],
        verdict, state == "ok" ? what[key] : "expected " want[key] ": " what[key]
    }
    printf "%d of %d parties as expected, %d left open, %d wrong\n", parties["ok"], count, parties["open"], parties["WRONG"]
    exit parties["WRONG"] > 0
  }
' expected.tsv "$table"
