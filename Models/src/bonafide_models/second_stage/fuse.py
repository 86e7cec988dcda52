"""Fit how the scores of both stages come together, and where verdicts change: fuse.py BONAFIDE STATES HEADS PARTIES OUT

BONAFIDE  the command; its first stage scores the parties (`scan --fast`)
STATES    of states.py: SPLIT and CONDITION of the parties' clips, as corpus.dev.ulaw.0
HEADS     ../second, without suffix
PARTIES   folder with SPLIT/CONDITION/protocol.tsv, as evaluation/parties.py makes them of what evaluation/degrade.py
made OUT       the card, ../second.json

The second stage's score of a party is the mean of its clips' scores, as the program's is of its windows. Coefficients
by weighted logistic regression: each condition, length and class counts the same, but loud noise a tenth of that. Alarm
point: 1 % of the genuine parties flagged, of all lengths, under the condition where it is most; clear point: 5 % of the
synthetic ones cleared, on average over conditions and lengths. All on dev and dev3, which nothing was trained on. The
figures are cross-validated: sources in five folds, the parties of each by a fusion and points that were fitted on the
other four.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import subprocess
import zlib

import numpy as np
import torch
from scipy.optimize import minimize

from bonafide_models import metrics
from bonafide_models.golden.second import restored, score
from bonafide_models.second_stage.heads import load

SPLITS = ("dev", "dev3")
MODELS = ("narrowband", "wideband")
FOLDS = 5
SECONDS = [1, 60]  # of speech, that count
SNR = [3, 15]  # dB, that count
NOISY = 0.1  # what a condition with loud noise counts, beside 1


def first_scores(command, folder):
    out = {}
    run = subprocess.run(
        [command, "scan", "--fast", "--format", "jsonl", "-j", "1", folder], capture_output=True, text=True
    )
    for line in run.stdout.splitlines():
        r = json.loads(line)
        party = r["channels"][0] if r["channels"] else None
        if party and party["llr"] is not None:
            out[os.path.relpath(r["path"], folder)] = (party["llr"], party["speech_s"], party["snr_db"], party["model"])
    return out


@torch.no_grad()
def second_scores(states, name, heads):
    """{model: {clip: score}}: narrowband parties are judged by the speech encoder's states alone."""
    out = {}
    for model in MODELS:
        x, rows = load(states, name, model == "wideband")
        s = np.concatenate(
            [
                score(heads, model, torch.from_numpy(x[a : a + 512].astype(np.float32))).numpy()[:, 0]
                for a in range(0, len(x), 512)
            ]
        )
        out[model] = {os.path.splitext(r["file"])[0]: v for r, v in zip(rows, s)}
    return out


def gather(o):
    """Parties: dicts with label, source, split, condition, seconds, model, first, second, speech, snr."""
    heads, parties = restored(os.path.basename(o.heads) + ".safetensors"), []
    for split in SPLITS:
        for condition in sorted(os.listdir(os.path.join(o.parties, split))):
            folder = os.path.join(o.parties, split, condition)
            rows = list(
                csv.DictReader(open(os.path.join(folder, "protocol.tsv")), delimiter="\t", quoting=csv.QUOTE_NONE)
            )
            first = first_scores(o.command, folder)
            second = second_scores(
                o.states, f"corpus.{split}.{'clean' if condition == 'plain' else condition}.0", heads
            )
            for r in rows:
                if r["file"] in first:
                    llr, speech, snr, model = first[r["file"]]
                    s = float(np.mean([second[model][p] for p in r["parts"].split(",")]))
                    parties.append(
                        {
                            "label": r["label"],
                            "source": r["source"],
                            "split": split,
                            "condition": condition,
                            "seconds": r["seconds"],
                            "kind": r["kind"],
                            "system": r["system"],
                            "model": model,
                            "first": llr,
                            "second": s,
                            "speech": speech,
                            "snr": snr,
                        }
                    )
    return parties


