"""How the scores of both stages come together, and where verdicts change."""

import zlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from bonafide_models import metrics
from bonafide_models.arrays import Doubles

SPLITS = ("dev", "dev3")
MODELS = ("narrowband", "wideband")
LENGTHS = ("4", "12", "30")
FOLDS = 5
SECONDS = [1, 60]  # of speech, that count
SNR = [3, 15]  # dB, that count
NOISY = 0.1  # what a condition with loud noise counts, beside 1
LEAST = 20  # parties of a class that figures take
ENOUGH = 100  # parties of a class that a point takes
CODINGS = np.arange(0, 2.01, 0.05)  # tried


@dataclass(frozen=True)
class Party:
    """A voice under a condition, with the scores of both stages."""

    label: str
    source: str
    split: str
    condition: str
    seconds: str
    kind: str
    system: str
    model: str
    """Of the first stage, that judged it: of MODELS."""
    first: float
    """LLR."""
    second: float
    """Raw."""
    speech: float
    """Seconds."""
    snr: float
    """dB."""
    coded: float
    """How strongly its speech is coded, 0 to 1."""

    @property
    def genuine(self) -> bool:
        return self.label == "bonafide"

    @property
    def weight(self) -> float:
        return NOISY if self.condition.startswith("noise") else 1.0


@dataclass(frozen=True)
class Fusion:
    """Of the parties of a model."""

    coefficients: Doubles
    """In the order of `design`."""
    coding: float
    """Of `weakened`."""
    alarm: float
    clear: float
    llr: Doubles
    """Of what it was fitted on."""


def design(parties: Sequence[Party]) -> Doubles:
    """(parties, 9): first score, second score and 1, each times 1, length and noise."""
    first, second = np.array([p.first for p in parties]), np.array([p.second for p in parties])
    length = np.log(np.clip(np.array([p.speech for p in parties]), SECONDS[0], SECONDS[1]) / 4)
    noise = (np.clip(np.array([p.snr for p in parties]), SNR[0], SNR[1]) - SNR[1]) / 10
    one = np.ones(len(parties))
    return np.stack([score * factor for score in (first, second, one) for factor in (one, length, noise)], 1)


def fitted(parties: Sequence[Party]) -> Doubles:
    """Coefficients in the order of `design`, by weighted logistic regression."""
    x = design(parties)
    cells: dict[Hashable, list[int]] = {}
    for i, p in enumerate(parties):
        cells.setdefault((p.condition, p.seconds, p.label), []).append(i)
    weight = np.zeros(len(parties))
    for members in cells.values():
        weight[members] = parties[members[0]].weight * min(1, len(members) / 50) / len(members)
    weight /= weight.sum()
    sign = np.where([p.genuine for p in parties], -1.0, 1.0)
    shrunk = np.tile([0.0, 1e-3, 1e-3], 3)

    def cost(b: Doubles) -> tuple[float, Doubles]:
        z = x @ b * sign
        value = (weight * np.logaddexp(0, z)).sum() + (shrunk * b**2).sum()
        return value, x.T @ (weight * sign / (1 + np.exp(-z))) + 2 * shrunk * b

    start = [0.5, 0, 0, 0.5, 0, 0, 0, 0, 0]
    bounds = [(0, None)] * 6 + [(None, None)] * 3
    found: Doubles = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found


def point(
    parties: Sequence[Party],
    llr: Doubles,
    label: str,
    rate: float,
    sign: int,
    over: Callable[[list[float], list[float]], float],
    cell: Callable[[Party], Hashable],
) -> float:
    """The LLR past which `rate` of the class lies, `over` the cells that have ENOUGH of it; `cell` gives a party's."""
    found: dict[tuple[Hashable, float], list[float]] = {}
    for p, value in zip(parties, llr):
        if p.label == label:
            found.setdefault((cell(p), p.weight), []).append(sign * value)
    cells = {key: np.sort(values) for key, values in found.items() if len(values) >= ENOUGH}
    values, weights = np.sort(np.concatenate(list(cells.values()))), [weight for _, weight in cells]
    rates = [over([float(np.searchsorted(c, v, "right") / len(c)) for c in cells.values()], weights) for v in values]
    if rates[0] > rate:
        return float(sign * (values[0] - 1e-3))
    return float(sign * values[np.searchsorted(rates, rate, "right") - 1])


def alarm_of(parties: Sequence[Party], llr: Doubles) -> float:
    """Alarm point."""
    return point(parties, llr, "bonafide", 0.01, 1, lambda rates, _: max(rates), lambda p: p.condition)


def points(parties: Sequence[Party], llr: Doubles) -> tuple[float, float]:
    """Alarm and clear point."""
    alarm = alarm_of(parties, llr)

    def mean(rates: list[float], weights: list[float]) -> float:
        return float(np.average(rates, weights=weights))

    return alarm, point(parties, llr, "spoof", 0.05, -1, mean, lambda p: (p.condition, p.seconds))


