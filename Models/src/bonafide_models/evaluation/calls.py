"""Simulated calls of two parties, with truth: who is genuine, who synthetic, and where.

calls.py PROTOCOL OUT [--split dev] [--calls 20] [--seed 0] [--codec NAME[,NAME…]] [--music FOLDER] [--mono]

Writes OUT/calls/*.wav (8 kHz, µ-law, a channel a party), OUT/protocol.tsv (a row a party), OUT/truth.rttm (the
synthetic stretches) and OUT/speech.rttm (all utterances, named genuine or synthetic). The same command writes the same
bytes.
"""

import argparse
import itertools
import os
import sys
from dataclasses import dataclass

import numpy as np

from bonafide_models import sound
from bonafide_models.data import protocol
from bonafide_models.evaluation import degrade
from bonafide_models.evaluation.cast import Cast
from bonafide_models.lines import line_sounds
from bonafide_models.lines.line_sounds import RATE

SHORTEST, LONGEST = 60, 180  # s
KINDS = {"genuine": 0.5, "synthetic": 0.25, "spliced": 0.25}
CODECS = [
    "plain",
    "ulaw",
    "alaw",
    "g726",
    "gsm",
    "amr12.2",
    "amr4.75",
    "g729",
    "speex-nb",
    "opus12",
    "amr12.2+ulaw",
    "gsm+alaw",
]
LEVELS = (-34, -18)  # dBFS, of a party's speech
OVERLAP = 0.25  # share of the changes of speaker that overlap, less where an interlude comes between
AIR = 0.4  # s around hold music and keys
END = 0.5  # s after the last word


@dataclass
class Turn:
    party: int
    utterances: list
    start: float = 0.0  # s
    pauses: tuple = ()  # s before each utterance; the first is 0

    @property
    def duration(self):
        return sum(self.pauses) + sum(len(u.samples) for u in self.utterances) / RATE

    def placed(self):
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
    samples: np.ndarray
    start: float = 0.0  # s

    @property
    def duration(self):
        return len(self.samples) / RATE


@dataclass
class Call:
    parties: list
    turns: list
    interludes: list
    duration: float


def taken_in_turns(parties, rng):
    """One to three utterances a turn, the parties in alternation while both have any left."""
    left, turns, speaker = [list(p.utterances) for p in parties], [], int(rng.integers(2))
    while any(left):
        if not left[speaker]:
            speaker = 1 - speaker
        count = min(len(left[speaker]), int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15])))
        pauses = (0.0, *rng.uniform(0.15, 0.6, count - 1))
        turns.append(Turn(speaker, [left[speaker].pop(0) for _ in range(count)], pauses=pauses))
        speaker = 1 - speaker
    return turns


def gap_before(turn, previous, rng):
    """Seconds from the end of the previous turn; negative where the parties overlap."""
    if previous is None or previous.party == turn.party:
        return rng.uniform(0.4, 1.2)
    return (
        -rng.uniform(0.1, min(1.0, turn.duration / 2, previous.duration / 2))
        if rng.random() < OVERLAP
        else rng.uniform(0.1, 0.9)
    )


def drawn_interludes(spare, rng, music):
    """Hold music and keys that fit into `spare` seconds."""
    interludes = []
    if spare > 5 and rng.random() < 0.5:
        interludes.append(Interlude(int(rng.integers(2)), line_sounds.keys(rng)))
    while music and spare > 15 and len(interludes) < 3:
        interludes.append(Interlude(int(rng.integers(2)), music.draw(rng, rng.uniform(8, min(25, spare - 2)))))
        spare -= interludes[-1].duration + 2 * AIR
    return interludes


def set_times(turns, gaps, interludes, start):
    """Starts, in order; `interludes`: by the index of the turn before which they are heard."""
    at, ends = start, [0.0, 0.0]
    for i, (turn, gap) in enumerate(zip(turns, gaps)):
        if i in interludes:
            interludes[i].start = at + AIR
            at, gap = interludes[i].start + interludes[i].duration + AIR, max(gap, 0)
        turn.start = max(at + gap, ends[turn.party] + 0.2)
        at = ends[turn.party] = turn.start + turn.duration


def planned(parties, rng, music):
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
    set_times(turns, gaps, interludes, start=sum(i.duration for i in ringing))
    return Call(
        parties, turns, [*ringing, *interludes.values()], max(duration, turns[-1].start + turns[-1].duration + END)
    )


def through_line(x, codec, name, rng, seed):
    """One party's channel with the noise of its line, sent through its codec."""
    condition = degrade.Condition(codec)
    y = degrade.degraded(condition, [x + line_sounds.line_noise(rng, len(x))], RATE, [name], seed)[0]
    return sound.resampled(y, condition.rate, RATE)[: len(x)]


