"""Does a detector, or the corpus, offer shortcuts? Score files: file and score, higher is more likely bona fide.

python -m bonafide_models.evaluation.gate GATE PROTOCOL …

metadata PROTOCOL [--split train]             what the table alone betrays of the class
channel PROTOCOL SCORES [--split dev]         what bandwidth, noise floor and level tell of the model's calls
change PROTOCOL PLAIN OTHER [--split dev]     how scores move from one condition to another
duration PROTOCOL SECONDS=SCORES …            EER by duration

Clips are joined with scores by their name without its extension. Sources are left out together in cross-validation.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from bonafide_models import metrics, sound
from bonafide_models.arrays import Doubles, Mask, Row, Samples, Words
from bonafide_models.data import protocol
from bonafide_models.evaluation.logistic import held_out

FOLDS = 10
RATE = 16000  # Hz at which clips are looked at
AUDIBLE = 55  # dB under the loudest band that still count as bandwidth
SHUFFLES = 10
LEAST = 4  # clips of both classes that a source needs to be matched


def judged(path: str, split: str) -> list[Row]:
    """Rows of the two classes."""
    rows = [r for r in protocol.read_rows(path, split) if r["label"] in ("bonafide", "spoof")]
    return rows or sys.exit(f"{path}: no bona fide or spoof rows")


def with_scores(rows: list[Row], *paths: str) -> tuple[list[Row], list[Doubles]]:
    """The rows that all score files have, and an array of scores for each file."""
    files = [protocol.read_scores(p) for p in paths]
    rows = [r for r in rows if all(protocol.stem(r["file"]) in f for f in files)]
    if not rows:
        sys.exit("no file of the table has a score in " + " and ".join(paths))
    return rows, [np.array([f[protocol.stem(r["file"])] for r in rows]) for f in files]


def genuine(rows: Sequence[Row]) -> Mask:
    return np.array([r["label"] == "bonafide" for r in rows])


def error_rates(rows: Sequence[Row], scores: Doubles) -> tuple[float, float]:
    """EER, pooled and source-matched."""
    bona = genuine(rows)
    return metrics.eer(scores[bona], scores[~bona]), metrics.matched_eer(rows, scores, LEAST)


def auc(scores: Doubles, positive: Mask) -> float:
    """Share of (positive, negative) pairs in the right order, ties half."""
    low = np.sort(scores[~positive])
    return float(
        (np.searchsorted(low, scores[positive], "left") + np.searchsorted(low, scores[positive], "right")).mean()
        / 2
        / len(low)
    )


def matched_auc(scores: Doubles, positive: Mask, sources: Words) -> tuple[float, int]:
    """AUC inside each source with LEAST clips on both sides, weighted like the source-matched EER; and how many
    sources."""
    values, weights = [], []
    for source in np.unique(sources):
        s, p = scores[sources == source], positive[sources == source]
        if min(p.sum(), (~p).sum()) >= LEAST:
            values.append(auc(s, p))
            weights.append(np.sqrt(p.sum() * (~p).sum()))
    return (float(np.average(values, weights=weights)) if values else float("nan")), len(values)


def numbers(rows: Sequence[Row], column: str) -> Doubles:
    def number(text: Any) -> float:
        try:
            return float(text)
        except (TypeError, ValueError):
            return 0.0

    return np.array([number(r.get(column)) for r in rows])


def words(rows: Sequence[Row], column: str) -> Words:
    return np.array([r.get(column) or "-" for r in rows])


def sources_of(rows: Sequence[Row]) -> Words:
    return np.array([r["source"] for r in rows])


def metadata(o: argparse.Namespace) -> None:
    rows = judged(o.protocol, o.split)
    table = {
        "rate": words(rows, "source_rate"),
        "codec": words(rows, "source_codec"),
        "bandwidth": numbers(rows, "bandwidth_hz"),
        "duration": numbers(rows, "duration_s"),
    }
    print(
        f"EER of the table's columns alone, sources left out ({FOLDS} folds, {len(rows)} clips); "
        "by chance: the same scores shuffled inside sources"
    )
    print("columns                             pooled  source-matched  by chance")
    for names in [list(table), *[[n] for n in table]]:
        odds = held_out(
            {n: table[n] for n in names}, genuine(rows), sources_of(rows), FOLDS, protocol.generator(o.seed, "folds")
        )
        pooled, matched = error_rates(rows, odds)
        print(f"{', '.join(names):34s} {pooled:6.1%}  {matched:14.1%}  {chance(rows, odds, o.seed):9.1%}")


def chance(rows: Sequence[Row], scores: Doubles, seed: int) -> float:
    """Source-matched EER of scores that mean nothing: under 50 %, as a convex hull over few clips flatters."""
    rng, sources, shuffled = protocol.generator(seed, "chance"), sources_of(rows), scores.copy()
    rates = []
    for _ in range(SHUFFLES):
        for source in np.unique(sources):
            of = np.flatnonzero(sources == source)
            shuffled[of] = scores[rng.permutation(of)]
        rates.append(metrics.matched_eer(rows, shuffled, LEAST))
    return float(np.mean(rates))


def bandwidth(x: Samples) -> float:
    """Highest frequency whose long-term power is within AUDIBLE dB of the loudest, Hz."""
    level = sound.decibels(sound.spectrum(x, RATE))
    return float(np.flatnonzero(level > level.max() - AUDIBLE).max() * RATE / 2 / (len(level) - 1))


def noise_floor(x: Samples) -> float:
    """Power of the quietest twentieth of the frames against the speech, dB."""
    return float(np.quantile(sound.decibels(sound.frame_power(x, RATE)), 0.05) - sound.speech_level(x, RATE))


def channel(o: argparse.Namespace) -> None:
    rows, (scores,) = with_scores(judged(o.protocol, o.split), o.scores)
    folder = os.path.dirname(os.path.abspath(o.protocol))
    looks = np.array(
        [
            (bandwidth(x), noise_floor(x), sound.speech_level(x, RATE))
            for x in (sound.decode(os.path.join(folder, r["file"]), RATE) for r in rows)
        ]
    )
    table, sources = dict(zip(("bandwidth", "noise floor", "level"), looks.T)), sources_of(rows)
    called = scores >= o.threshold
    if called.all() or not called.any():
        sys.exit(
            f"{o.scores}: all clips lie on one side of the threshold {o.threshold:g}; give another with --threshold"
        )
    print(f"AUC of bandwidth, noise floor and level, sources left out ({len(rows)} clips); 50 % is chance")
    print(
        "columns                          of the model's calls: pooled, source-matched"
        "   of the truth: pooled, source-matched"
    )
    for names in [list(table), *[[n] for n in table]]:
        line = f"{', '.join(names):32s}"
        for target in (called, genuine(rows)):
            odds = held_out({n: table[n] for n in names}, target, sources, FOLDS, protocol.generator(o.seed, "folds"))
            matched, count = matched_auc(odds, target, sources)
            line += f" {auc(odds, target):12.1%}  {matched:6.1%} ({count:2d} sources)      "
        print(line.rstrip())


def change(o: argparse.Namespace) -> None:
    rows, (plain, other) = with_scores(judged(o.protocol, o.split), o.plain, o.other)
    moved, bona = other - plain, genuine(rows)
    print(f"{len(rows)} clips; change of score from {o.plain} to {o.other}")
    print("clips        mean   mean of size   95th percentile of size   decisions that turn")
    for name, of in (("all", np.ones(len(rows), bool)), ("bona fide", bona), ("spoof", ~bona)):
        if of.any():
            turned = np.mean((plain[of] >= o.threshold) != (other[of] >= o.threshold))
            print(
                f"{name:10s} {moved[of].mean():+6.3f} {np.abs(moved[of]).mean():14.3f} "
                f"{np.quantile(np.abs(moved[of]), 0.95):25.3f} {turned:21.1%}"
            )
    print("EER          plain    other   change")
    for name, a, b in zip(("pooled", "matched"), error_rates(rows, plain), error_rates(rows, other)):
        print(f"{name:10s} {a:7.1%}  {b:7.1%}  {100 * (b - a):+6.1f}")


def duration(o: argparse.Namespace) -> None:
    pairs = [text.partition("=")[::2] for text in o.scores]
    if not all(seconds and path for seconds, path in pairs):
        sys.exit("give score files as SECONDS=SCORES, such as 2=scores.2s.tsv")
    rows, scores = with_scores(judged(o.protocol, o.split), *[path for _, path in pairs])
    print(f"{len(rows)} clips that all files have\nseconds   pooled  source-matched")
    for (seconds, _), s in zip(pairs, scores):
        pooled, matched = error_rates(rows, s)
        print(f"{seconds:>7s}  {pooled:7.1%}  {matched:14.1%}")


def main() -> None:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gates = a.add_subparsers(required=True)
    for run, split, arguments in (
        (metadata, "train", ()),
        (channel, "dev", ("scores",)),
        (change, "dev", ("plain", "other")),
        (duration, "dev", ("scores+",)),
    ):
        g = gates.add_parser(run.__name__)
        g.set_defaults(run=run)
        g.add_argument("protocol")
        for name in arguments:
            g.add_argument(name.rstrip("+"), nargs="+" if name.endswith("+") else None)
        g.add_argument("--split", default=split)
        g.add_argument("--seed", type=int, default=0, help="of the folds")
        g.add_argument("--threshold", type=float, default=0.0, help="scores from here on are called bona fide")
    o = a.parse_args()
    try:
        o.run(o)
    except sound.Unreadable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
