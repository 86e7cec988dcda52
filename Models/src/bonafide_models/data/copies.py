"""Copies of genuine training clips through vocoders, as further rows of a protocol.

synthesise.py PROTOCOL OUT --vocoder VOCODE.py [--kinds phone,wild] [--methods griffinlim,world,lyra,hifigan] [--limit
N]

Writes OUT/*.flac and OUT/protocol.tsv (label spoof, kind copy, source and speaker of the original, whose path is in the
note), to be given to corpus.py after PROTOCOL. VOCODE.py has `vocode(x, method, rng)` at 16 kHz, as
../shared/vocoders/vocode.py has. A person on a telephone and her copy on the same telephone leave the voice's
making as the only difference: the remedy against *a line means a person*.
"""

import argparse
import csv
import importlib.util
import multiprocessing
import os

import numpy as np
import soundfile
import soxr


def synthesise(job):
    path, vocoder, method, seed, out = job
    spec = importlib.util.spec_from_file_location("vocode", vocoder)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x, rate = soundfile.read(path, dtype="float32", always_2d=True)
    x = soxr.resample(x.mean(1), rate, module.RATE, quality="HQ")
    soundfile.write(out, module.vocode(x, method, np.random.default_rng(seed)), module.RATE)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("protocol")
    a.add_argument("out")
    a.add_argument("--vocoder", required=True)
    a.add_argument("--kinds", default="phone,wild")
    a.add_argument("--methods", default="griffinlim,world,lyra,hifigan")
    a.add_argument("--limit", type=int)
    a.add_argument("--jobs", type=int, default=os.cpu_count())
    o = a.parse_args()
    os.makedirs(o.out, exist_ok=True)
    table = csv.DictReader(open(o.protocol), delimiter="\t", quoting=csv.QUOTE_NONE)
    rows = [r for r in table if r["split"] == "train" and r["label"] == "bonafide" and r["kind"] in o.kinds.split(",")]
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[: o.limit]]
    methods, root, jobs, copies = o.methods.split(","), os.path.dirname(os.path.abspath(o.protocol)), [], []
    for k, r in enumerate(rows):
        name = f"{k:05d}.flac"
        jobs.append((os.path.join(root, r["file"]), o.vocoder, methods[k % len(methods)], k, os.path.join(o.out, name)))
        copies.append(dict(r, file=name, label="spoof", kind="copy", system=methods[k % len(methods)], note=r["file"]))
    with multiprocessing.Pool(o.jobs) as pool:
        pool.map(synthesise, jobs, chunksize=8)
    with open(os.path.join(o.out, "protocol.tsv"), "w") as f:
        w = csv.DictWriter(f, table.fieldnames, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        w.writeheader()
        w.writerows(copies)


if __name__ == "__main__":
    main()
