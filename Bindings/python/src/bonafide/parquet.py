"""``python -m bonafide.parquet LINES OUTPUT``: what ``bonafide scan --format jsonl`` wrote, as Parquet."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from ._parquet import to_parquet


def main(arguments: list[str] | None = None) -> int:
    """0: OUTPUT is written; 2: it is not, and a line says why."""
    parser = argparse.ArgumentParser(prog="bonafide.parquet", description="A row a party of what bonafide scan --format jsonl wrote.")
    parser.add_argument("lines", metavar="LINES", help="file with a result a line; - is standard input")
    parser.add_argument("output", metavar="OUTPUT", help="Parquet file")
    options = parser.parse_args(arguments)
    try:
        with contextlib.ExitStack() as stack:
            file = sys.stdin if options.lines == "-" else stack.enter_context(open(options.lines, encoding="utf-8"))
            to_parquet(results(file), options.output)
    except (ImportError, OSError, ValueError) as error:
        print(f"bonafide.parquet: {error}", file=sys.stderr)
        return 2
    return 0


def results(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The file objects of lines.

    Raises:
        ValueError: for another line, with its number.
    """
    for number, line in enumerate(lines, 1):
        try:
            result = json.loads(line)
        except ValueError:
            raise ValueError(f"line {number} is no JSON: is the file whole?") from None
        if not isinstance(result, dict) or not {"path", "verdict", "channels"} <= result.keys():
            raise ValueError(f"line {number} is no result of bonafide scan --format jsonl")
        yield result


if __name__ == "__main__":
    sys.exit(main())
