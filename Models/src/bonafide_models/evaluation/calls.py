"""Simulated calls of two parties, with truth: who is genuine, who synthetic, and where.

python -m bonafide_models.evaluation.calls PROTOCOL OUT [--split dev] [--calls 20] [--seed 0] [--codec NAME[,NAME…]]
                                           [--music FOLDER] [--mono]

Writes OUT/calls/*.wav (8 kHz, µ-law, a channel a party), OUT/protocol.tsv (a row a party), OUT/truth.rttm (the
synthetic stretches) and OUT/speech.rttm (all utterances, named genuine or synthetic). The same command writes the same
bytes.
"""

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bonafide_models import sound
from bonafide_models.arrays import Row, Samples
from bonafide_models.data import protocol
from bonafide_models.evaluation import degrade
from bonafide_models.evaluation.cast import Cast, Party
from bonafide_models.evaluation.plans import Call, planned
from bonafide_models.lines import line_sounds
from bonafide_models.lines.line_sounds import RATE, HoldMusic

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


def through_line(x: Samples, codec: str, name: str, rng: np.random.Generator, seed: int) -> Samples:
    """One party's channel with the noise of its line, sent through its codec."""
    condition = degrade.Condition(codec)
    y = degrade.degraded(condition, [x + line_sounds.line_noise(rng, len(x))], RATE, [name], seed)[0]
    return sound.resampled(y, condition.rate, RATE)[: len(x)]


def rendered(call: Call, rng: np.random.Generator) -> Samples:
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


# First sample, last, name.
Stretch = tuple[int, int, str]


def stretches(call: Call, party: int) -> list[Stretch]:
    """(start, stop, name) in samples of all that a party says, synthetic and genuine parts apart; the pauses in a turn
    belong to what is the same on both sides of them."""
    found: list[Stretch] = []
    for turn in call.turns:
        parts: list[Stretch] = []
        for at, utterance in turn.placed() if turn.party == party else ():
            done = 0
            for start, stop in utterance.synthetic:
                parts += [(at + done, at + start, "genuine"), (at + start, at + stop, "synthetic")]
                done = stop
            parts.append((at + done, at + len(utterance.samples), "genuine"))
        for name, group in itertools.groupby((p for p in parts if p[1] > p[0]), key=lambda p: p[2]):
            run = list(group)
            found.append((run[0][0], run[-1][1], name))
    return found


def united(found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of one name that touch, or that parties on one channel share, as one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def rttm(name: str, channel: int, start: int, stop: int, label: str) -> str:
    return f"SPEAKER {name} {channel} {start / RATE:.3f} {(stop - start) / RATE:.3f} <NA> <NA> {label} <NA> <NA>\n"


def row(file: str, channel: int, party: Party, said: Sequence[Stretch], codec: str, split: str) -> Row:
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


@dataclass
class Tables:
    """What is written beside the calls."""

    rows: list[Row] = field(default_factory=list)
    speech: list[str] = field(default_factory=list)
    truth: list[str] = field(default_factory=list)


def write_call(
    number: int, cast: Cast, o: argparse.Namespace, codecs: list[str], music: HoldMusic, tables: Tables
) -> None:
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
    spoken: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for party in (0, 1):
        channel, said = 1 if o.mono else party + 1, stretches(call, party)
        tables.rows.append(row(file, channel, call.parties[party], said, used[party], o.split or "-"))
        for start, stop, label in said:
            spoken.setdefault((channel, label), []).append((start, stop))
    for (channel, label), found in sorted(spoken.items()):
        lines = [rttm(name, channel, *s, label) for s in united(found)]
        tables.speech += lines
        tables.truth += lines if label == "synthetic" else []


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("out")
    parser.add_argument("--split")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    conditions = "conditions of degrade, of which each party gets one by chance (default: those of telephony)"
    parser.add_argument("--codec", help=conditions)
    parser.add_argument("--music", help="folder of recordings to play on hold; without it there is no hold music")
    parser.add_argument("--mono", action="store_true", help="both parties on one channel")
    options = parser.parse_args()
    try:
        options.conditions = degrade.named(options.codec.split(",") if options.codec else CODECS)
    except degrade.UnknownCondition as error:
        parser.error(str(error))
    return options


def main() -> int:
    o = parsed()
    for c in o.conditions:
        if c.missing:
            print(f"{c.name}: not used: {c.missing}", file=sys.stderr)
    codecs = [c.name for c in o.conditions if not c.missing]
    if not codecs:
        return 1
    cast = Cast(protocol.read_rows(o.protocol, o.split), os.path.dirname(os.path.abspath(o.protocol)))
    music, tables = HoldMusic(o.music), Tables()
    try:
        for number in range(1, o.calls + 1):
            write_call(number, cast, o, codecs, music, tables)
    except sound.Unreadable as error:
        sys.exit(str(error))
    protocol.write_rows(os.path.join(o.out, "protocol.tsv"), tables.rows)
    for name, lines in (("truth", tables.truth), ("speech", tables.speech)):
        with open(os.path.join(o.out, name + ".rttm"), "w") as file:
            file.writelines(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
