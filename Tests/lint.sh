#!/usr/bin/env bash
# Looks at the form of all sources that git knows, or would take in: lint.sh. It changes nothing, and says what is left out where something
# is not here; with LINT_ALL=yes, as in CI, that is a failure. `ruff check --fix`, `clang-format -i` and
# `swift format -i --configuration .swift-format` mend most of what it finds.
set -euo pipefail
cd "$(dirname "$0")/.."
# Where pip puts commands, which may not be on the PATH.
PATH="$PATH:$("${PYTHON:-python3}" -c 'import sysconfig; print(sysconfig.get_path("scripts"))' 2>/dev/null || true)"
failed=0

# Whether a command is here; if not, a line says what is left out.
has() {
  if command -v "$1" >/dev/null; then return 0; fi
  left_out "$2 not looked at, for $1 is not here"
  return 1
}
left_out() {
  echo "lint: $1"
  [ "${LINT_ALL:-}" != yes ] || failed=1
}
complain() {
  echo "lint: $1: see above" >&2
  failed=1
}
# Files that are there, by patterns of their names.
files() {
  local file
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
    if [ -f "$file" ]; then echo "$file"; fi
  done
}

if has swift Swift; then
  mapfile -t sources < <(files '*.swift')
  swift format lint --strict --parallel --configuration .swift-format "${sources[@]}" || complain Swift
fi

if has clang-format C; then
  mapfile -t sources < <(files '*.c' '*.h' '*.cpp')
  # Debian 12's is too old.
  if clang-format --dump-config >/dev/null 2>&1; then
    clang-format --dry-run --Werror "${sources[@]}" || complain C
  else
    left_out 'C not looked at, for this clang-format does not know .clang-format'
  fi
fi

if has ruff Python; then
  ruff check --quiet --no-cache . || complain Python
  ruff format --quiet --no-cache --check Models || complain 'Python of Models: ruff format Models mends it'
fi

python=${PYTHON:-python3}
# Debian 12's is too old for numpy's types. PyTorch is not needed.
if "$python" -c 'import mypy.version, numpy, sys; sys.exit(mypy.version.__version__.startswith(("0", "1.0")))' 2>/dev/null; then
  (cd Models && "$python" -m mypy --no-incremental) || complain 'types of Models'
else
  left_out "types of Models not looked at, for $python has no numpy and no mypy newer than Debian 12's"
fi

if has shellcheck 'shell scripts'; then
  mapfile -t sources < <(files '*.sh' .ci/run)
  # Options and lists are split at spaces on purpose.
  shellcheck --exclude SC2015,SC2046,SC2086 "${sources[@]}" || complain 'shell scripts'
fi

if has reuse licences; then
  reuse lint --quiet || { reuse lint; complain licences; }
fi

if has mandoc 'man pages'; then
  # mandoc looks for pages named in others where they are not installed.
  said=$(mandoc -Tlint Manual/*.1 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' || true)
  [ -z "$said" ] || { echo "$said"; complain 'man pages'; }
fi

# The packages themselves are looked at where they are built (Packaging/deb.sh).
if has lintian 'source package of Debian' && has dpkg-source 'source package of Debian'; then
  rm -rf .build/lint
  tree=$(Packaging/source.sh .build/lint)
  (cd "${tree%/*}" && dpkg-source --build "${tree##*/}" >dpkg-source.log && lintian --fail-on error,warning bonafide_*.dsc) \
    || { cat .build/lint/dpkg-source.log; complain 'source package of Debian'; }
fi

exit $failed
