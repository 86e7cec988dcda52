#!/usr/bin/env bash
# Tests pages of the command in headless Chromium. Says what is left out where something is not here.
set -euo pipefail
cd "$(dirname "$0")"
# Debian's: selenium is a package of its Python.
python=/usr/bin/python3
if ! { command -v chromium && command -v chromedriver && "$python" -c 'import selenium'; } >/dev/null 2>&1; then
  echo 'test-page: left out, for chromium, chromium-driver or python3-selenium is not here'
  exit 0
fi
command -v tidy >/dev/null || echo 'test-page: markup is not checked, for tidy is not here'
exec "$python" -m unittest discover -p '*_test.py' "$@"
