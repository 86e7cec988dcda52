"""The line test in cross-validation over the call sources of a cache: one training per fold.

python -m bonafide_models.evaluation.line_folds make CACHE FOLDER [--folds 3]
python -m bonafide_models.evaluation.line_folds score FOLDER SCORES …

`make` writes FOLDER/0, FOLDER/1 …: caches whose rows of split `dev` are that fold's call sources and its sources of
genuine telephone speech, left out of `train`. `score` takes dev.txt of the training of each fold, in order: EER of
each, their mean, and the EER of all scores together, each fold's shifted by its mean so that thresholds compare.

Dev of the corpus is left out of both: it chooses models. The clinic's bot has one voice in all of the calls, so that
this tests new callers, lines and recordings more than new generators.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bonafide_models.arrays import Doubles, Row
from bonafide_models.data.clips import Cache, derive
from bonafide_models.data.sampling import on_line
from bonafide_models.metrics import eer

# Clips that a source of genuine telephone speech needs to be one of a fold.
LEAST = 20


def is_call(source: str) -> bool:
    """Both parties of these are voice bots on a line: `pgai` and `…voice…` in the corpus's README."""
    return any(part in source.lower() for part in ("pgai", "voice-agent", "voice-bot", "voice-qa", "pretty"))


def divided(rows: Sequence[Row], folds: int) -> dict[str, int]:
    """Fold of each source, largest first, each to the fold with the fewest clips of its class."""
    out: dict[str, int] = {}
    for wanted in ("spoof", "bonafide"):
        size: dict[str, int] = {}
        for row in rows:
            if row["split"] == "train" and row["label"] == wanted and on_line(row) and row["kind"] != "copy":
                size[row["source"]] = size.get(row["source"], 0) + 1
        keep = [s for s in size if (is_call(s) if wanted == "spoof" else size[s] >= LEAST)]
        total = [0] * folds
        for source in sorted(keep, key=lambda s: (-size[s], s)):
            fold = int(np.argmin(total))
            out[source], total[fold] = fold, total[fold] + size[source]
    return out


def make(cache: str, folder: str, folds: int) -> None:
    rows = Cache(cache).rows
    fold_of = divided(rows, folds)
    for fold in range(folds):
        kept = []
        for row in rows:
            if row["split"] != "train":
                continue
            if fold_of.get(row["source"]) != fold:
                kept.append(row)
            elif on_line(row) and row["kind"] != "copy" and row["label"] != "codec":
                kept.append(row | {"split": "dev"})
        derive(cache, Path(folder) / str(fold), kept)
        print(fold, *sorted(source for source, of in fold_of.items() if of == fold))


def read(folder: str, fold: int, path: str) -> tuple[Doubles, Doubles]:
    """Scores of a fold's genuine and synthetic clips."""
    rows: list[Row] = json.loads((Path(folder) / str(fold) / "rows.json").read_text())
    label = {row["file"]: row["label"] for row in rows if row["split"] == "dev"}
    lines = [line.split() for line in Path(path).read_text().splitlines()]
    scores = {file: float(value) for file, value, *_ in lines}
    if set(scores) != set(label):
        sys.exit(f"{path}: not the clips of fold {fold}")
    genuine = np.array([scores[file] for file in label if label[file] == "bonafide"])
    return genuine, np.array([scores[file] for file in label if label[file] == "spoof"])


def score(folder: str, paths: Sequence[str]) -> None:
    people, machines, rates = list[Doubles](), list[Doubles](), list[float]()
    for fold, path in enumerate(paths):
        genuine, synthetic = read(folder, fold, path)
        middle = (genuine.mean() + synthetic.mean()) / 2
        people.append(genuine - middle)
        machines.append(synthetic - middle)
        rates.append(eer(genuine, synthetic))
        print(f"fold {fold}: EER {100 * rates[-1]:.1f} %, {len(genuine)} genuine, {len(synthetic)} synthetic")
    together = eer(np.concatenate(people), np.concatenate(machines))
    print(f"mean {100 * np.mean(rates):.1f} %, together {100 * together:.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["make", "score"])
    parser.add_argument("cache", metavar="CACHE|FOLDER")
    parser.add_argument("rest", nargs="+", metavar="FOLDER|SCORES")
    parser.add_argument("--folds", type=int, default=3)
    options = parser.parse_args()
    if options.action == "make":
        make(options.cache, options.rest[0], options.folds)
    else:
        score(options.cache, options.rest)


if __name__ == "__main__":
    main()