def rendered(call, rng):
    """The channels (2, samples) before noise and codec, each party at a level of its own."""
    channels = np.zeros((2, round(call.duration * RATE)))
    for party in (0, 1):
        speech = np.concatenate([u.samples for u in call.parties[party].utterances])
        gain = 10 ** ((rng.uniform(*LEVELS) - sound.speech_level(speech, RATE)) / 20)
        for turn in call.turns:
            for at, utterance in turn.placed() if turn.party == party else ():
                channels[party, at : at + len(utterance.samples)] += gain * utterance.samples
    for interlude in call.interludes:
        at = round(interlude.start * RATE)
        channels[interlude.party, at : at + len(interlude.samples)] += interlude.samples
    return channels


def stretches(call, party):
    """(start, stop, name) in samples of all that a party says, synthetic and genuine parts apart; the pauses in a turn
    belong to what is the same on both sides of them."""
    found = []
    for turn in call.turns:
        parts = []
        for at, utterance in turn.placed() if turn.party == party else ():
            done = 0
            for start, stop in utterance.synthetic:
                parts += [(at + done, at + start, "genuine"), (at + start, at + stop, "synthetic")]
                done = stop
            parts.append((at + done, at + len(utterance.samples), "genuine"))
        for name, run in itertools.groupby((p for p in parts if p[1] > p[0]), key=lambda p: p[2]):
            run = list(run)
            found.append((run[0][0], run[-1][1], name))
    return found


def united(found):
    """Stretches of one name that touch, or that parties on one channel share, as one."""
    merged = []
    for start, stop in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def rttm(name, channel, start, stop, label):
    return f"SPEAKER {name} {channel} {start / RATE:.3f} {(stop - start) / RATE:.3f} <NA> <NA> {label} <NA> <NA>\n"


def row(file, channel, party, said, codec, split):
    voice, insert = party.voice, party.insert
    synthetic = sum(stop - start for start, stop, name in said if name == "synthetic") / RATE
    return {
        "file": file,
        "channel": channel,
        "label": "bonafide" if party.kind == "genuine" else "spoof",
        "kind": party.kind,
        "splice": party.method,
        "source": voice.source,
        "system": insert.system if insert else voice.system,
        "speaker": voice.speaker,
        "splice_source": insert.source if insert else "-",
        "splice_speaker": insert.speaker if insert else "-",
        "language": voice.language,
        "codec": codec,
        "split": split,
        "speech_s": f"{party.speech:.2f}",
        "synthetic_s": f"{synthetic:.2f}",
    }


def write_call(number, cast, o, codecs, music, tables):
    rng, name = protocol.generator(o.seed, "call", number), f"call-{number:04d}"
    kinds = rng.choice(list(KINDS), 2, p=list(KINDS.values())).tolist()
    first = cast.party(kinds[0], rng)
    call = planned([first, cast.party(kinds[1], rng, first)], rng, music)
    used = [str(c) for c in rng.choice(codecs, 2)]
    channels = [
        through_line(x, c, f"{name}-{i}", rng, o.seed) for i, (x, c) in enumerate(zip(rendered(call, rng), used), 1)
    ]
    file = f"calls/{name}.wav"
    sound.write(os.path.join(o.out, file), np.mean(channels, 0) if o.mono else np.stack(channels, 1), RATE, "ULAW")
    spoken = {}
    for party in (0, 1):
        channel, found = 1 if o.mono else party + 1, stretches(call, party)
        tables["rows"].append(row(file, channel, call.parties[party], found, used[party], o.split or "-"))
        for start, stop, label in found:
            spoken.setdefault((channel, label), []).append((start, stop))
    for (channel, label), found in sorted(spoken.items()):
        lines = [rttm(name, channel, *s, label) for s in united(found)]
        tables["speech"] += lines
        tables["truth"] += lines if label == "synthetic" else []


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("protocol")
    a.add_argument("out")
    a.add_argument("--split")
    a.add_argument("--calls", type=int, default=20)
    a.add_argument("--seed", type=int, default=0)
    a.add_argument(
        "--codec",
        help="conditions of degrade, of which each party gets one by chance (default: those of telephony)",
    )
    a.add_argument("--music", help="folder of recordings to play on hold; without it there is no hold music")
    a.add_argument("--mono", action="store_true", help="both parties on one channel")
    o = a.parse_args()
    conditions = [degrade.Condition(name) for name in (o.codec.split(",") if o.codec else CODECS)]
    try:
        for c in conditions:
            c.check()
    except degrade.UnknownCondition as error:
        a.error(str(error))
    for c in conditions:
        if c.missing:
            print(f"{c.name}: not used: {c.missing}", file=sys.stderr)
    codecs = [c.name for c in conditions if not c.missing]
    if not codecs:
        return 1
    cast = Cast(protocol.read_rows(o.protocol, o.split), os.path.dirname(os.path.abspath(o.protocol)))
    music, tables = line_sounds.HoldMusic(o.music), {"rows": [], "speech": [], "truth": []}
    try:
        for number in range(1, o.calls + 1):
            write_call(number, cast, o, codecs, music, tables)
    except sound.Unreadable as error:
        sys.exit(str(error))
    protocol.write_rows(os.path.join(o.out, "protocol.tsv"), tables["rows"])
    for name in ("truth", "speech"):
        with open(os.path.join(o.out, name + ".rttm"), "w") as file:
            file.writelines(tables[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
