"""Who speaks when in a simulated call, and what is heard in between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bonafide_models.arrays import Samples
from bonafide_models.evaluation.cast import Party, Utterance
from bonafide_models.lines import line_sounds
from bonafide_models.lines.line_sounds import RATE, HoldMusic

SHORTEST, LONGEST = 60, 180  # s
OVERLAP = 0.25  # share of the changes of speaker that overlap, less where an interlude comes between
AIR = 0.4  # s around hold music and keys
END = 0.5  # s after the last word


@dataclass
class Turn:
    party: int
    utterances: list[Utterance]
    start: float = 0.0
    """s"""
    pauses: tuple[float, ...] = ()
    """s before each utterance; the first is 0."""

    @property
    def duration(self) -> float:
        return sum(self.pauses) + sum(len(u.samples) for u in self.utterances) / RATE

    def placed(self) -> Iterator[tuple[int, Utterance]]:
        """(first sample, utterance) of each."""
        at = self.start
        for pause, utterance in zip(self.pauses, self.utterances):
            at += pause
            yield round(at * RATE), utterance
            at += len(utterance.samples) / RATE


@dataclass
class Interlude:
    """Hold music, keys or ring-back: sound on one channel while nobody speaks."""

    party: int
    samples: Samples
    start: float = 0.0
    """s"""

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


@dataclass
class Call:
    parties: list[Party]
    turns: list[Turn]
    interludes: list[Interlude]
    duration: float
    """s"""


def taken_in_turns(parties: Sequence[Party], rng: np.random.Generator) -> list[Turn]:
    """One to three utterances a turn, the parties in alternation while both have any left."""
    left, speaker = [list(p.utterances) for p in parties], int(rng.integers(2))
    turns: list[Turn] = []
    while any(left):
        if not left[speaker]:
            speaker = 1 - speaker
        count = min(len(left[speaker]), int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])))
        pauses = (0.0, *rng.uniform(0.15, 0.6, count - 1))
        turns.append(Turn(speaker, [left[speaker].pop(0) for _ in range(count)], pauses=pauses))
        speaker = 1 - speaker
    return turns


def gap_before(turn: Turn, previous: Turn | None, rng: np.random.Generator) -> float:
    """Seconds from the end of the previous turn; negative where the parties overlap."""
    if previous is None or previous.party == turn.party:
        return rng.uniform(0.4, 1.2)
    return (
        -rng.uniform(0.1, min(1.0, turn.duration / 2, previous.duration / 2))
        if rng.random() < OVERLAP
        else rng.uniform(0.1, 0.9)
    )


def drawn_interludes(spare: float, rng: np.random.Generator, music: HoldMusic) -> list[Interlude]:
    """Hold music and keys that fit into `spare` seconds."""
    interludes = []
    if spare > 5 and rng.random() < 0.5:
        interludes.append(Interlude(int(rng.integers(2)), line_sounds.keys(rng)))
    while music and spare > 15 and len(interludes) < 3:
        interludes.append(Interlude(int(rng.integers(2)), music.draw(rng, rng.uniform(8, min(25, spare - 2)))))
        spare -= interludes[-1].duration + 2 * AIR
    return interludes


def set_times(turns: Sequence[Turn], gaps: Sequence[float], interludes: Mapping[int, Interlude], start: float) -> None:
    """Starts, in order; `interludes`: by the index of the turn before which they are heard."""
    at, ends = start, [0.0, 0.0]
    for i, (turn, gap) in enumerate(zip(turns, gaps)):
        if i in interludes:
            interludes[i].start = at + AIR
            at, gap = interludes[i].start + interludes[i].duration + AIR, max(gap, 0)
        turn.start = max(at + gap, ends[turn.party] + 0.2)
        at = ends[turn.party] = turn.start + turn.duration


def planned(parties: list[Party], rng: np.random.Generator, music: HoldMusic) -> Call:
    """Turns and interludes in time. What the speech leaves of the call becomes interludes and longer pauses."""
    turns = taken_in_turns(parties, rng)
    gaps = np.array([gap_before(t, p, rng) for p, t in zip([None, *turns], turns)])
    bare = gaps.sum() + sum(t.duration for t in turns) + END
    duration = rng.uniform(*np.clip([1.1 * bare, 30 + 2.5 * bare], SHORTEST, LONGEST))
    spare = duration - bare
    ringing = [Interlude(1, line_sounds.ring_back(rng, rng.uniform(2, 8)))] if spare > 10 and rng.random() < 0.5 else []
    spare -= sum(i.duration for i in ringing)
    drawn = drawn_interludes(spare, rng, music)
    interludes = dict(zip(rng.permutation(np.arange(1, len(turns))).tolist(), drawn))
    spare -= sum(i.duration + 2 * AIR for i in interludes.values())
    weights = rng.exponential(size=len(turns) + 1) * np.append(gaps > 0, True)
    gaps += max(spare, 0) * weights[:-1] / weights.sum()
    set_times(turns, gaps.tolist(), interludes, start=sum(i.duration for i in ringing))
    return Call(
        parties, turns, [*ringing, *interludes.values()], max(duration, turns[-1].start + turns[-1].duration + END)
    )
