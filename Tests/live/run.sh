#!/usr/bin/env bash
# Calls of clients that others made, into `bonafide serve`: run.sh COMMAND. What is missing is said in a line, and left out.
set -euo pipefail
command=$(realpath "$1")
cd "$(dirname "$0")"
python3 -B rtpengine.py "$command"
python3 -B sip.py "$command"
