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


def located():
    """Recordings with frame scores of 40 ms, synthetic stretches and flagged ones; times are whole milliseconds."""
    g = np.random.default_rng(11)
    parties = []
    for i in range(12):
        ms = int(g.integers(2000, 5000))
        spoof = []
        if i % 3:
            at = 0
            for _ in range(int(g.integers(1, 3))):
                start = at + int(g.integers(100, 900))
                end = start + int(g.integers(60, 800))
                if end < ms:
                    spoof.append((start, end))
                    at = end
        label = np.zeros(ms, int)
        for a, b in spoof:
            label[a:b] = 1
        frames = []
        for f in range(ms // 40):  # the end of most recordings has no frame
            s = label[f * 40:(f + 1) * 40].mean()
            frames.append(None if g.random() < 0.15 else round(float(g.normal(1 - 3 * s, 1.5)), 2))
        flagged = []
        for a, b in spoof:
            if g.random() < 0.8:
                flagged.append((max(0, a + int(g.integers(-80, 80))), min(ms, b + int(g.integers(-20, 80))), round(float(g.normal(-2, 1)), 3)))
        if g.random() < 0.5:
            a = int(g.integers(0, ms - 300))
            flagged.append((a, a + 250, round(float(g.normal(-1, 1)), 3)))
        parties.append(dict(ms=ms, spoof=spoof, frames=frames, flagged=flagged, label=label))
    out = {"parties": [{k: v for k, v in p.items() if k != "label"} for p in parties], "figures": {}}
    inf = float("inf")
    for p in parties:  # score of each millisecond
        s = np.full(p["ms"], inf)
        for f, x in enumerate(p["frames"]):
            if x is not None:
                s[f * 40:(f + 1) * 40] = x
        p["score"] = s
    score = np.concatenate([p["score"] for p in parties])
    label = np.concatenate([p["label"] for p in parties])
    out["figures"]["range_eer"] = eer(rates(score[label == 0], score[label == 1]))
    for r in (20, 40, 80, 160, 320, 640):
        b, s = [], []
        for p in parties:
            for at in range(0, p["ms"], r):
                (s if p["label"][at:at + r].any() else b).append(p["score"][at:at + r].min())
        out["figures"][f"segment_eer_{r}ms"] = eer(rates(np.array(b), np.array(s)))
    iou = lambda a, b: max(0, min(a[1], b[1]) - max(a[0], b[0])) / (max(a[1], b[1]) - min(a[0], b[0])) if min(a[1], b[1]) > max(a[0], b[0]) else 0.0
    total = sum(len(p["spoof"]) for p in parties)
    ranked = sorted((x, i, (a, b)) for i, p in enumerate(parties) for a, b, x in p["flagged"])
    for least in (0.5, 0.75, 0.95):
        found, hit = set(), []
        for _, i, span in ranked:
            best = max(range(len(parties[i]["spoof"])), key=lambda j: iou(span, parties[i]["spoof"][j]), default=None)
            ok = best is not None and iou(span, parties[i]["spoof"][best]) >= least and (i, best) not in found
            if ok:
                found.add((i, best))
            hit.append(ok)
        precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
        # each truth that is found adds a step of recall, at the best precision from there on
        out["figures"][f"ap_iou_{least:g}"] = float(sum(precision[k:].max() for k in range(len(hit)) if hit[k]) / total)
    out["figures"]["ar_10"] = float(np.mean([
        sum(any(iou((a, b), t) >= least - 1e-9 for a, b, _ in p["flagged"]) for p in parties for t in p["spoof"]) / total
        for least in np.arange(0.5, 0.96, 0.05)]))
    alarms, speech = 0, 0
    for p in parties:
        alarms += sum(not p["label"][a:b].any() for a, b, _ in p["flagged"])
        spoken = np.zeros(p["ms"], bool)
        for f, x in enumerate(p["frames"]):
            spoken[f * 40:(f + 1) * 40] = x is not None
        speech += (spoken & (p["label"] == 0)).sum() / 1000
    out["figures"]["alarms_per_hour"] = float(alarms / (speech / 3600))
    return out


if __name__ == "__main__":
    for name, value in (("scores", scores()), ("located", located())):
        (HERE / f"{name}.json").write_text(json.dumps(value, indent=None, separators=(",", ":")) + "\n")
