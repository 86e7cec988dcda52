"""Send the clips of a protocol table through codecs, lines and rooms, to see what a detector makes of them.

python -m bonafide_models.evaluation.degrade PROTOCOL OUT --condition NAME[,NAME…] [--split dev] [--limit N]
                                             [--seed 0] [--jobs 1]
python -m bonafide_models.evaluation.degrade --list

Writes OUT/NAME/….flac (16 bit) and OUT/NAME/protocol.tsv for each condition. `a+b` is a, then b. 8 kHz where any part
of the condition is narrowband, else 16 kHz. The same command writes the same bytes.
"""

import argparse
import contextlib
import functools
import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from bonafide_models import sound
from bonafide_models.arrays import Row, Samples
from bonafide_models.data import protocol
from bonafide_models.lines import codecs, effects

WIDE, NARROW = 16000, 8000  # Hz
BLOCK = 40  # clips that go through an encoder in one go: starting it costs more than encoding
GAP = 0.5  # s of digital silence around each of them


# Samples, their rate and a generator to samples at the same rate.
Apply: TypeAlias = Callable[[Samples, int, np.random.Generator], Samples]


@dataclass(frozen=True)
class Effect:
    rate: int
    """Hz"""
    summary: str
    apply: Apply


def effect(function: Callable[..., Samples], summary: str, rate: int = WIDE, **settings: float) -> Effect:
    return Effect(rate, summary, functools.partial(function, **settings))


EFFECTS = {
    "plain": Effect(WIDE, "nothing: the clip as it is, to compare with", lambda x, rate, rng: x),
    "loss5": effect(effects.packet_loss, "5 % of packets of 20 ms lost in bursts, concealed", share=0.05),
    "loss10": effect(effects.packet_loss, "10 % of packets of 20 ms lost in bursts, concealed", share=0.1),
    "noise20": effect(effects.noise, "speech-shaped or pink noise, 20 dB under the speech", snr=20),
    "noise10": effect(effects.noise, "speech-shaped or pink noise, 10 dB under the speech", snr=10),
    "noise5": effect(effects.noise, "speech-shaped or pink noise, 5 dB under the speech", snr=5),
    "room": effect(effects.room, "a room of 0.2 to 0.8 s reverberation"),
    "handset": effect(effects.handset, "300–3400 Hz with a resonance", rate=NARROW),
    "clip": effect(effects.clip, "the loudest 0.3 to 3 % of samples clipped"),
    "gain+12": effect(effects.gain, "12 dB louder, limited at full scale", decibels=12),
    "gain-12": effect(effects.gain, "12 dB softer", decibels=-12),
    "trim": effect(effects.trim, "silence at both ends and long pauses cut"),
    "pad": effect(effects.pad, "0.5 to 2 s of low noise added at both ends"),
    "speed+3": effect(effects.speed, "3 % faster and higher", percent=3),
    "speed-3": effect(effects.speed, "3 % slower and lower", percent=-3),
}


class UnknownCondition(ValueError):
    pass


@dataclass(frozen=True)
class Condition:
    """Codecs and effects one after the other; `gain+12` is one name, `gsm+ulaw` two."""

    name: str

    @property
    def parts(self) -> list[str]:
        return re.split(r"\+(?!\d)", self.name)

    def check(self) -> None:
        for part in self.parts:
            if part not in codecs.CODECS and part not in EFFECTS:
                raise UnknownCondition(f"no condition {part!r}; degrade --list tells which there are")

    @property
    def rate(self) -> int:
        return min((codecs.CODECS.get(p) or EFFECTS[p]).rate for p in self.parts)

    @property
    def missing(self) -> str | None:
        """None, or why this machine cannot do it."""
        reasons = [codecs.missing(p) for p in self.parts if p in codecs.CODECS]
        return next((r for r in reasons if r), None)


def named(names: Sequence[str]) -> list[Condition]:
    """Conditions; `UnknownCondition` where there is none of a name."""
    conditions = [Condition(name) for name in names]
    for condition in conditions:
        condition.check()
    return conditions


def through_codec(name: str, clips: Sequence[Samples]) -> list[Samples]:
    """The clips in one go, with silence between them."""
    gap = np.zeros(round(GAP * codecs.CODECS[name].rate))
    joined = np.concatenate([part for clip in clips for part in (gap, clip)] + [gap])
    out, at = codecs.through(name, joined), 0
    parts: list[Samples] = []
    for clip in clips:
        at += len(gap)
        parts.append(out[at : at + len(clip)])
        at += len(clip)
    return parts


