"""Calibrate the averaged weights of a run on dev and write the model: export.py CACHE RUN Models/NAME

Writes NAME.safetensors and NAME.json (the card). Calibration, operating points and metrics are of split `dev`, which
training never saw; the metrics are therefore of the data that the thresholds were set on, which the card says.
"""

import argparse
import datetime
import hashlib
import json
import os
import re

import numpy as np
import safetensors.torch
import torch
from scipy.optimize import minimize

from bonafide_models import metrics
from bonafide_models.data.corpus import CODECS, rate_of
from bonafide_models.data.sampling import has_band, on_line
from bonafide_models.features import FEATURES, LogMel
from bonafide_models.lines import channel
from bonafide_models.networks import CRNN
from bonafide_models.train import score

CALIBRATED_ON_S = (1, 2, 4)
PARTY_S = 12


def parties(rows, rate):
    """Dev clips of one voice joined to parties of at least PARTY_S seconds: rows with `parts`, the clips' rows."""
    groups, out = {}, []
    for r in rows:
        voice = r.get("speaker", "-") if r["label"] == "bonafide" else r["system"]
        groups.setdefault((r["source"], r["label"], voice), []).append(r)
    for members in groups.values():
        parts = []
        for r in members:
            parts.append(r)
            if sum(p["count"] for p in parts) >= PARTY_S * rate:
                out.append(dict(parts[0], parts=parts, count=sum(p["count"] for p in parts)))
                parts = []
    return out


def speech_seconds(x, rate):
    return (
        channel.speech_blocks(np.pad(x, (0, -len(x) % (rate // channel.BLOCKS_PER_S)))[None], rate)[0].sum()
        / channel.BLOCKS_PER_S
    )


def calibrate(raw, label, speech):
    """llr = (slope * raw + offset) * d / (d + half), by maximum likelihood with equal class priors; arguments are
    lists, one array a duration, and each duration counts the same."""
    weight = np.concatenate([np.where(of == 1, 0.5 / (of == 1).sum(), 0.5 / (of == 0).sum()) for of in label])
    raw, label, speech = map(np.concatenate, (raw, label, speech))
    sign = np.where(label == 1, -1.0, 1.0)

    def cost(p):
        trust = speech / (speech + np.exp(p[2]))
        return (weight * np.logaddexp(0, sign * (p[0] * raw + p[1]) * trust)).sum()

    p = minimize(cost, [1.0, 0.0, -1.0], method="Nelder-Mead", options={"maxiter": 4000}).x
    return float(p[0]), float(p[1]), float(np.exp(p[2]))


def operating_points(sets):
    """Alarm and clear LLR: 1 % of genuine flagged, 5 % of synthetic cleared; the stricter over the sets, a list of
    (llr, label), so that neither short nor long ones have more."""
    # Just past the first score that may not be: verdicts take the points themselves in.
    alarm = min(np.sort(b := llr[label == 1])[int(0.01 * len(b))] for llr, label in sets) - 1e-4
    clear = max(np.sort(s := -llr[label == 0])[int(0.05 * len(s))] * -1 for llr, label in sets) + 1e-4
    return {"alarm_llr": float(alarm), "clear_llr": float(clear)}


def false_stretches(out, calibration, enter):
    """Stretches that StretchFinder.swift would flag, roughly: a second of speech or more under `enter`, smoothed and
    pooled. out: frame outputs of a genuine call, (U, 3)."""
    slope, offset, half = calibration
    llr = lambda raw, seconds: (slope * raw + offset) * seconds / (seconds + half)
    score, attention, speech = out[out[:, 2] > 0].T
    w = np.exp(np.clip(attention, -8, 8)) / (1 + np.exp(-speech))
    second = np.ones(25)
    if len(w) < len(second):
        return 0
    low = llr(np.convolve(score * w, second, "same") / np.convolve(w, second, "same"), 2.0) <= enter
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low, [0]]).astype(int))).reshape(-1, 2)
    return sum(
        b - a >= 25 and llr((score[a:b] * w[a:b]).sum() / w[a:b].sum(), (b - a) * 0.04) <= enter for a, b in edges
    )


def stretch_point(calls, calibration, alarm, per_hour=0.5):
    """The highest LLR, at most `alarm`, at which genuine calls have no more than so many false stretches an hour of
    speech."""
    hours = sum((out[:, 2] > 0).sum() for out in calls) * 0.04 / 3600
    for enter in np.arange(alarm, alarm - 10, -0.05):
        if sum(false_stretches(out, calibration, enter) for out in calls) <= per_hour * hours:
            return float(enter)
    raise SystemExit("no stretch point: genuine dev calls are flagged at any")


def figures(rows, label, scores):
    b, s = scores[label == 1], scores[label == 0]
    line = np.array([on_line(r) for r in rows])
    return {
        "eer": metrics.eer(b, s),
        "matched_eer": metrics.matched_eer(rows, scores),
        "line_eer": metrics.eer(scores[line & (label == 1)], scores[line & (label == 0)]),
        "miss_at_1pct_false_alarms": metrics.miss_at(b, s, 0.01),
    }


