#!/usr/bin/env python3
"""Calibrate the averaged weights of a run on dev and write the model: export.py CACHE RUN Models/NAME

Writes NAME.safetensors and NAME.json (the card). Calibration, operating points and metrics are of split `dev`, which
training never saw; the metrics are therefore of the data that the thresholds were set on, which the card says.
"""
import argparse, hashlib, json, os, re
import numpy as np, safetensors.torch, torch
from scipy.optimize import minimize
import channel, metrics
from corpus import CODECS, RATE
from network import CRNN, FEATURES, LogMel
from train import SAMPLE_VOICES, on_line, score

CALIBRATED_ON_S = (1, 2, 4)


def calibrate(raw, label, speech):
    """llr = (slope * raw + offset) * d / (d + half), by maximum likelihood with equal class priors over all durations."""
    weight = np.where(label == 1, 0.5 / (label == 1).sum(), 0.5 / (label == 0).sum())
    sign = np.where(label == 1, -1.0, 1.0)
    def cost(p):
        trust = speech / (speech + np.exp(p[2]))
        return (weight * np.logaddexp(0, sign * (p[0] * raw + p[1]) * trust)).sum()
    p = minimize(cost, [1.0, 0.0, -1.0], method="Nelder-Mead", options=dict(maxiter=4000)).x
    return float(p[0]), float(p[1]), float(np.exp(p[2]))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("cache")
    a.add_argument("run")
    a.add_argument("model")
    a.add_argument("--version", default="1")
    a.add_argument("--exclude", default=SAMPLE_VOICES, help="as given to train.py")
    o = a.parse_args()
    torch.set_num_threads(2)
    saved = torch.load(os.path.join(o.run, "checkpoint.pt"))
    network, front = CRNN().eval(), LogMel()
    network.load_state_dict(saved["average"])
    rows = json.load(open(os.path.join(o.cache, "rows.json")))
    train = [r for r in rows if r["split"] == "train" and not re.search(o.exclude, r.get("speaker", ""))]
    dev = [r for r in rows if r["split"] == "dev" and r["label"] != "codec"]
    clips = np.load(os.path.join(o.cache, "clips.npy"), mmap_mode="r")
    plain = lambda r: clips[r["start"]:r["start"] + r["count"]].astype(np.float32) / 32768
    label = np.array([int(r["label"] == "bonafide") for r in dev])

    raw, labels, speech = [], [], []
    for seconds in CALIBRATED_ON_S:
        raw.append(score(network, front, dev, lambda r: plain(r)[:seconds * RATE]))
        labels.append(label)
        blocks = [channel.speech_blocks(np.pad(x := plain(r)[:seconds * RATE], (0, -len(x) % 320))[None])[0].sum() for r in dev]
        speech.append(np.array(blocks) * 0.04)
    slope, offset, half = calibrate(*map(np.concatenate, (raw, labels, speech)))
    llr = (slope * raw[-1] + offset) * speech[-1] / (speech[-1] + half)
    bona, spoof = llr[label == 1], llr[label == 0]
    alarm = float(np.sort(bona)[int(0.01 * len(bona))])
    stretch = float(np.sort(bona)[int(0.002 * len(bona))])
    clear = float(np.sort(spoof)[::-1][int(0.05 * len(spoof))])

    def figures(scores):
        b, s = scores[label == 1], scores[label == 0]
        line = [v for r, v in zip(dev, scores) if on_line(r) and r["label"] == "bonafide"], [v for r, v in zip(dev, scores) if on_line(r) and r["label"] == "spoof"]
        return dict(eer=round(metrics.eer(b, s), 4), matched_eer=round(metrics.matched_eer(dev, scores), 4), line_eer=round(metrics.eer(*map(np.array, line)), 4),
                    miss_at_1pct_false_alarms=round(metrics.miss_at(b, s, 0.01), 4))
    conditions = {"as they are": figures(raw[-1]), "G.711 mu-law": figures(score(network, front, dev, lambda r: channel.mulaw(plain(r)).astype(np.float32)))}
    for c in (c for c in CODECS if os.path.exists(os.path.join(o.cache, f"clips.{c}.npy"))):
        y = np.load(os.path.join(o.cache, f"clips.{c}.npy"), mmap_mode="r")
        conditions[c] = figures(score(network, front, dev, lambda r: y[r["start"]:r["start"] + r["count"]].astype(np.float32) / 32768))
    for seconds, r in zip(CALIBRATED_ON_S, raw):
        conditions[f"first {seconds} s"] = figures(r)

    tensors = {k: v.float().contiguous() for k, v in network.state_dict().items() if "num_batches" not in k}
    safetensors.torch.save_file(tensors, o.model + ".safetensors", metadata={"name": os.path.basename(o.model), "version": o.version})
    count = lambda k: sum(r["label"] == k for r in train)
    card = dict(
        name=os.path.basename(o.model), version=o.version, architecture=dict(type="crnn", **network.config), features=FEATURES,
        calibration=dict(slope=slope, offset=offset, half_speech_s=half), operating_points=dict(alarm_llr=alarm, clear_llr=clear, stretch_llr=stretch),
        training=dict(bonafide_clips=count("bonafide"), spoof_clips=count("spoof"), sources=len({r["source"] for r in train}),
                      generators=len({r["system"] for r in train if r["label"] == "spoof"}), steps=saved["step"], weights=sum(p.numel() for p in network.parameters())),
        metrics=dict(command="Models/training/export.py CACHE RUN Models/" + os.path.basename(o.model),
                     data=f"dev split, {int(label.sum())} bona fide and {int((1 - label).sum())} spoof clips, on which calibration and operating points were set",
                     cllr=round(metrics.cllr(bona, spoof), 4), conditions=conditions),
        safetensors_sha256=hashlib.sha256(open(o.model + ".safetensors", "rb").read()).hexdigest())
    json.dump(card, open(o.model + ".json", "w"), indent=1)
    print(json.dumps(card["calibration"]), json.dumps(card["operating_points"]), f"cllr {card['metrics']['cllr']}")
    for k, v in conditions.items():
        print(f"{k:14s} " + "  ".join(f"{n} {100 * x:.1f}" for n, x in v.items()))


if __name__ == "__main__":
    main()
