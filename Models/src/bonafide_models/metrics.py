"""Error rates of score arrays (higher = more likely bona fide), in [0, 1]. False alarm: a genuine clip flagged; miss: a
spoof not flagged."""

import itertools
from collections.abc import Sequence

import numpy as np

from bonafide_models.arrays import Doubles, Row


def roc(bona: Doubles, spoof: Doubles) -> tuple[Doubles, Doubles]:
    """P_fa and P_miss for the thresholds between all scores, from "flag nothing" to "flag everything"."""
    scores = np.concatenate([bona, spoof])
    values = np.append(np.unique(scores), np.inf)
    return np.searchsorted(np.sort(bona), values) / len(bona), 1 - np.searchsorted(np.sort(spoof), values) / len(spoof)


def eer(bona: Doubles, spoof: Doubles) -> float:
    """EER on the convex hull of the ROC (Brümmer & de Villiers, BOSARIS, 2013)."""
    if not len(bona) or not len(spoof):
        return float("nan")
    hull: list[tuple[float, float]] = []
    for x, y in zip(*roc(bona, spoof)):
        while len(hull) >= 2:
            (x0, y0), (x1, y1) = hull[-2:]
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                break
            hull.pop()
        hull.append((x, y))
    for (x0, y0), (x1, y1) in itertools.pairwise(hull):
        if x1 >= y1:
            d = (x0 - y0) - (x1 - y1)
            t = (x0 - y0) / d if d else 0.0
            return float(x0 + t * (x1 - x0))
    return float("nan")


def matched_eer(rows: Sequence[Row], scores: Doubles, least: int = 4) -> float:
    """EER inside each source with `least` clips of both classes, averaged with weight sqrt(n_bona * n_spoof)."""
    cells: dict[str, dict[str, list[float]]] = {}
    for row, score in zip(rows, scores):
        cells.setdefault(row["source"], {}).setdefault(row["label"], []).append(score)
    both = [
        (np.array(cell["bonafide"]), np.array(cell["spoof"]))
        for cell in cells.values()
        if len(cell.get("bonafide", ())) >= least and len(cell.get("spoof", ())) >= least
    ]
    if not both:
        return float("nan")
    weights = [np.sqrt(len(b) * len(s)) for b, s in both]
    return float(np.average([eer(b, s) for b, s in both], weights=weights))


def miss_at(bona: Doubles, spoof: Doubles, false_alarms: float) -> float:
    """P_miss at the largest threshold with P_fa at most `false_alarms`."""
    fa, miss = roc(bona, spoof)
    return float(miss[fa <= false_alarms].min())


def cllr(bona: Doubles, spoof: Doubles) -> float:
    """Cost of the LLRs, bits (Brümmer & du Preez 2006)."""
    return float(
        0.5 * (np.logaddexp(0, -np.asarray(bona)).mean() + np.logaddexp(0, np.asarray(spoof)).mean()) / np.log(2)
    )


def min_cllr(bona: Doubles, spoof: Doubles) -> float:
    """`cllr` after the best monotonic map of these scores: isotonic regression by pooling adjacent violators."""
    scores = np.concatenate([bona, spoof])
    label = np.concatenate([np.ones(len(bona)), np.zeros(len(spoof))])[np.argsort(scores, kind="stable")]
    blocks = []  # [sum of labels, count], the means growing
    for y in label:
        blocks.append([y, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    p = np.concatenate([np.full(n, s / n) for s, n in blocks]).clip(1e-9, 1 - 1e-9)
    llr = np.log(p / (1 - p)) - np.log(len(bona) / len(spoof))
    return cllr(llr[label == 1], llr[label == 0])
