#!/usr/bin/env bash
# Holds `bonafide serve` to its OpenAPI document with schemathesis, from a seed of its own and for a time: run.sh COMMAND. Says what is left
# out where something is not here.
set -euo pipefail
cd "$(dirname "$0")/../.."
command=$1
python=${PYTHON:-python3}
if ! "$python" -c 'import schemathesis' 2>/dev/null; then
  echo "test-http: left out, for $python has no schemathesis"
  exit 0
fi
scratch=$(mktemp -d)
host=
trap '[ -z "$host" ] || kill "$host"; rm -rf "$scratch"' EXIT

printf 'sixteen characters or more\n' >"$scratch/token"
"$command" serve --fast --token-file "$scratch/token" --http 0 >/dev/null 2>"$scratch/log" &
host=$!
for _ in $(seq 200); do
  port=$(sed -n 's|.*listening at http://127.0.0.1:\([0-9]*\)$|\1|p' "$scratch/log")
  [ -z "$port" ] || break
  kill -0 "$host" || { cat "$scratch/log" >&2; exit 1; }
  sleep 0.1
done
address=http://127.0.0.1:$port

# It reads each answer to its end, which /v1/events has not. What is a recording, and what is a token, no schema can say.
cd "$scratch"
"$python" -m schemathesis.cli run "$address/openapi.json" -a "agent:$(cat token)" --seed 22 --max-time 40 --max-examples 25 \
  --phases examples,coverage,fuzzing --exclude-path /v1/events --checks all --exclude-checks positive_data_acceptance \
  --request-timeout 20 --suppress-health-check all --warnings off --no-color >report || { cat report "$scratch/log" >&2; exit 1; }
grep -qE '[1-9][0-9]* (passed|generated)' report || { cat report >&2; exit 1; }
grep -E 'Test cases|generated|passed' report | tail -2

# A real recording in each way in which clients send one, and events, as its document says.
cat >check.py <<'EOF'
import json
import sys
import urllib.request

address, token, recording, document = sys.argv[1:]


def ask(path, data=None, **headers):
    request = urllib.request.Request(address + path, data, {"Authorization": f"Bearer {token}", **headers})
    return urllib.request.urlopen(request, timeout=60)


body = open(recording, "rb").read()
whole = json.load(ask("/v1/scan?file=a.wav", body))
chunked = json.load(ask("/v1/scan?file=a.wav", iter([body[:5000], body[5000:]]), **{"Transfer-Encoding": "chunked"}))
assert whole == chunked, (whole, chunked)
assert whole["files"][0]["path"] == "a.wav" and whole["files"][0]["verdict"], whole
assert json.load(ask("/openapi.json")) == json.load(open(document))
with ask("/v1/events") as events:
    assert events.headers["Content-Type"] == "text/event-stream"
    assert events.readline() == b"event: state\n" and json.loads(events.readline()[6:]) == {"calls": []}
EOF
"$python" check.py "$address" "$(cat token)" "$OLDPWD/samples/call-agent-caller.ulaw.wav" "$OLDPWD/docs/openapi.json"
echo 'test-http: all is as docs/openapi.json says'
