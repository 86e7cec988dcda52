"""Pooled states of clips, as encoders.states writes them, and how they are drawn to learn from."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bonafide_models.arrays import Doubles, Row, Whole
from bonafide_models.encoders.states import CHUNK

States = npt.NDArray[np.float16]
# Speakers of samples/ (Debian's Asterisk prompts), left out by speaker and by note.
SAMPLE_SPEAKERS = "allison|wallack|june"
# Numbers of the speech encoder, of its convolutions and three blocks.
OF_SPEECH = 2 * 4 * 512
# Genuine clips of a source whose mean stands for its page.
LEAST_OF_PAGE = 4


def files(states: str | Path, name: str, spectra: bool) -> list[Path]:
    """The speech encoder's states of a folder, in order; with `spectra` those that have the other's beside."""
    paths = sorted(path for path in (Path(states) / name).glob("[0-9]*.npy") if ".part" not in path.name)
    return [path for path in paths if not spectra or (Path(states) / "spectra" / name / path.name).exists()]


def load(states: str | Path, name: str, spectra: bool = True, blocks: int = 3) -> tuple[States, list[Row]]:
    """States of both encoders (clips, 2 * (1 + blocks) * 512 + 2 * 1024), of the clips that have both, or of the speech
    encoder alone; and rows."""
    folder = Path(states) / name
    rows: list[Row] = json.loads((folder / "rows.json").read_text())
    parts, kept = [], []
    for path in files(states, name, spectra):
        beside = Path(states) / "spectra" / name / path.name
        part: States = np.load(path)
        part = part[:, : 1 + blocks].reshape(len(part), -1)
        first = int(path.name[:4]) * CHUNK
        kept += rows[first : first + len(part)]
        parts.append(np.concatenate([part, np.load(beside).reshape(len(part), -1)], 1) if spectra else part)
    return np.concatenate(parts), kept


def is_learned_from(row: Row) -> bool:
    """Of the split for training, and by no speaker of samples/."""
    speaker = row.get("speaker", "") + " " + row.get("note", "")
    return row["split"] == "train" and not re.search(SAMPLE_SPEAKERS, speaker, re.I)


def gather(states: str | Path, names: Sequence[str], spectra: bool) -> tuple[States, list[Row]]:
    """Training rows of the folders: of a source that a table of the recipe has, those alone."""
    loaded = {name: load(states, name, spectra) for name in names}
    longer = {row["source"] for name, (_, rows) in loaded.items() if name.startswith("recipe") for row in rows}

    def wanted(name: str, row: Row) -> bool:
        return is_learned_from(row) and (name.startswith("recipe") or row["source"] not in longer)

    parts: list[States] = []
    rows: list[Row] = []
    for name, (part, part_rows) in loaded.items():
        keep = [i for i, row in enumerate(part_rows) if wanted(name, row)]
        parts.append(part[keep])
        rows += [part_rows[i] | {"states": name} for i in keep]
    return np.concatenate(parts), rows


def chances(rows: Sequence[Row]) -> Doubles:
    """Of being drawn: classes alike, sources by the root of their size, inside a source generators evenly."""
    cells: dict[tuple[str, str], dict[str, list[int]]] = {}
    for i, row in enumerate(rows):
        system = row["system"] if row["label"] == "spoof" else "-"
        cells.setdefault((row["label"], row["source"]), {}).setdefault(system, []).append(i)
    chance = np.zeros(len(rows))
    for cell in cells.values():
        size = sum(map(len, cell.values()))
        for members in cell.values():
            chance[members] = size**0.5 / len(cell) / len(members)
    genuine = np.array([row["label"] == "bonafide" for row in rows])
    for of in (genuine, ~genuine):
        chance[of] /= chance[of].sum()
    return chance / 2


class Pairs:
    """A genuine and a synthetic clip of one source, of the sources that have both: microphone, codec and texts are
    alike."""

    def __init__(self, rows: Sequence[Row]) -> None:
        sources: dict[str, tuple[list[int], list[int]]] = {}
        for i, row in enumerate(rows):
            sources.setdefault(row["source"], ([], []))[row["label"] == "spoof"].append(i)
        self.sources = [(np.array(b), np.array(s)) for b, s in sources.values() if b and s]
        weight = np.array([min(len(b), len(s)) ** 0.5 for b, s in self.sources])
        self.cumulative = np.cumsum(weight) / weight.sum()

    def drawn(self, rng: np.random.Generator, count: int) -> tuple[Whole, Whole]:
        """Indices (count,) of genuine clips and of synthetic ones."""
        picked = np.searchsorted(self.cumulative, rng.random(count)).clip(max=len(self.sources) - 1)
        pairs: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = [self.sources[k] for k in picked]
        genuine = np.array([b[rng.integers(len(b))] for b, _ in pairs])
        return genuine, np.array([s[rng.integers(len(s))] for _, s in pairs])


class Shifts:
    """What tells pages and speakers apart, by which rows are moved while heads learn from them, so that they lean on it
    less: differences of two sources' mean genuine states, and of two genuine clips of one source."""

    def __init__(self, x: Tensor, rows: Sequence[Row], page: float, speaker: float) -> None:
        """`page` and `speaker`: times how much of a difference a row is moved at most, 0 for not at all."""
        self.x, self.page, self.speaker = x, page, speaker
        sources: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            if row["label"] == "bonafide":
                sources.setdefault(row["source"], []).append(i)
        self.members = [np.array(members) for members in sources.values() if len(members) >= LEAST_OF_PAGE]
        self.means = torch.stack([x[torch.from_numpy(members)].float().mean(0) for members in self.members])

    def drawn(self, rng: np.random.Generator, count: int) -> Tensor:
        """(count, inputs)"""
        one, other = torch.from_numpy(rng.integers(len(self.members), size=(2, count)))
        by = torch.from_numpy(rng.random((2, count, 1)) * [[[self.page]], [[self.speaker]]]).float()
        shift = by[0] * (self.means[one] - self.means[other])
        if self.speaker:
            clips = [rng.choice(self.members[k], 2, replace=False) for k in rng.integers(len(self.members), size=count)]
            first, second = torch.from_numpy(np.array(clips).T)
            shift += by[1] * (self.x[first].float() - self.x[second].float())
        return shift
