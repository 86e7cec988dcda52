"""States of the pre-trained encoders for the clips of protocol tables, as they are and through random lines.

states.py MODEL.bin OUT PROTOCOL [PROTOCOL …] [--variant clean|line8|line16|NAME] [--split train] [--seed 0] [--blocks
4]

For each PROTOCOL writes OUT/TABLE.VARIANT.SEED/NNNN.npy, float16 (clips, blocks + 1, 2, 512): mean and standard
deviation over the frames of speech of the states after the convolutions and after each block; and rows.json, the rows
in that order, with `clip_s` and `speech_s`. Where MODEL is distill_mos_v7.pt, (clips, 1, 2, 1024) into OUT/spectra, of
the same sound. What is there already is not made again, so that a run that was stopped goes on.

clean   the clip as it is, at 16 kHz
line8   a random telephone line: `channel.degrade` at 8 kHz, then a real codec
line16  a random wideband line
NAME    a condition of ../evaluation/degrade.py, such as gsm or ulaw
"""

import argparse
import csv
import json
import multiprocessing
import os
import sys
import zlib

import numpy as np
import soundfile
import soxr
import torch

from bonafide_models.data.corpus import through
from bonafide_models.encoders.spectra import SpectrumEncoder
from bonafide_models.encoders.speech import Encoder, LogMel
from bonafide_models.lines import channel

RATE = 16000
SECONDS = 4.0
FRAME = 320  # samples a state
LEVEL = 10 ** (-26 / 20)  # RMS of the speech
CHUNK = 768
# Half of the telephone lines have G.711 or nothing but the line; the rest a codec of low rate.
SHARES = {
    8000: {
        "": 3,
        "ulaw": 3,
        "alaw": 1,
        "gsm": 1.5,
        "amr12": 1.5,
        "amr5": 1,
        "g726": 1,
        "opus": 1,
        "speex": 1,
        "mp3": 0.7,
    },
    RATE: {"": 4, "g722": 1.5, "opus": 1.5, "speex": 1, "mp3": 1},
}


def decoded(path):
    x, own = soundfile.read(path, dtype="float32", always_2d=True)
    x = x.mean(1)
    return soxr.resample(x, own, RATE, quality="HQ") if own != RATE else x


def speech(x):
    """Which frames of 20 ms hold speech: energy within 32 dB of the loud ones. (N,) -> (N // 320,)"""
    n = len(x) // FRAME
    e = 10 * np.log10(np.square(x[: n * FRAME].reshape(n, FRAME)).mean(1) + 1e-9)
    return (e > np.quantile(e, 0.95) - 32) & (e > -65)


def levelled(x, mask):
    """The clip with its speech at -26 dBFS."""
    y = x[: len(mask) * FRAME].reshape(len(mask), FRAME)
    rms = np.sqrt(np.square(y[mask] if mask.any() else y).mean()) + 1e-7
    return x * np.float32(LEVEL / rms)


