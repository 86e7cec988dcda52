#!/usr/bin/env python3
"""Makes scores.json and located.json: cases with the figures that an independent implementation gives.

make.py            needs numpy and scipy 1.12

Nothing here follows the Swift code: the EER is the optimum of a linear programme, pooling of adjacent violators is
scipy's isotonic regression, thresholds are tried one by one, and time is cut into milliseconds and counted.
"""
import json, pathlib
import numpy as np
from scipy.optimize import isotonic_regression, linprog

HERE = pathlib.Path(__file__).parent


def thresholds(bona, spoof):
    """Every threshold that flags another set, a score at or above which is accepted."""
    return np.concatenate([np.unique(np.concatenate([bona, spoof])), [np.nan]])  # nan: flags all


def rates(bona, spoof):
    """(share of bona fide flagged, share of spoof not flagged) at each threshold."""
    return np.array([(1.0, 0.0) if np.isnan(t) else ((bona < t).mean(), (spoof >= t).mean()) for t in thresholds(bona, spoof)])


def eer(points):
    """max over priors p of min over thresholds of p * fa + (1 - p) * miss: the ROCCH-EER."""
    fa, miss = np.array(points).T
    # variables p, z; maximise z with z <= p fa + (1 - p) miss
    r = linprog([0, -1], A_ub=np.c_[miss - fa, np.ones(len(fa))], b_ub=miss, bounds=[(0, 1), (None, None)])
    return float(r.x[1])


def cllr(bona, spoof):
    return float((np.logaddexp(0, -bona).mean() + np.logaddexp(0, spoof).mean()) / 2 / np.log(2))


def min_cllr(bona, spoof):
    _, inverse = np.unique(np.concatenate([bona, spoof]), return_inverse=True)
    is_bona = np.r_[np.ones(len(bona)), np.zeros(len(spoof))]
    n, k = np.bincount(inverse), np.bincount(inverse, is_bona)
    p = isotonic_regression(k / n, weights=n).x[inverse]
    with np.errstate(divide="ignore"):
        llr = np.log(p) - np.log1p(-p) - np.log(len(bona) / len(spoof))
    return cllr(llr[is_bona == 1], llr[is_bona == 0])


def tdcf(points, pmiss, pfa, pfa_spoof):
    fa, miss = np.array(points).T
    tar, non, spf = 0.9405, 0.0095, 0.05
    c1, c2 = tar * (1 - pmiss) - non * 10 * pfa, 10 * spf * pfa_spoof
    old = (c1 * fa + c2 * miss).min() / min(c1, c2)
    c0 = tar * pmiss + non * 10 * pfa
    c1 = tar - c0
    new = (c0 + c1 * fa + c2 * miss).min() / (c0 + min(c1, c2))
    return float(old), float(new)


def figures(bona, spoof):
    bona, spoof = np.array(bona, float), np.array(spoof, float)
    points = rates(bona, spoof)
    reject, accept = 0.95, 0.5
    t = -np.log(reject / accept)
    old, new = tdcf(points, 0.02, 0.03, 0.4)
    finite = np.isfinite(np.r_[bona, spoof]).all()
    return {
        "eer": eer(points),
        "pair_error": float(np.mean([(b < s) + 0.5 * (b == s) for b in bona for s in spoof])),
        "miss_at_1pct_fa": float(min(m for f, m in points if f <= 0.01)),
        "miss_at_0.1pct_fa": float(min(m for f, m in points if f <= 0.001)),
        "min_dcf": float((reject * points[:, 0] + accept * points[:, 1]).min() / accept),
        "act_dcf": float((reject * (bona < t).mean() + accept * (spoof >= t).mean()) / accept),
        "cllr_bits": cllr(bona, spoof) if finite else None,
        "min_cllr_bits": min_cllr(bona, spoof),
        "min_tdcf_2019": old,
        "min_tdcf_2021": new,
    }


def scores():
    g = np.random.default_rng(7)
    cases = {
        "overlapping": (g.normal(1, 2, 150), g.normal(-1, 1.5, 90)),
        "rounded to many ties": (g.normal(1, 2, 200).round(), g.normal(-1, 2, 130).round()),
        "one score": (np.zeros(5), np.zeros(9)),
        "apart": (np.arange(1.0, 6), -np.arange(1.0, 4)),
        "reversed": (-np.arange(1.0, 6), np.arange(1.0, 4)),
        "one of each": (np.array([0.5]), np.array([1.5])),
        "infinite": (np.r_[g.normal(1, 1, 20), np.inf, -np.inf], np.r_[g.normal(-1, 1, 15), -np.inf, np.inf]),
        "exactly 1 % flagged": (np.arange(200.0), np.arange(-20.0, 20) + 0.5),
    }
    text = lambda xs: [repr(float(x)) for x in np.round(xs, 6)]
    out = []
    for name, (b, s) in cases.items():
        b, s = np.round(b, 6), np.round(s, 6)
        out.append(dict(name=name, bonafide=text(b), spoof=text(s), figures=figures(b, s)))
    return out


