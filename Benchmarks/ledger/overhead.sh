#!/usr/bin/env bash
# What a ledger costs: the time of a scan of calls with and without one, in turns, processor time and time on the wall.
#   Benchmarks/ledger/overhead.sh BONAFIDE FOLDER [ROUNDS] [OPTION ...]
set -euo pipefail
bonafide=$1 folder=$2 rounds=${3:-7}
shift "$(($# < 3 ? $# : 3))"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
run() {
  local name=$1
  shift
  # Flagged calls are no failure.
  /usr/bin/time -a -o "$scratch/$name" -f '%e %U %S' "$bonafide" scan -j 1 --quiet "$@" "$folder" || [ $? -lt 2 ] || exit
}
run warm "$@"
for ((round = 0; round < rounds; round++)); do
  run without "$@"
  run with --ledger "$scratch/$round.sqlite" "$@"
done
sed -i '/^Command/d' "$scratch"/with "$scratch"/without
paste "$scratch/without" "$scratch/with" | awk '
  { wall[NR] = $4 / $1 - 1; work[NR] = ($5 + $6) / ($2 + $3) - 1; print "without", $1, "s, with", $4, "s; processor", $2 + $3, "and", $5 + $6 }
  function median(values, n,   i, j, t) {
    for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (values[j] < values[i]) { t = values[i]; values[i] = values[j]; values[j] = t }
    return values[int((n + 1) / 2)]
  }
  END { printf "median of pairs: %+.1f %% on the wall, %+.1f %% of the processor\n", 100 * median(wall, NR), 100 * median(work, NR) }'