def lined(clips, rate, seed, nonspeech, lines):
    """Clips at 16 kHz through a random line each, at 16 kHz again."""
    n = int(SECONDS * rate)
    low = [soxr.resample(c, RATE, rate, quality="HQ") if rate != RATE else c for c in clips]
    x = np.stack([np.tile(c, 1 + n // max(1, len(c)))[:n] for c in low]).astype(np.float32)
    rng = np.random.default_rng(seed)
    rngs = [np.random.default_rng(s) for s in rng.integers(1 << 62, size=len(clips))]
    y = np.concatenate(
        [
            channel.degrade(rngs[a : a + 64], x[a : a + 64], nonspeech, lines, rate, [False] * len(x[a : a + 64]))
            for a in range(0, len(x), 64)
        ]
    )
    for i in np.flatnonzero(rng.random(len(y)) < 0.05):  # overdriven
        y[i] = np.clip(y[i] * 10 ** (rng.uniform(6, 24) / 20) / np.abs(y[i]).max(), -1, 1) * 10 ** (
            -rng.uniform(0, 12) / 20
        )
    names = list(SHARES[rate])
    p = np.array(list(SHARES[rate].values()))
    pick = rng.choice(len(names), len(y), p=p / p.sum())
    pcm = np.clip(np.round(y * 32767), -32768, 32767).astype(np.int16)
    for k, name in enumerate(names):
        group = np.flatnonzero(pick == k)
        if name and len(group):
            gap = np.zeros((len(group), rate // 4), np.int16)
            out = through(name, np.concatenate([gap, pcm[group]], 1).ravel(), rate)
            pcm[group] = out.reshape(len(group), -1)[:, rate // 4 :]
    y = pcm.astype(np.float32) / 32768
    return [
        (soxr.resample(v[: len(c)], rate, RATE, quality="HQ") if rate != RATE else v[: len(c)]).astype(np.float32)
        for v, c in zip(y, low)
    ]


@torch.no_grad()
def pooled(encoder, front, clips, masks):
    """Mean and deviation of all states over the frames of `masks`: [(N,)] -> (clips, layers, 2, 512) float16"""
    out = [None] * len(clips)
    order = sorted(range(len(clips)), key=lambda i: len(masks[i]))
    at = 0
    while at < len(order):
        n = len(masks[order[at]])
        end = at
        while end < len(order) and end - at < 48 and len(masks[order[end]]) == n:
            end += 1
        part = order[at:end]
        x = torch.from_numpy(np.stack([clips[i][: n * FRAME] for i in part]))
        m = torch.from_numpy(np.stack([masks[i] if masks[i].any() else np.ones(n, bool) for i in part])).float()[
            :, :, None
        ]
        with torch.autocast("cpu", torch.bfloat16):
            states = [encoder(x)] if front is None else encoder(front(x))
        count = m.sum(1)
        stats = []
        for s in states:
            s = s.float()
            mean = (s * m).sum(1) / count
            var = ((s - mean[:, None]) ** 2 * m).sum(1) / count
            stats.append(torch.stack([mean, var.sqrt()], 1))
        for i, v in zip(part, torch.stack(stats, 1).half().numpy()):
            out[i] = v
        at = end
    return np.stack(out)


def setup(model, blocks, threads):
    global ENCODER, FRONT
    torch.set_num_threads(threads)
    ENCODER, FRONT = (
        (SpectrumEncoder(model).eval(), None) if model.endswith(".pt") else (Encoder(model, blocks).eval(), LogMel())
    )


def work(job):
    rows, root, variant, seed, path, music, lines_of = job
    if os.path.exists(path):
        return path, None
    clips = []
    for r in rows:
        try:
            clips.append(decoded(os.path.join(root, r["file"]))[: int(SECONDS * RATE)])
        except Exception as error:
            print(r["file"], error, file=sys.stderr)
            clips.append(np.zeros(RATE, np.float32))
    clips = [np.pad(c, (0, max(0, RATE // 2 - len(c)))) for c in clips]
    clips = [c[: len(c) // FRAME // 5 * 5 * FRAME] for c in clips]  # whole tenths of a second, so that batches are few
    masks = [speech(c) for c in clips]
    if variant.startswith("line"):
        rate = 8000 if variant == "line8" else RATE
        nonspeech = channel.NonSpeech(music, rate)
        lines = channel.Lines([soxr.resample(decoded(p), RATE, rate) * 32768 for p in lines_of])
        clips = lined(clips, rate, zlib.crc32(path.replace("/spectra/", "/").encode()) + seed, nonspeech, lines)
    elif variant != "clean":
        from bonafide_models.evaluation import degrade

        condition = degrade.Condition(variant)
        out = []
        for a in range(0, len(clips), 40):
            out += degrade.degraded(condition, clips[a : a + 40], RATE, [r["file"] for r in rows[a : a + 40]], 0)
        clips = [
            soxr.resample(np.asarray(y, np.float32), condition.rate, RATE)
            if condition.rate != RATE
            else np.asarray(y, np.float32)
            for y in out
        ]
    clips = [
        np.pad(c, (0, max(0, len(m) * FRAME - len(c))))[: len(m) * FRAME].astype(np.float32)
        for c, m in zip(clips, masks)
    ]
    clips = [levelled(c, m) for c, m in zip(clips, masks)]
    np.save(path + ".part.npy", pooled(ENCODER, FRONT, clips, masks))
    os.replace(path + ".part.npy", path)
    return path, [(len(m) * FRAME / RATE, m.sum() * FRAME / RATE) for m in masks]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("model")
    a.add_argument("out")
    a.add_argument("protocol", nargs="+")
    a.add_argument("--variant", default="clean")
    a.add_argument("--split")
    a.add_argument("--seed", type=int, default=0)
    a.add_argument("--blocks", type=int, default=4)
    a.add_argument("--most", type=int, default=0, help="clips of a source and label at most")
    a.add_argument("--music", default="/usr/share/asterisk/moh")
    a.add_argument("--jobs", type=int, default=2)
    o = a.parse_args()
    from bonafide_models.train import SAMPLE_MUSIC

    music = [
        os.path.join(o.music, f) for f in sorted(os.listdir(o.music)) if f.endswith(".wav") and f not in SAMPLE_MUSIC
    ]
    with multiprocessing.get_context("spawn").Pool(o.jobs, setup, (o.model, o.blocks, 1)) as pool:
        for table in o.protocol:
            rows = [
                r
                for r in csv.DictReader(open(table), delimiter="\t", quoting=csv.QUOTE_NONE)
                if (not o.split or r["split"] == o.split) and r["label"] in ("bonafide", "spoof")
            ]
            if o.most:
                rng, cells = np.random.default_rng(0), {}
                for i in rng.permutation(len(rows)):
                    cells.setdefault((rows[i]["source"], rows[i]["label"]), []).append(i)
                rows = [rows[i] for i in sorted(i for c in cells.values() for i in c[: o.most])]
            root = os.path.dirname(os.path.abspath(table))
            line_rows = [r for r in rows if r["split"] == "train" and r.get("kind") == "phone"]
            lines_of = [
                os.path.join(root, line_rows[i]["file"])
                for i in np.random.default_rng(1).permutation(len(line_rows))[:150]
            ]
            folder = os.path.join(
                o.out,
                "spectra" if o.model.endswith(".pt") else "",
                f"{os.path.basename(root)}.{o.split or 'all'}.{o.variant}.{o.seed}",
            )
            os.makedirs(folder, exist_ok=True)
            order = np.random.default_rng(2).permutation(len(rows))  # each chunk has something of all
            rows = [rows[i] for i in order] if not o.split or o.split == "train" else rows
            json.dump(rows, open(os.path.join(folder, "rows.json"), "w"))
            jobs = [
                (
                    rows[k : k + CHUNK],
                    root,
                    o.variant,
                    o.seed,
                    os.path.join(folder, f"{k // CHUNK:04d}.npy"),
                    music,
                    lines_of,
                )
                for k in range(0, len(rows), CHUNK)
            ]
            for path, seconds in pool.imap_unordered(work, jobs):
                if seconds:
                    json.dump(seconds, open(path[:-4] + ".json", "w"))
            print(folder, len(rows), "clips", flush=True)


if __name__ == "__main__":
    main()