def stretches(g, ms):
    """One or two (start, end) of what is synthetic, if there is room."""
    out, at = [], 0
    for _ in range(int(g.integers(1, 3))):
        start = at + int(g.integers(100, 900))
        end = start + int(g.integers(60, 800))
        if end < ms:
            out.append((start, end))
            at = end
    return out


def flags(g, ms, spoof):
    """(start, end, score) of what a detector flags: most of what is synthetic, roughly, and now and then something else."""
    out = []
    for a, b in spoof:
        if g.random() < 0.8:
            out.append((max(0, a + int(g.integers(-80, 80))), min(ms, b + int(g.integers(-20, 80))), round(float(g.normal(-2, 1)), 3)))
    if g.random() < 0.5:
        a = int(g.integers(0, ms - 300))
        out.append((a, a + 250, round(float(g.normal(-1, 1)), 3)))
    return out


def party(g, is_spoofed):
    """A recording: scores of frames of 40 ms, synthetic stretches and flagged ones, label and score of each millisecond."""
    ms = int(g.integers(2000, 5000))
    spoof = stretches(g, ms) if is_spoofed else []
    label = np.zeros(ms, int)
    for a, b in spoof:
        label[a:b] = 1
    frames, score = [], np.full(ms, np.inf)
    for f in range(ms // 40):  # the end of most recordings has no frame
        part = slice(f * 40, (f + 1) * 40)
        frames.append(None if g.random() < 0.15 else round(float(g.normal(1 - 3 * label[part].mean(), 1.5)), 2))
        if frames[-1] is not None:
            score[part] = frames[-1]
    return dict(ms=ms, spoof=spoof, frames=frames, flagged=flags(g, ms, spoof), label=label, score=score)


def range_eer(parties):
    score = np.concatenate([p["score"] for p in parties])
    label = np.concatenate([p["label"] for p in parties])
    return eer(rates(score[label == 0], score[label == 1]))


def segment_eer(parties, ms):
    b, s = [], []
    for p in parties:
        for at in range(0, p["ms"], ms):
            (s if p["label"][at:at + ms].any() else b).append(p["score"][at:at + ms].min())
    return eer(rates(np.array(b), np.array(s)))


def iou(a, b):
    """Intersection over union."""
    common = min(a[1], b[1]) - max(a[0], b[0])
    return common / (max(a[1], b[1]) - min(a[0], b[0])) if common > 0 else 0.0


def average_precision(parties, least):
    ranked = sorted((x, i, (a, b)) for i, p in enumerate(parties) for a, b, x in p["flagged"])
    found, hit = set(), []
    for _, i, span in ranked:
        best = max(range(len(parties[i]["spoof"])), key=lambda j: iou(span, parties[i]["spoof"][j]), default=None)
        ok = best is not None and iou(span, parties[i]["spoof"][best]) >= least and (i, best) not in found
        if ok:
            found.add((i, best))
        hit.append(ok)
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    # each truth that is found adds a step of recall, at the best precision from there on
    return float(sum(precision[k:].max() for k in range(len(hit)) if hit[k]) / sum(len(p["spoof"]) for p in parties))


def average_recall(parties):
    truths = [(p, t) for p in parties for t in p["spoof"]]
    return float(np.mean([
        sum(any(iou((a, b), t) >= least - 1e-9 for a, b, _ in p["flagged"]) for p, t in truths) / len(truths)
        for least in np.arange(0.5, 0.96, 0.05)]))


def alarms_per_hour(parties):
    alarms, speech = 0, 0
    for p in parties:
        alarms += sum(not p["label"][a:b].any() for a, b, _ in p["flagged"])
        speech += (np.isfinite(p["score"]) & (p["label"] == 0)).sum() / 1000
    return float(alarms / (speech / 3600))


def located():
    """Recordings with frame scores, synthetic stretches and flagged ones; times are whole milliseconds."""
    g = np.random.default_rng(11)
    parties = [party(g, i % 3 > 0) for i in range(12)]
    return {
        "parties": [{k: p[k] for k in ("ms", "spoof", "frames", "flagged")} for p in parties],
        "figures": {
            "range_eer": range_eer(parties),
            **{f"segment_eer_{ms}ms": segment_eer(parties, ms) for ms in (20, 40, 80, 160, 320, 640)},
            **{f"ap_iou_{least:g}": average_precision(parties, least) for least in (0.5, 0.75, 0.95)},
            "ar_10": average_recall(parties),
            "alarms_per_hour": alarms_per_hour(parties),
        },
    }


if __name__ == "__main__":
    for name, value in (("scores", scores()), ("located", located())):
        (HERE / f"{name}.json").write_text(json.dumps(value, indent=None, separators=(",", ":")) + "\n")