def design(parties):
    f, s = (np.array([p[k] for p in parties]) for k in ("first", "second"))
    t = np.log(np.clip([p["speech"] for p in parties], *SECONDS) / 4)
    n = (np.clip([p["snr"] for p in parties], *SNR) - SNR[1]) / 10
    return np.stack([z * v for z in (f, s, np.ones(len(f))) for v in (np.ones(len(f)), t, n)], 1)


def share(party):
    return NOISY if party["condition"].startswith("noise") else 1


def fitted(parties):
    """Coefficients in the order of `design`."""
    x, genuine = design(parties), np.array([p["label"] == "bonafide" for p in parties])
    cells = {}
    for i, p in enumerate(parties):
        cells.setdefault((p["condition"], p["seconds"], p["label"]), []).append(i)
    w = np.zeros(len(parties))
    for members in cells.values():
        w[members] = share(parties[members[0]]) * min(1, len(members) / 50) / len(members)
    w /= w.sum()
    sign = np.where(genuine, -1.0, 1.0)
    shrunk = np.tile([0.0, 1e-3, 1e-3], 3)

    def cost(b):
        z = x @ b * sign
        return (w * np.logaddexp(0, z)).sum() + (shrunk * b**2).sum(), x.T @ (
            w * sign / (1 + np.exp(-z))
        ) + 2 * shrunk * b

    return minimize(
        cost, [0.5, 0, 0, 0.5, 0, 0, 0, 0, 0], jac=True, method="L-BFGS-B", bounds=[(0, None)] * 6 + [(None, None)] * 3
    ).x


def point(parties, llr, label, rate, sign, over, cell):
    """The LLR past which `rate` of the class lies, `over` the cells that have a hundred of it and more; `cell` gives a
    party's."""
    cells = {}
    for p, v in zip(parties, llr):
        if p["label"] == label:
            cells.setdefault((cell(p), share(p)), []).append(sign * v)
    cells = {k: np.sort(c) for k, c in cells.items() if len(c) >= 100}
    values, weights = np.sort(np.concatenate(list(cells.values()))), [w for _, w in cells]
    rates = [over([np.searchsorted(c, v, "right") / len(c) for c in cells.values()], weights) for v in values]
    return float(sign * (values[np.searchsorted(rates, rate, "right") - 1] if rates[0] <= rate else values[0] - 1e-3))


def points(parties, llr):
    return (
        point(parties, llr, "bonafide", 0.01, 1, lambda rates, _: max(rates), lambda p: p["condition"]),
        point(
            parties,
            llr,
            "spoof",
            0.05,
            -1,
            lambda rates, weights: np.average(rates, weights=weights),
            lambda p: (p["condition"], p["seconds"]),
        ),
    )


def judged(parties, fit_on):
    """LLRs and points of `parties` by what is fitted on `fit_on`: [(LLR, alarm, clear)], {model: (coefficients, alarm,
    clear, LLRs of fit_on)}"""
    out, fits = np.zeros((len(parties), 3)), {}
    for model in MODELS:
        group = [p for p in fit_on if p["model"] == model]
        b = fitted(group)
        v = design(group) @ b
        fits[model] = (b, *points(group, v), v)
        chosen = [i for i, p in enumerate(parties) if p["model"] == model]
        if chosen:
            out[chosen, 0] = design([parties[i] for i in chosen]) @ b
            out[chosen, 1:] = fits[model][1:3]
    return out, fits


def cross_validated(parties):
    """As `judged`, each party by what the sources of the other folds fit."""
    fold = np.array([zlib.crc32(p["source"].encode()) % FOLDS for p in parties])
    out = np.zeros((len(parties), 3))
    for k in range(FOLDS):
        held = np.flatnonzero(fold == k)
        out[held] = judged([parties[i] for i in held], [p for p, f in zip(parties, fold) if f != k])[0]
    return out


