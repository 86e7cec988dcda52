"""Protocol tables (tab-separated, with a header; `file` is relative to the table) and score files (file, score)."""

import csv
import hashlib
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bonafide_models.arrays import Row


def generator(seed: int, *names: object) -> np.random.Generator:
    """A random generator of its own for everything that has a name: what one clip gets does not depend on the
    others."""
    digest = hashlib.sha256("\0".join(map(str, (seed, *names))).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def read_rows(path: str | Path, split: str | None = None, limit: int | None = None, seed: int = 0) -> list[Row]:
    """The rows of a split in their order; `limit` draws that many by the seed."""
    try:
        with open(path, newline="") as table:
            rows: list[Row] = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    if not rows or not {"file", "label", "source"} <= rows[0].keys():
        sys.exit(f"{path}: not a protocol table: its first line must name file, label and source, separated by tabs")
    rows = [r for r in rows if not split or r.get("split") == split]
    if not rows:
        sys.exit(f"{path}: no rows of split {split}")
    if limit and limit < len(rows):
        rows = [rows[i] for i in sorted(generator(seed, "limit").choice(len(rows), limit, replace=False))]
    return rows


def write_rows(path: str | Path, rows: Sequence[Row]) -> None:
    with open(path, "w", newline="") as table:
        w = csv.DictWriter(
            table, list(rows[0]), delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n"
        )
        w.writeheader()
        w.writerows(rows)


def stem(file: str) -> str:
    """The name that a clip keeps through every condition."""
    return os.path.splitext(file)[0]


def read_scores(path: str | Path) -> dict[str, float]:
    """Score by stem. Lines whose last column is not a finite number (a header, a clip that was not judged) are left
    out."""
    scores = {}
    try:
        lines = open(path).read().splitlines()
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    for line in lines:
        columns = line.split("\t") if "\t" in line else line.split()
        try:
            value = float(columns[-1])
        except (ValueError, IndexError):
            continue
        if len(columns) > 1 and math.isfinite(value):
            scores[stem(columns[0])] = value
    if not scores:
        sys.exit(f"{path}: no line has a file and a score")
    return scores


def few(rows: list[Row], most: int) -> list[Row]:
    """At most so many rows of a source and class, drawn by chance, in their order; all where `most` is 0."""
    if not most:
        return rows
    cells: dict[tuple[str, str], list[int]] = {}
    for i in np.random.default_rng(0).permutation(len(rows)):
        cells.setdefault((rows[i]["source"], rows[i]["label"]), []).append(int(i))
    return [rows[i] for i in sorted(i for cell in cells.values() for i in cell[:most])]
