"""Train a network by a recipe: python -m bonafide_models.train Models/experiments/NAME.toml [--steps N] …

The recipe has all settings (experiment.py says which); options change some of them. Makes the cache of clips if it is
not there, then trains: RUN/checkpoint.pt (written every 500 steps; the same command goes on from it), RUN/log.tsv,
scores of dev by the averaged weights. Only rows of split `train` are learned from. Then: bonafide_models.export.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

import argparse
import sys
from pathlib import Path

import torch

from bonafide_models import experiment
from bonafide_models.data import clips
from bonafide_models.experiment import Experiment, RecipeError
from bonafide_models.training import music
from bonafide_models.training.loop import Training, targets_of

CHANGED = {"cache": str, "run": str, "music": str, "steps": int, "minutes": float, "seed": int, "start": str}


def recipe(arguments: list[str]) -> Experiment:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--tables", nargs="+", metavar="PROTOCOL")
    for name, kind in CHANGED.items():
        parser.add_argument("--" + name, type=kind)
    options = vars(parser.parse_args(arguments))
    return experiment.read(options.pop("recipe"), Experiment, **options)


def train(settings: Experiment) -> Training:
    """Makes the cache if need be, and trains to the end."""
    if not clips.is_there(settings.cache):
        clips.make(
            settings.cache,
            settings.tables,
            settings.sample_rate_hz,
            most=settings.most,
            seconds=settings.seconds,
            one_codec=settings.one_codec,
        )
    Path(settings.run).mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    # The worker has a core of its own.
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    training = Training(settings)
    training.run(training.worker(music.pieces(settings.music), targets_of(settings)))
    return training


def main() -> None:
    try:
        train(recipe(sys.argv[1:]))
    except RecipeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