def weakened(llr: Doubles, parties: Sequence[Party], coding: float) -> Doubles:
    """LLRs, of which those below 0 count less the more a party's speech is coded: codecs of low rates, and G.722, make
    some people sound synthetic, so that one point of alarm would else be as low as the worst of them asks."""
    coded = np.array([p.coded for p in parties])
    out: Doubles = np.where(llr < 0, llr / (1 + coding * coded), llr)
    return out


def coding_of(parties: Sequence[Party], llr: Doubles) -> float:
    """The `coding` with which the most synthetic parties are at or below the point of alarm, loud noise aside."""
    counted = np.array([not p.genuine and p.weight == 1 for p in parties])
    best = (-1.0, 0.0)
    for coding in CODINGS:
        values = weakened(llr, parties, float(coding))
        flagged = float((values <= alarm_of(parties, values))[counted].mean()) if counted.any() else 0.0
        if flagged > best[0] + 1e-9:
            best = flagged, float(coding)
    return best[1]


def judged(parties: Sequence[Party], fit_on: Sequence[Party]) -> tuple[Doubles, dict[str, Fusion]]:
    """LLR, alarm and clear point of each of `parties` by what is fitted on `fit_on`: (parties, 3), and the fusions;
    there is none of a model that judges none of `fit_on`."""
    out, fusions = np.zeros((len(parties), 3)), {}
    for model in MODELS:
        group = [p for p in fit_on if p.model == model]
        if not group:
            continue
        coefficients = fitted(group)
        raw: Doubles = design(group) @ coefficients
        coding = coding_of(group, raw)
        llr = weakened(raw, group, coding)
        fusions[model] = Fusion(coefficients, coding, *points(group, llr), llr)
        chosen = [i for i, p in enumerate(parties) if p.model == model]
        if chosen:
            own = [parties[i] for i in chosen]
            out[chosen, 0] = weakened(design(own) @ coefficients, own, coding)
            out[chosen, 1:] = fusions[model].alarm, fusions[model].clear
    return out, fusions


def cross_validated(parties: Sequence[Party]) -> Doubles:
    """As `judged`, each party by what the sources of the other folds fit."""
    fold = np.array([zlib.crc32(p.source.encode()) % FOLDS for p in parties])
    out = np.zeros((len(parties), 3))
    for k in range(FOLDS):
        held = np.flatnonzero(fold == k).tolist()
        others = [p for p, f in zip(parties, fold) if f != k]
        out[held] = judged([parties[i] for i in held], others)[0]
    return out


def figures(parties: Sequence[Party], judgements: Doubles) -> dict[str, float]:
    """Of parties of one condition and length, whose LLRs and points are `judgements`."""
    genuine = np.array([p.genuine for p in parties], bool)
    llr, alarm, clear = judgements.T
    b, s = llr[genuine], llr[~genuine]
    rows = [{"source": p.source, "label": p.label} for p in parties]
    return {
        "bonafide": len(b),
        "spoof": len(s),
        "eer": metrics.eer(b, s),
        "matched_eer": metrics.matched_eer(rows, llr),
        "miss_at_1pct": metrics.miss_at(b, s, 0.01),
        "cllr": metrics.cllr(b, s),
        "min_cllr": metrics.min_cllr(b, s),
        "bonafide_flagged": float((llr <= alarm)[genuine].mean()),
        "spoof_flagged": float((llr <= alarm)[~genuine].mean()),
        "bonafide_cleared": float((llr >= clear)[genuine].mean()),
        "spoof_cleared": float((llr >= clear)[~genuine].mean()),
    }


def line_of(name: str, row: dict[str, float]) -> str:
    """A condition's figures in a line."""
    percent = {key: 100 * value for key, value in row.items()}
    return (
        f"{name:19}{row['bonafide']:5.0f} {row['spoof']:4.0f}"
        f"  EER {percent['eer']:5.1f} / {percent['matched_eer']:5.1f}"
        f"  miss {percent['miss_at_1pct']:5.1f}  Cllr {row['cllr']:.3f} ({row['min_cllr']:.3f})"
        f"  genuine flagged {percent['bonafide_flagged']:4.1f} cleared {percent['bonafide_cleared']:5.1f}"
        f"  synthetic flagged {percent['spoof_flagged']:5.1f} cleared {percent['spoof_cleared']:4.1f}"
    )


def table(
    parties: Sequence[Party], judgements: Doubles, log: Callable[[str], object] = print
) -> dict[str, dict[str, float | None]]:
    """Figures of each condition and length that has LEAST parties of both classes."""
    out: dict[str, dict[str, float | None]] = {}
    for split in SPLITS:
        for condition in sorted({p.condition for p in parties}):
            for seconds in LENGTHS:
                key: tuple[Any, ...] = (split, condition, seconds)
                k = [i for i, p in enumerate(parties) if (p.split, p.condition, p.seconds) == key]
                genuine = sum(parties[i].genuine for i in k)
                if min(genuine, len(k) - genuine) < LEAST:
                    continue
                row, name = figures([parties[i] for i in k], judgements[k]), f"{split} {condition} {seconds} s"
                out[name] = {key: round(value, 4) if np.isfinite(value) else None for key, value in row.items()}
                log(line_of(name, row))
    return out
