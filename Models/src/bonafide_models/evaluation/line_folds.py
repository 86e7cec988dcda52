"""The line test in cross-validation over the call sources of a cache that corpus.py made: one training per fold.

  line_folds.py make CACHE FOLDER [--folds 3]   FOLDER/0, FOLDER/1 …: caches for train.py, whose rows of split `dev` are
  that
                                                fold's call sources and its sources of genuine telephone speech, left
                                                out of `train`
  line_folds.py score FOLDER SCORES …           dev.txt of the training of each fold, in order: EER of each, their mean,
  and the EER of all
                                                scores together, each fold's shifted by its mean so that thresholds
                                                compare

Dev of the corpus is left out of both: it chooses models. The clinic's bot has one voice in all of the calls, so that
this tests new callers, lines and recordings more than new generators.
"""

import argparse
import json
import os
import sys

import numpy as np

from bonafide_models.data.sampling import on_line
from bonafide_models.metrics import eer

# Clips that a source of genuine telephone speech needs to be one of a fold.
LEAST = 20


def is_call(source):
    """Both parties of these are voice bots on a line: `pgai` and `…voice…` in the corpus's README."""
    return any(part in source.lower() for part in ("pgai", "voice-agent", "voice-bot", "voice-qa", "pretty"))


def divided(rows, folds):
    """Fold of each source, largest first, each to the fold with the fewest clips of its class."""
    out = {}
    for wanted in ("spoof", "bonafide"):
        size = {}
        for r in rows:
            if r["split"] == "train" and r["label"] == wanted and on_line(r) and r["kind"] != "copy":
                size[r["source"]] = size.get(r["source"], 0) + 1
        keep = [s for s in size if (is_call(s) if wanted == "spoof" else size[s] >= LEAST)]
        total = [0] * folds
        for source in sorted(keep, key=lambda s: (-size[s], s)):
            fold = int(np.argmin(total))
            out[source], total[fold] = fold, total[fold] + size[source]
    return out


def make(cache, folder, folds):
    rows = json.load(open(os.path.join(cache, "rows.json")))
    fold_of = divided(rows, folds)
    for fold in range(folds):
        path = os.path.join(folder, str(fold))
        os.makedirs(path, exist_ok=True)
        for name in os.listdir(cache):
            if name != "rows.json" and not os.path.exists(os.path.join(path, name)):
                os.symlink(os.path.abspath(os.path.join(cache, name)), os.path.join(path, name))
        kept = [r | {"split": "dev"} if fold_of.get(r["source"]) == fold else r for r in rows if r["split"] == "train"]
        kept = [
            r for r in kept if r["split"] == "train" or (on_line(r) and r["kind"] != "copy" and r["label"] != "codec")
        ]
        json.dump(kept, open(os.path.join(path, "rows.json"), "w"))
        print(fold, *sorted(s for s, f in fold_of.items() if f == fold))


def score(folder, paths):
    together, figures = {"bonafide": [], "spoof": []}, []
    for fold, path in enumerate(paths):
        label = {
            r["file"]: r["label"]
            for r in json.load(open(os.path.join(folder, str(fold), "rows.json")))
            if r["split"] == "dev"
        }
        scores = {line.split()[0]: float(line.split()[1]) for line in open(path)}
        if set(scores) != set(label):
            sys.exit(f"{path}: not the clips of fold {fold}")
        sides = {c: np.array([scores[f] for f in label if label[f] == c]) for c in together}
        figures.append(eer(sides["bonafide"], sides["spoof"]))
        middle = (sides["bonafide"].mean() + sides["spoof"].mean()) / 2
        for c in together:
            together[c].append(sides[c] - middle)
        print(
            f"fold {fold}: EER {100 * figures[-1]:.1f} %, "
            f"{len(sides['bonafide'])} genuine, {len(sides['spoof'])} synthetic"
        )
    pooled = eer(*(np.concatenate(together[c]) for c in together))
    print(f"mean {100 * np.mean(figures):.1f} %, together {100 * pooled:.1f} %")


if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("action", choices=["make", "score"])
    a.add_argument("cache", metavar="CACHE|FOLDER")
    a.add_argument("rest", nargs="+", metavar="FOLDER|SCORES")
    a.add_argument("--folds", type=int, default=3)
    o = a.parse_args()
    make(o.cache, o.rest[0], o.folds) if o.action == "make" else score(o.cache, o.rest)