def table(parties, judgements, log=print):
    """Figures a condition and length; returns them."""
    out = {}
    for split in SPLITS:
        for condition in sorted({p["condition"] for p in parties}):
            for seconds in ("4", "12", "30"):
                k = [
                    i
                    for i, p in enumerate(parties)
                    if (p["split"], p["condition"], p["seconds"]) == (split, condition, seconds)
                ]
                g = np.array([parties[i]["label"] == "bonafide" for i in k], bool)
                if g.sum() < 20 or (~g).sum() < 20:
                    continue
                v, alarm, clear = judgements[k].T
                b, s = v[g], v[~g]
                row = {
                    "bonafide": len(b),
                    "spoof": len(s),
                    "eer": metrics.eer(b, s),
                    "matched_eer": metrics.matched_eer([parties[i] for i in k], v),
                    "miss_at_1pct": metrics.miss_at(b, s, 0.01),
                    "cllr": metrics.cllr(b, s),
                    "min_cllr": metrics.min_cllr(b, s),
                    "bonafide_flagged": float((v <= alarm)[g].mean()),
                    "spoof_flagged": float((v <= alarm)[~g].mean()),
                    "bonafide_cleared": float((v >= clear)[g].mean()),
                    "spoof_cleared": float((v >= clear)[~g].mean()),
                }
                out[f"{split} {condition} {seconds} s"] = {
                    k: round(x, 4) if np.isfinite(x) else None for k, x in row.items()
                }
                log(
                    f"{split:5}{condition:9}{seconds:>3} s  {len(b):4} {len(s):4}  "
                    f"EER {100 * row['eer']:5.1f} / {100 * row['matched_eer']:5.1f}  "
                    f"miss {100 * row['miss_at_1pct']:5.1f}  Cllr {row['cllr']:.3f} ({row['min_cllr']:.3f})  "
                    f"genuine flagged {100 * row['bonafide_flagged']:4.1f} "
                    f"cleared {100 * row['bonafide_cleared']:5.1f}  "
                    f"synthetic flagged {100 * row['spoof_flagged']:5.1f} cleared {100 * row['spoof_cleared']:4.1f}",
                    flush=True,
                )
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("command", "states", "heads", "parties", "out"):
        a.add_argument(name)
    a.add_argument("--version", default="1")
    a.add_argument("--keep", metavar="JSON", help="the parties with both scores, taken from there if it is there")
    a.add_argument("--training", default="{}", help="JSON of counts")
    o = a.parse_args()
    torch.set_num_threads(1)
    if o.keep and os.path.exists(o.keep):
        parties = json.load(open(o.keep))
    else:
        parties = gather(o)
        if o.keep:
            json.dump(parties, open(o.keep, "w"))
    fusions = {}
    _, fits = judged(parties, parties)
    for model, (b, alarm, clear, v) in fits.items():
        group = [p for p in parties if p["model"] == model]
        fusions[model] = {
            "first": list(b[:3]),
            "second": list(b[3:6]),
            "offset": list(b[6:]),
            "seconds": SECONDS,
            "snr_db": SNR,
            "operating_points": {"alarm_llr": alarm, "clear_llr": clear},
            "genuine_median": float(np.median([x for x, p in zip(v, group) if p["label"] == "bonafide"])),
        }
        print(model, len(group), "parties", np.round(b, 3), "alarm", round(alarm, 2), "clear", round(clear, 2))
    figures = table(parties, cross_validated(parties))
    digest = lambda path: hashlib.sha256(open(path, "rb").read()).hexdigest()
    beside = lambda name: digest(os.path.join(os.path.dirname(o.heads) or ".", name))
    card = {
        "name": "second",
        "version": o.version,
        "fusions": fusions,
        "training": json.loads(o.training) | {"date": datetime.date.today().isoformat()},
        "metrics": {
            "command": "python -m bonafide_models.second_stage.fuse",
            "conditions": figures,
            "data": "splits dev and dev3, not trained on; each source by a fusion and points set on the others",
        },
        "encoder_sha256": beside("encoder.safetensors"),
        "spectra_sha256": beside("spectra.safetensors"),
        "safetensors_sha256": digest(o.heads + ".safetensors"),
    }
    with open(o.out, "w") as f:
        json.dump(json.loads(json.dumps(card), parse_float=lambda x: float(f"{float(x):.6g}")), f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
