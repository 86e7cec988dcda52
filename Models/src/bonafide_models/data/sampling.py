"""Which clips are learned from, and in which pairs."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bonafide_models.arrays import Row
from bonafide_models.experiment import SHARES

# Hz: what is under it is narrowband, which a wideband network is not asked about.
LEAST_BANDWIDTH = {8000: 0, 16000: 5500}
CALL = ("telephone", "phone call")
# Sources of which teachers know little, as of voices of kind `classic`: in pairs with their genuine clips labels teach.
UNTAUGHT = "debian-asterisk-core"
# Of sources of `data.neural`, which have no genuine clips.
NEURAL = "pypi-"
# Telephone clips of a class without which none are drawn on purpose.
LEAST_LINE = 100


def on_line(row: Row) -> bool:
    """Whether the clip is telephone speech."""
    return (
        row.get("kind") == "phone"
        or row.get("source_rate") == "8000"
        or any(words in row.get("note", "") for words in CALL)
    )


def has_band(row: Row, rate: int) -> bool:
    """Whether a network of this rate is asked about the clip."""
    return float(row.get("bandwidth_hz") or rate / 2) >= LEAST_BANDWIDTH[rate]


def learned_from(rows: Sequence[Row], exclude: str, rate: int) -> list[int]:
    """Places of the rows of split `train` that last half a second, have the band of `rate` and are of no excluded
    speaker."""
    return [
        i
        for i, row in enumerate(rows)
        if row["split"] == "train"
        and row["count"] > rate // 2
        and has_band(row, rate)
        and not (exclude and re.search(exclude, row.get("speaker", "")))
    ]


class Table:
    """Rows to draw from: sources by the root of their size, inside a source systems evenly."""

    def __init__(self, rows: Sequence[Row], group: Iterable[int]) -> None:
        group = list(group)
        cells: dict[str, dict[str, list[int]]] = {}
        for i in group:
            cells.setdefault(rows[i]["source"], {}).setdefault(rows[i]["system"], []).append(i)
        weight: dict[int, float] = {}
        for systems in cells.values():
            size = sum(map(len, systems.values()))
            for members in systems.values():
                for i in members:
                    weight[i] = size**0.5 / len(systems) / len(members)
        chance = np.array([weight[i] for i in group])
        self.group, self.cumulative = group, np.cumsum(chance / chance.sum())

    def __len__(self) -> int:
        return len(self.group)

    def draw(self, rng: np.random.Generator) -> int:
        return self.group[min(int(np.searchsorted(self.cumulative, rng.random())), len(self) - 1)]


Two = tuple[Table, Table]


class Sampler:
    """Draws pairs (genuine, spoof) of training rows, so that neither source nor line says anything about the class:

    matched  both from one source that has both classes: the same page, microphones and file formats
    line     both telephone speech
    copy     a genuine clip and its copy through a vocoder (rows of kind `copy`; the original's path is in the note)
    classic  a spoof of kind `classic` (rules, diphones, HMMs) or of `data.neural` (few clips, which the rest would not
             show often enough) and a genuine clip, of a telephone more often than not
    free     each from anywhere

    Sources with both classes by the root of the smaller class. What the rows do not have is not drawn, and the
    `shares` of the others grow."""

    def __init__(self, rows: Sequence[Row], exclude: str, rate: int, shares: Mapping[str, float] = SHARES) -> None:
        train = learned_from(rows, exclude, rate)
        genuine = [i for i in train if rows[i]["label"] == "bonafide"]
        spoof = [i for i in train if rows[i]["label"] == "spoof" and rows[i].get("kind") != "copy"]
        place = {rows[i]["file"]: i for i in genuine}
        copies = [i for i in train if rows[i].get("kind") == "copy" and rows[i]["note"] in place]
        classics = [i for i in spoof if rows[i].get("kind") == "classic" or rows[i]["source"].startswith(NEURAL)]
        self.original = {i: place[rows[i]["note"]] for i in copies}

        def tables(wanted: bool) -> Two:
            of_people, of_machines = ([i for i in group if on_line(rows[i]) == wanted] for group in (genuine, spoof))
            return Table(rows, of_people), Table(rows, of_machines)

        self.line, self.free = tables(True), tables(False)
        self.copies, self.classics = Table(rows, copies), Table(rows, classics)
        self.sources = self.with_both_classes(rows, genuine, spoof)
        size = np.array([min(len(people), len(machines)) ** 0.5 for people, machines in self.sources.values()])
        self.names, self.weights = list(self.sources), size / size.sum()
        possible = {
            "copy": bool(copies),
            "classic": bool(classics),
            "matched": bool(self.names),
            "line": all(len(table) >= LEAST_LINE for table in self.line),
            "free": True,
        }
        drawn = {mode: share for mode, share in shares.items() if share and possible[mode]}
        self.modes, self.chance = list(drawn), np.array(list(drawn.values())) / sum(drawn.values())

    @staticmethod
    def with_both_classes(rows: Sequence[Row], genuine: list[int], spoof: list[int]) -> dict[str, Two]:
        """Tables (genuine, spoof) by source, in an order that is the same in each run."""
        found = {}
        for source in sorted({rows[i]["source"] for i in genuine}):
            people, machines = ([i for i in group if rows[i]["source"] == source] for group in (genuine, spoof))
            if people and machines:
                found[source] = Table(rows, people), Table(rows, machines)
        return found

    def mode(self, rng: np.random.Generator, easy: bool) -> str:
        if easy:
            return "line" if "line" in self.modes and rng.random() < 0.2 else "free"
        return self.modes[rng.choice(len(self.modes), p=self.chance)]

    def pair(self, rng: np.random.Generator, easy: bool = False) -> tuple[int, int, bool]:
        """(genuine, spoof), and whether it is one of kind `classic`. An easy one is of two clips from anywhere, or of
        two lines."""
        mode = self.mode(rng, easy)
        if mode == "copy":
            copy = self.copies.draw(rng)
            return self.original[copy], copy, False
        if mode == "classic":
            people = (self.line if "line" in self.modes and rng.random() < 0.6 else self.free)[0]
            return people.draw(rng), self.classics.draw(rng), True
        if mode == "matched":
            people, machines = self.sources[self.names[rng.choice(len(self.names), p=self.weights)]]
        else:
            people, machines = self.line if mode == "line" else self.free
        return people.draw(rng), machines.draw(rng), False
