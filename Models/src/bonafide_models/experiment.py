"""What a training is made of: one TOML file, kept with the model that came of it in Models/experiments."""

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

# Shares of the pairs that data/sampling.py draws, by their kind.
SHARES = {"matched": 0.34, "line": 0.22, "copy": 0.18, "classic": 0.10, "free": 0.16}


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message is one line."""


@dataclass(frozen=True)
class Experiment:
    """A training and the model that it makes. Paths are relative to the folder where a step is run."""

    model: str
    """Of the weights and the card, without suffix: Models/narrowband"""
    version: str = "1"
    sample_rate_hz: int = 8000
    """8000 (narrowband) or 16000 (wideband)"""

    tables: tuple[str, ...] = ()
    """Protocol tables, of which the cache is made where it is not there."""
    cache: str = ".build/training/cache"
    most: int = 0
    """Clips of a source and class that the cache takes at most; 0 for all."""
    seconds: float = 0.0
    """The first seconds of each clip that it takes; 0 for all."""
    one_codec: bool = False
    """Each clip of the cache once more through one codec, drawn for it, in place of through each."""
    run: str = ".build/training/run"
    """Folder of checkpoint, log and scores of dev. A training that was stopped goes on from there."""
    music: str = ""
    """Folder of recordings without speech (hold music); empty for none."""
    exclude: str = ""
    """Regular expression: speakers left out of training; empty for none."""
    shares: dict[str, float] = dataclasses.field(default_factory=lambda: dict(SHARES))

    channels: tuple[int, ...] = (16, 40, 96, 160)
    """Of the four convolutions."""
    dense: int = 160
    hidden: int = 128
    start: str = ""
    """Weights to begin from, in place of random ones."""
    teachers: tuple[str, ...] = ()
    """Weights whose mean score is to be learned as well."""
    narrowband_teachers: tuple[str, ...] = ()
    """The same of narrowband networks that teach a wideband one."""
    targets: str = ""
    """JSON, score of each clip by its file, that is to be learned as well, as teachers gave it before any line."""

    steps: int = 12000
    minutes: float = 0.0
    """Where above 0, training ends after about this time, if steps do not end it before."""
    batch: int = 32
    learning_rate: float = 2e-3
    """The highest; it falls to 0 by a cosine."""
    weight_decay: float = 0.05
    easy: bool = False
    """Begin with pairs and lines that are easy to learn from: without it a network of random weights hardly starts."""
    bfloat16: bool = False
    """Convolutions in bfloat16: half of the time on processors that have it."""
    silent: float = 0.2
    """Share of clips in which nobody talks for a while."""
    spliced: float = 0.12
    """Share of clips of which a part is of the other class."""
    speech_loss: float = 0.3
    """Weight of telling speech from music, tones and noise."""
    seed: int = 0
    look_every: int = 3000
    """Steps from one look at dev to the next."""

    def check(self) -> None:
        """Raises `RecipeError` where settings do not go together."""
        if self.sample_rate_hz not in (8000, 16000):
            raise RecipeError(f"sample_rate_hz is {self.sample_rate_hz}; 8000 and 16000 are known")
        if len(self.channels) != 4:
            raise RecipeError("channels are four")
        if self.batch < 2 or self.batch % 2:
            raise RecipeError("batch is of pairs, and so even")
        if not (0 <= self.silent <= 1 and 0 <= self.spliced <= 1):
            raise RecipeError("silent and spliced are shares, from 0 to 1")
        if self.speech_loss < 0:
            raise RecipeError("speech_loss is a weight, 0 at least")
        if unknown := set(self.shares) - set(SHARES):
            raise RecipeError(f"shares: no kind of pair {', '.join(sorted(unknown))}; there are {', '.join(SHARES)}")


@dataclass(frozen=True)
class Heads:
    """Heads of the second stage, and the folders of states that they learn from: second_stage/heads.py"""

    model: str
    """Models/second"""
    states: str = ".build/training/states"
    """What encoders.states made."""
    narrowband: tuple[str, ...] = ()
    """Sets of rows, each names of folders of `states` with commas in between; of each as many heads as seeds."""
    wideband: tuple[str, ...] = ()
    narrowband_seeds: int = 3
    wideband_seeds: int = 3
    narrowband_coding: tuple[str, ...] = ()
    """Folders of the variant codec8, by which the mark of coding is learned; none: that of `keep` stays."""
    wideband_coding: tuple[str, ...] = ()
    """Of codec16."""
    page: float = 0
    """How much of the difference of two sources' mean genuine states rows are moved by at most: `rows.Shifts`."""
    speaker: float = 0
    """The same of the difference of two genuine clips of one source."""
    epochs: int = 12
    keep: str = ""
    """Weights of earlier heads that stay beside those that are learned, which take the inputs' scales from there."""
    replaced: tuple[str, ...] = ()
    """Bands none of whose heads of `keep` stays; the scales of their inputs and their mark of coding do."""
    look: tuple[str, ...] = ()
    """Folders whose EER is printed."""

    def check(self) -> None:
        """Raises `RecipeError` where settings do not go together."""
        if not self.keep and (not self.narrowband or not self.wideband):
            raise RecipeError("narrowband and wideband name a set of rows at least, where no heads are kept")
        for band in self.replaced:
            if band not in ("narrowband", "wideband") or not getattr(self, band):
                raise RecipeError(f"replaced: {band} is no band with a set of rows")


Kind = TypeVar("Kind", Experiment, Heads)


def read(path: str | Path, kind: type[Kind], **changes: Any) -> Kind:
    """The recipe of a TOML file, with some of its settings changed; a change that is None is none."""
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
        changed = {name: value for name, value in changes.items() if value is not None}
        return made(kind, settings | changed)
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, RecipeError) as error:
        raise RecipeError(f"{path}: {error}") from None


def made(kind: type[Kind], settings: dict[str, Any]) -> Kind:
    """The recipe of these settings."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in settings:
        if name not in fields:
            raise RecipeError(f"no setting {name!r}; there are {', '.join(fields)}")
    if "model" not in settings:
        raise RecipeError("model is missing")
    recipe = kind(**{name: fitting(name, value, fields[name].type) for name, value in settings.items()})
    recipe.check()
    return recipe


def fitting(what: str, value: Any, kind: Any) -> Any:
    """A value of TOML as the dataclass has it."""
    if kind in (float, int, str, bool):
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        raise RecipeError(f"{what}: {value!r} is no {kind.__name__}")
    if kind == dict[str, float]:
        if isinstance(value, dict):
            return {name: fitting(f"{what}.{name}", share, float) for name, share in value.items()}
        raise RecipeError(f"{what}: {value!r} is no table")
    if not isinstance(value, (list, tuple)):
        raise RecipeError(f"{what}: {value!r} is no list")
    member = int if kind == tuple[int, ...] else str
    return tuple(fitting(what, one, member) for one in value)
