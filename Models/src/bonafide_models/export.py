"""Calibrate the averaged weights of a run on dev and write the model:

python -m bonafide_models.export Models/experiments/NAME.toml [--cache CACHE] [--run RUN] [--model Models/NAME]

Writes NAME.safetensors and NAME.json (the card), and leaves the recipe beside them as it is. Calibration, operating
points and metrics are of split `dev`, which training never saw; the metrics are therefore of the data that the
thresholds were set on, which the card says.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from bonafide_models import calibration, experiment
from bonafide_models.arrays import Doubles, Floats, Row
from bonafide_models.calibration import Calibration, Judged, classes
from bonafide_models.data.clips import Cache
from bonafide_models.data.sampling import has_band
from bonafide_models.experiment import Experiment, RecipeError
from bonafide_models.features import FEATURES, LogMel
from bonafide_models.networks import CRNN
from bonafide_models.training import checkpoints
from bonafide_models.training.scoring import cut, score

CALIBRATED_ON_S = (1, 2, 4)
PARTY_S = 12

Audio = Callable[[Row], Floats]


def rounded(value: Any) -> Any:
    """Six significant digits; a figure that cannot be computed is null."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


class Export:
    """The averaged weights of a run, on dev."""

    def __init__(self, settings: Experiment) -> None:
        self.settings, self.cache = settings, Cache(settings.cache)
        self.rate = self.cache.rate
        self.network = CRNN(settings.channels, settings.dense, settings.hidden).eval()
        self.front = LogMel(FEATURES[self.rate])
        progress = checkpoints.resume(settings.run, {"average": self.network})
        if not progress.step:
            raise RecipeError(f"{checkpoints.path_in(settings.run)} is not there: train first")
        self.steps = progress.step
        rows = self.cache.rows
        self.dev = [r for r in rows if r["split"] == "dev" and r["label"] != "codec" and has_band(r, self.rate)]
        self.parties = calibration.parties(self.dev, self.rate, PARTY_S)
        for part, what in ((self.dev, "clips"), (self.parties, f"voices with {PARTY_S} s of clips")):
            if len(set(classes(part))) < 2:
                raise RecipeError(f"split dev has no {what} of one class: calibration takes both")

    def audio(self, codec: str = "", seconds: int | None = None) -> Audio:
        """Of clips: their first seconds, or all."""
        clips, count = self.cache.arrays[codec], None if seconds is None else seconds * self.rate
        return lambda row: cut(clips, row)[:count]

    def whole(self, row: Row) -> Floats:
        """Of a party."""
        clips = self.cache.arrays[""]
        return np.concatenate([cut(clips, part) for part in row["parts"]])

    def scores(self, rows: Sequence[Row], audio: Audio, size: int = 64) -> Doubles:
        return score(self.network, self.front, rows, audio, size)

    @torch.no_grad()
    def genuine_calls(self) -> list[Floats]:
        """Frame outputs (U, 3) of the genuine clips of each source of dev, one after the other."""
        lines: dict[str, list[Floats]] = {}
        for row in self.dev:
            if row["label"] == "bonafide":
                lines.setdefault(row["source"], []).append(self.audio()(row))
        return [
            self.network(self.front(torch.from_numpy(np.concatenate(clips))[None]))[0][0].numpy()
            for clips in lines.values()
        ]

    def conditions(self, first: Sequence[Doubles]) -> dict[str, dict[str, float]]:
        """Figures of dev as it is, through each codec of the cache, and of its first seconds by their scores."""
        found = {}
        for codec in self.cache.arrays:
            scores = self.scores(self.dev, self.audio(codec))
            found[codec or "as they are"] = calibration.figures(self.dev, scores)
        for seconds, scores in zip(CALIBRATED_ON_S, first):
            found[f"first {seconds} s"] = calibration.figures(self.dev, scores)
        return found

    def training(self) -> dict[str, Any]:
        """What the card says of it."""
        exclude = self.settings.exclude
        rows = [
            row
            for row in self.cache.rows
            if row["split"] == "train"
            and has_band(row, self.rate)
            and not (exclude and re.search(exclude, row.get("speaker", "")))
        ]
        return {
            "date": datetime.date.today().isoformat(),
            "bonafide_clips": sum(row["label"] == "bonafide" for row in rows),
            "spoof_clips": sum(row["label"] == "spoof" for row in rows),
            "sources": len({row["source"] for row in rows}),
            "generators": len({row["system"] for row in rows if row["label"] == "spoof"}),
            "steps": self.steps,
            "weights": sum(values.numel() for values in self.network.parameters()),
        }

    def card(self) -> dict[str, Any]:
        """All but the sum of the weights' file."""
        sets: list[tuple[list[Row], Audio]] = [(self.dev, self.audio(seconds=s)) for s in CALIBRATED_ON_S]
        sets.append((self.parties, self.whole))
        raw = [self.scores(rows, audio, size=16) for rows, audio in sets]
        speech = [np.array([calibration.speech_seconds(audio(r), self.rate) for r in rows]) for rows, audio in sets]
        labels = [classes(rows) for rows, _ in sets]
        fit: Calibration = calibration.calibrate(raw, labels, speech)
        judged = [Judged(fit.llr(r, d), label) for r, d, label in zip(raw, speech, labels)]
        points = calibration.operating_points(judged[-2:])
        points["stretch_llr"] = calibration.stretch_point(self.genuine_calls(), fit, points["alarm_llr"])
        median = float(np.median(fit.slope * raw[-1][labels[-1] == 1] + fit.offset))
        return {
            "name": Path(self.settings.model).name,
            "version": self.settings.version,
            "architecture": {"type": "crnn", **self.network.config},
            "features": FEATURES[self.rate].card,
            "calibration": {
                "slope": fit.slope,
                "offset": fit.offset,
                "half_speech_s": fit.half,
                "genuine_median": median,
            },
            "operating_points": points,
            "training": self.training(),
            "metrics": {
                "command": "python -m bonafide_models.export, of the recipe in Models/experiments",
                "data": "split dev, not trained on; calibration and operating points were set on it",
                "clips": calibration.verdicts(judged[-2], points),
                "parties": {"seconds": PARTY_S, **calibration.verdicts(judged[-1], points)},
                "conditions": self.conditions(raw[:-1]),
            },
        }

    def write(self) -> dict[str, Any]:
        """Writes weights and card; returns the card."""
        card, path = self.card(), Path(self.settings.model + ".safetensors")
        path.parent.mkdir(parents=True, exist_ok=True)
        state = self.network.state_dict().items()
        tensors = {name: values.float().contiguous() for name, values in state if "num_batches" not in name}
        safetensors.torch.save_file(tensors, path, {"name": card["name"], "version": card["version"]})
        os.chmod(path, 0o644)
        card["safetensors_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        with open(self.settings.model + ".json", "w") as file:
            json.dump(rounded(card), file, indent=1, allow_nan=False)
        return card


def show(card: dict[str, Any]) -> None:
    """Prints what one looks at first."""
    for part in ({k: card[k] for k in ("calibration", "operating_points")}, *card["metrics"].values()):
        if isinstance(part, dict) and "as they are" not in part:
            print(json.dumps(part))
    for condition, values in card["metrics"]["conditions"].items():
        print(f"{condition:14s} " + "  ".join(f"{name} {100 * value:.1f}" for name, value in values.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    for name in ("cache", "run", "model", "version"):
        parser.add_argument("--" + name)
    options = vars(parser.parse_args())
    torch.set_num_threads(2)
    try:
        show(Export(experiment.read(options.pop("recipe"), Experiment, **options)).write())
    except RecipeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