def verdicts(llr, label, points):
    """Shares of genuine and synthetic recordings past the operating points, and EER and Cllr."""
    b, s = llr[label == 1], llr[label == 0]
    share = lambda x: float(np.mean(x))
    return {
        "bonafide": len(b),
        "spoof": len(s),
        "eer": metrics.eer(b, s),
        "cllr": metrics.cllr(b, s),
        "bonafide_flagged": share(b <= points["alarm_llr"]),
        "bonafide_cleared": share(b >= points["clear_llr"]),
        "spoof_flagged": share(s <= points["alarm_llr"]),
        "spoof_cleared": share(s >= points["clear_llr"]),
    }


def rounded(value):
    """Six significant digits; a figure that cannot be computed is null."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("cache")
    a.add_argument("run")
    a.add_argument("model")
    a.add_argument("--version", default="1")
    a.add_argument("--exclude", default="", help="as given to train.py")
    o = a.parse_args()
    torch.set_num_threads(2)
    saved = torch.load(os.path.join(o.run, "checkpoint.pt"))
    rate = rate_of(o.cache)
    network, front = CRNN().eval(), LogMel(FEATURES[rate])
    network.load_state_dict(saved["average"])
    rows = json.load(open(os.path.join(o.cache, "rows.json")))
    train = [
        r
        for r in rows
        if r["split"] == "train"
        and has_band(r, rate)
        and not (o.exclude and re.search(o.exclude, r.get("speaker", "")))
    ]
    dev = [r for r in rows if r["split"] == "dev" and r["label"] != "codec" and has_band(r, rate)]
    classes = lambda part: np.array([int(r["label"] == "bonafide") for r in part])

    def reader(name):
        array = np.load(os.path.join(o.cache, name), mmap_mode="r")
        return lambda r: array[r["start"] : r["start"] + r["count"]].astype(np.float32) / 32768

    plain = reader("clips.npy")
    measure = lambda audio: figures(dev, classes(dev), score(network, front, dev, audio))

    calls = parties(dev, rate)
    for part, what in ((dev, "clips"), (calls, f"voices with {PARTY_S} s of clips")):
        if len(set(classes(part))) < 2:
            a.error(f"split dev has no {what} of one class: calibration takes both")
    sets = [(dev, lambda r, n=seconds * rate: plain(r)[:n]) for seconds in CALIBRATED_ON_S]
    sets.append((calls, lambda r: np.concatenate([plain(p) for p in r["parts"]])))
    raw = [score(network, front, part, audio, size=16) for part, audio in sets]
    speech = [np.array([speech_seconds(audio(r), rate) for r in part]) for part, audio in sets]
    slope, offset, half = calibrate(raw, [classes(part) for part, _ in sets], speech)
    judged = [((slope * r + offset) * d / (d + half), classes(part)) for r, d, (part, _) in zip(raw, speech, sets)]
    points = operating_points(judged[-2:])
    lines = {}
    for r in dev:
        if r["label"] == "bonafide":
            lines.setdefault(r["source"], []).append(plain(r))
    with torch.no_grad():
        genuine = [network(front(torch.from_numpy(np.concatenate(x))[None]))[0][0].numpy() for x in lines.values()]
    points["stretch_llr"] = stretch_point(genuine, (slope, offset, half), points["alarm_llr"])

    conditions = {"as they are": measure(plain)}
    for codec in CODECS[rate]:
        conditions[codec] = measure(reader(f"clips.{codec}.npy"))
    for seconds, r in zip(CALIBRATED_ON_S, raw):
        conditions[f"first {seconds} s"] = figures(dev, classes(dev), r)

    tensors = {k: v.float().contiguous() for k, v in network.state_dict().items() if "num_batches" not in k}
    name = os.path.basename(o.model)
    safetensors.torch.save_file(tensors, o.model + ".safetensors", metadata={"name": name, "version": o.version})
    os.chmod(o.model + ".safetensors", 0o644)
    count = lambda label: sum(r["label"] == label for r in train)
    card = {
        "name": name,
        "version": o.version,
        "architecture": dict(type="crnn", **network.config),
        "features": FEATURES[rate],
        "calibration": {
            "slope": slope,
            "offset": offset,
            "half_speech_s": half,
            "genuine_median": float(np.median(slope * raw[-1][classes(calls) == 1] + offset)),
        },
        "operating_points": points,
        "training": {
            "date": datetime.date.today().isoformat(),
            "bonafide_clips": count("bonafide"),
            "spoof_clips": count("spoof"),
            "sources": len({r["source"] for r in train}),
            "generators": len({r["system"] for r in train if r["label"] == "spoof"}),
            "steps": saved["step"],
            "weights": sum(p.numel() for p in network.parameters()),
        },
        "metrics": {
            "command": "python -m bonafide_models.export CACHE RUN Models/" + name,
            "data": "split dev, not trained on; calibration and operating points were set on it",
            "clips": verdicts(*judged[-2], points),
            "parties": dict(seconds=PARTY_S, **verdicts(*judged[-1], points)),
            "conditions": conditions,
        },
        "safetensors_sha256": hashlib.sha256(open(o.model + ".safetensors", "rb").read()).hexdigest(),
    }
    with open(o.model + ".json", "w") as f:
        json.dump(rounded(card), f, indent=1, allow_nan=False)
    for part in (
        {k: card[k] for k in ("calibration", "operating_points")},
        card["metrics"]["clips"],
        card["metrics"]["parties"],
    ):
        print(json.dumps(part))
    for k, v in conditions.items():
        print(f"{k:14s} " + "  ".join(f"{n} {100 * x:.1f}" for n, x in v.items()))


if __name__ == "__main__":
    main()
