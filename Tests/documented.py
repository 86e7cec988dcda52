#!/usr/bin/env python3
"""Names the public symbols of a symbol graph that have no comment; `make documentation` calls it."""
import json, sys

symbols = json.load(open(sys.argv[1]))["symbols"]
bare = [s for s in symbols if "docComment" not in s and "::SYNTHESIZED::" not in s["identifier"]["precise"]]
for symbol in bare:
    print(".".join(symbol["pathComponents"]), "has no comment", file=sys.stderr)
print(f"{len(symbols)} public symbols, {len(bare)} without a comment")
sys.exit(bool(bare))
