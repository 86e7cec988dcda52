"""From raw scores to LLRs, and where verdicts change."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from bonafide_models import metrics
from bonafide_models.arrays import Doubles, Floats, Row, Whole
from bonafide_models.data.sampling import on_line
from bonafide_models.lines import channel

UNIT_S = 0.04  # a score frame


class Calibration(NamedTuple):
    """llr = (slope * raw + offset) * d / (d + half), d seconds of speech."""

    slope: float
    offset: float
    half: float

    def llr(self, raw: Doubles, seconds: Doubles | float) -> Doubles:
        return (self.slope * raw + self.offset) * (seconds / (seconds + self.half))


class Judged(NamedTuple):
    """LLRs, and labels: 1 genuine, 0 synthetic."""

    llr: Doubles
    label: Whole


def classes(rows: Sequence[Row]) -> Whole:
    """1 genuine, 0 synthetic."""
    return np.array([int(row["label"] == "bonafide") for row in rows], np.int64)


def parties(rows: Sequence[Row], rate: int, seconds: int) -> list[Row]:
    """Clips of one voice joined to parties of at least so many seconds: rows with `parts`, the clips' rows."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        voice = row.get("speaker", "-") if row["label"] == "bonafide" else row["system"]
        groups.setdefault((row["source"], row["label"], voice), []).append(row)
    joined = []
    for members in groups.values():
        parts: list[Row] = []
        for row in members:
            parts.append(row)
            count = sum(part["count"] for part in parts)
            if count >= seconds * rate:
                joined.append(parts[0] | {"parts": parts, "count": count})
                parts = []
    return joined


def speech_seconds(x: Floats, rate: int) -> float:
    """Seconds of speech, in blocks of 40 ms."""
    padded = np.pad(x, (0, -len(x) % (rate // channel.BLOCKS_PER_S)))
    return float(channel.speech_blocks(padded[None], rate)[0].sum() / channel.BLOCKS_PER_S)


def calibrate(raw: Sequence[Doubles], label: Sequence[Whole], speech: Sequence[Doubles]) -> Calibration:
    """By maximum likelihood with equal class priors; arguments are lists, one array a duration, and each duration
    counts the same.

    Scores that part the classes without an error would be given any slope. There one more of each class is taken to lie
    on the wrong side (Platt, 1999)."""
    weight = np.concatenate([np.where(of == 1, 0.5 / (of == 1).sum(), 0.5 / (of == 0).sum()) for of in label])
    scores, seconds = np.concatenate(raw), np.concatenate(speech)
    genuine = np.concatenate(label) == 1
    sign = np.where(genuine, -1.0, 1.0)
    parted = scores[genuine].min() > scores[~genuine].max()
    wrong = np.where(genuine, 1 / (genuine.sum() + 2), 1 / ((~genuine).sum() + 2)) if parted else np.zeros(len(scores))

    def cost(p: Doubles) -> float:
        z = sign * (p[0] * scores + p[1]) * (seconds / (seconds + np.exp(p[2])))
        return float((weight * ((1 - wrong) * np.logaddexp(0, z) + wrong * np.logaddexp(0, -z))).sum())

    p = minimize(cost, [1.0, 0.0, -1.0], method="Nelder-Mead", options={"maxiter": 4000}).x
    return Calibration(float(p[0]), float(p[1]), float(np.exp(p[2])))


def operating_points(sets: Sequence[tuple[Doubles, Whole]]) -> dict[str, float]:
    """Alarm and clear LLR: 1 % of genuine flagged, 5 % of synthetic cleared; the stricter over the sets (LLRs, labels),
    so that neither short nor long ones have more."""
    alarms, clears = [], []
    for llr, label in sets:
        genuine, synthetic = np.sort(llr[label == 1]), np.sort(-llr[label == 0])
        alarms.append(genuine[int(0.01 * len(genuine))])
        clears.append(-synthetic[int(0.05 * len(synthetic))])
    # Just past the first score that may not be: verdicts take the points themselves in.
    alarm, clear = min(alarms) - 1e-4, max(clears) + 1e-4
    if alarm >= clear:  # the classes lie apart: both points half-way, with nothing in between
        middle = (alarm + clear) / 2
        alarm, clear = middle - 1e-4, middle + 1e-4
    return {"alarm_llr": float(alarm), "clear_llr": float(clear)}


def false_stretches(out: Floats, calibration: Calibration, enter: float) -> int:
    """Stretches that StretchFinder.swift would flag, roughly: a second of speech or more under `enter`, smoothed and
    pooled. out: frame outputs of a genuine call, (U, 3)."""
    score, attention, speech = out[out[:, 2] > 0].astype(np.float64).T
    w = np.exp(np.clip(attention, -8, 8)) / (1 + np.exp(-speech))
    second = np.ones(round(1 / UNIT_S))
    if len(w) < len(second):
        return 0
    smoothed = np.convolve(score * w, second, "same") / np.convolve(w, second, "same")
    low = calibration.llr(smoothed, 2.0) <= enter
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low, [0]]).astype(int))).reshape(-1, 2)

    def flagged(a: int, b: int) -> bool:
        mean = (score[a:b] * w[a:b]).sum() / w[a:b].sum()
        return bool(calibration.llr(mean, (b - a) * UNIT_S) <= enter)

    return sum(b - a >= len(second) and flagged(a, b) for a, b in edges)


def stretch_point(calls: Sequence[Floats], calibration: Calibration, alarm: float, per_hour: float = 0.5) -> float:
    """The highest LLR, at most `alarm`, at which genuine calls have no more than so many false stretches an hour of
    speech."""
    hours = sum((out[:, 2] > 0).sum() for out in calls) * UNIT_S / 3600
    for enter in np.arange(alarm, alarm - 10, -0.05):
        if sum(false_stretches(out, calibration, float(enter)) for out in calls) <= per_hour * hours:
            return float(enter)
    raise SystemExit("no stretch point: genuine dev calls are flagged at any")


def figures(rows: Sequence[Row], scores: Doubles) -> dict[str, float]:
    """Error rates of scores of clips."""
    genuine, line = classes(rows) == 1, np.array([on_line(row) for row in rows])
    return {
        "eer": metrics.eer(scores[genuine], scores[~genuine]),
        "matched_eer": metrics.matched_eer(rows, scores),
        "line_eer": metrics.eer(scores[line & genuine], scores[line & ~genuine]),
        "miss_at_1pct_false_alarms": metrics.miss_at(scores[genuine], scores[~genuine], 0.01),
    }


def verdicts(judged: Judged, points: dict[str, float]) -> dict[str, float]:
    """Shares of genuine and synthetic recordings past the operating points, and EER and Cllr."""
    genuine, synthetic = judged.llr[judged.label == 1], judged.llr[judged.label == 0]
    return {
        "bonafide": len(genuine),
        "spoof": len(synthetic),
        "eer": metrics.eer(genuine, synthetic),
        "cllr": metrics.cllr(genuine, synthetic),
        "bonafide_flagged": float(np.mean(genuine <= points["alarm_llr"])),
        "bonafide_cleared": float(np.mean(genuine >= points["clear_llr"])),
        "spoof_flagged": float(np.mean(synthetic <= points["alarm_llr"])),
        "spoof_cleared": float(np.mean(synthetic >= points["clear_llr"])),
    }