def degraded(
    condition: Condition, clips: Sequence[Samples], rate: int, names: Sequence[str], seed: int
) -> list[Samples]:
    """Clips at `rate` through all parts of the condition, at its rate. `names` are what the clips' random draws hang
    on."""
    for position, part in enumerate(condition.parts):
        if part in codecs.CODECS:
            target = codecs.CODECS[part].rate
            clips, rate = through_codec(part, [sound.resampled(x, rate, target) for x in clips]), target
        else:
            target = min(rate, EFFECTS[part].rate)
            draws = [protocol.generator(seed, part, position, name) for name in names]
            clips = [EFFECTS[part].apply(sound.resampled(x, rate, target), target, rng) for x, rng in zip(clips, draws)]
            rate = target
    return [sound.resampled(x, rate, condition.rate) for x in clips]


Job = tuple[Condition, list[Row], str, str, int]


def write_block(job: Job) -> tuple[list[Row], float]:
    """One block of rows under one condition: the rows of the new table, and the share of samples at full scale."""
    condition, rows, source, folder, seed = job
    clips = [sound.decode(os.path.join(source, r["file"]), WIDE) for r in rows]
    out: list[Row] = []
    loud = 0.0
    for row, x in zip(rows, degraded(condition, clips, WIDE, [r["file"] for r in rows], seed)):
        file = protocol.stem(row["file"]) + ".flac"
        sound.write(os.path.join(folder, file), x, condition.rate)
        loud += float(np.mean(np.abs(x) >= 1)) if len(x) else 0.0
        out.append(
            dict(row, file=file, **({"duration_s": f"{len(x) / condition.rate:.2f}"} if "duration_s" in row else {}))
        )
    return out, loud


def write_condition(
    condition: Condition, rows: list[Row], source: str, out: str, seed: int, pool_map: Callable[..., Iterable[Any]]
) -> None:
    folder = os.path.join(out, condition.name)
    os.makedirs(folder, exist_ok=True)
    blocks = [(condition, rows[i : i + BLOCK], source, folder, seed) for i in range(0, len(rows), BLOCK)]
    done = list(pool_map(write_block, blocks))
    protocol.write_rows(os.path.join(folder, "protocol.tsv"), [r for block, _ in done for r in block])
    limited = sum(loud for _, loud in done) / len(rows)
    print(
        f"{condition.name}: {len(rows)} clips, {condition.rate} Hz"
        + (f", {limited:.2%} of samples at full scale" if limited else ""),
        flush=True,
    )


def print_list() -> None:
    parts: dict[str, codecs.Codec | Effect] = {**codecs.CODECS, **EFFECTS}
    for name, part in parts.items():
        lack = Condition(name).missing
        print(f"{name:9s} {part.rate // 1000:2d} kHz  {part.summary:58s} {'missing: ' + lack if lack else 'there'}")
    print("a+b       a, then b")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", nargs="?")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--condition", help="names, separated by commas")
    parser.add_argument("--split")
    parser.add_argument("--limit", type=int, help="this many clips, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    listed = "tell the conditions, and whether this machine has their encoders"
    parser.add_argument("--list", action="store_true", help=listed)
    options = parser.parse_args()
    if options.list:
        return options
    if not (options.protocol and options.out and options.condition):
        parser.error("PROTOCOL, OUT and --condition are needed (or --list)")
    try:
        options.conditions = named(options.condition.split(","))
    except UnknownCondition as error:
        parser.error(str(error))
    return options


def main() -> int:
    o = parsed()
    if o.list:
        print_list()
        return 0
    rows = protocol.read_rows(o.protocol, o.split, o.limit, o.seed)
    source, failed = os.path.dirname(os.path.abspath(o.protocol)), False
    with multiprocessing.Pool(o.jobs) if o.jobs > 1 else contextlib.nullcontext() as pool:
        for c in o.conditions:
            try:
                if c.missing:
                    raise codecs.CodecError(c.missing)
                write_condition(c, rows, source, o.out, o.seed, pool.imap if pool else map)
            except codecs.CodecError as error:
                print(f"{c.name}: not made: {error}", file=sys.stderr)
                failed = True
            except sound.Unreadable as error:
                sys.exit(str(error))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
