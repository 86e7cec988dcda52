"""Scores of training clips by heads of the second stage that did not hear their sources:

python -m bonafide_models.second_stage.targets Models/experiments/second.toml FOLDER[,FOLDER …] OUT.json
                                               [--states STATES]

What a network of the first stage is to learn beside the labels (`targets` of its recipe). FOLDERS are of clips as they
are, as encoders.states made them. Sources in two folds; two heads of each fold score the other. A score is held on the
side of its clip's label, by LEAST at least, and at most MOST away.
"""

import argparse
import json
import sys
import zlib
from collections.abc import Sequence

import numpy as np
import torch

from bonafide_models import experiment
from bonafide_models.arrays import Doubles, Row
from bonafide_models.experiment import Heads, RecipeError
from bonafide_models.second_stage.heads import Band, figures, learn
from bonafide_models.second_stage.rows import Shifts, States, gather
from bonafide_models.second_stage.stored import restored

FOLDS, SEEDS = 2, 2
LEAST, MOST = 0.5, 4.0


def held_out(recipe: Heads, states: States, rows: Sequence[Row]) -> Doubles:
    """Scores of rows (N, inputs) of both encoders, each by heads of the other fold."""
    band = Band("wideband", restored(recipe.keep) if recipe.keep else {})
    x = band.inputs(states)
    fold = np.array([zlib.crc32(row["source"].encode()) % FOLDS for row in rows])
    scores = np.zeros(len(rows))
    for k in range(FOLDS):
        heard, other = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
        inputs, known = x[torch.from_numpy(heard)], [rows[int(i)] for i in heard]
        shifts = Shifts(inputs, known, recipe.page, recipe.speaker) if recipe.page or recipe.speaker else None
        for seed in range(SEEDS):
            head = learn(inputs, known, seed, recipe.epochs, shifts=shifts)
            with torch.no_grad():
                blocks = np.array_split(other, len(other) // 512 + 1)
                parts = [head(x[torch.from_numpy(block)].float()) for block in blocks]
            scores[other] += torch.cat(parts).numpy() / SEEDS
        print(f"fold {k}: {figures([rows[int(i)] for i in other], scores[other])}", flush=True)
    return scores


def held(score: float, row: Row) -> float:
    """A score on the side of the label."""
    side = 1 if row["label"] == "bonafide" else -1
    return side * float(np.clip(side * score, LEAST, MOST))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("folders")
    parser.add_argument("out")
    parser.add_argument("--states")
    options = parser.parse_args()
    try:
        recipe = experiment.read(options.recipe, Heads, states=options.states)
    except RecipeError as error:
        sys.exit(str(error))
    states, rows = gather(recipe.states, options.folders.split(","), True)
    scores = held_out(recipe, states, rows)
    with open(options.out, "w") as file:
        json.dump({row["file"]: held(score, row) for row, score in zip(rows, scores)}, file)


if __name__ == "__main__":
    main()
