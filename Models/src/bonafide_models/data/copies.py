"""Copies of genuine training clips through vocoders, as further rows of a protocol.

python -m bonafide_models.data.copies PROTOCOL OUT --vocoder VOCODE.py [--kinds phone,wild]
                                      [--methods griffinlim,world,lyra,hifigan] [--limit N]

Writes OUT/*.flac and OUT/protocol.tsv (label spoof, kind copy, source and speaker of the original, whose path is in the
note), to be given to data.corpus after PROTOCOL. VOCODE.py has `vocode(x, method, rng)` at 16 kHz, as
../shared/vocoders/vocode.py has. A person on a telephone and her copy on the same telephone leave the voice's making as
the only difference: the remedy against *a line means a person*.
"""

import argparse
import importlib.util
import multiprocessing
import os

import numpy as np
import soundfile
import soxr

from bonafide_models.data import protocol

Job = tuple[str, str, str, int, str]


def synthesise(job: Job) -> None:
    """(recording, vocoder, method, seed, copy)"""
    path, vocoder, method, seed, out = job
    spec = importlib.util.spec_from_file_location("vocode", vocoder)
    if not spec or not spec.loader:
        raise SystemExit(f"{vocoder}: no module of Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x, rate = soundfile.read(path, dtype="float32", always_2d=True)
    x = soxr.resample(x.mean(1), rate, module.RATE, quality="HQ")
    soundfile.write(out, module.vocode(x, method, np.random.default_rng(seed)), module.RATE)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("out")
    parser.add_argument("--vocoder", required=True)
    parser.add_argument("--kinds", default="phone,wild")
    parser.add_argument("--methods", default="griffinlim,world,lyra,hifigan")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    return parser.parse_args()


def main() -> None:
    o = parsed()
    os.makedirs(o.out, exist_ok=True)
    kinds, methods = o.kinds.split(","), o.methods.split(",")
    rows = [r for r in protocol.read_rows(o.protocol, "train") if r["label"] == "bonafide" and r["kind"] in kinds]
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[: o.limit]]
    root = os.path.dirname(os.path.abspath(o.protocol))
    jobs: list[Job] = []
    copies = []
    for k, row in enumerate(rows):
        name, method = f"{k:05d}.flac", methods[k % len(methods)]
        jobs.append((os.path.join(root, row["file"]), o.vocoder, method, k, os.path.join(o.out, name)))
        about = {"file": name, "label": "spoof", "kind": "copy", "system": method, "note": row["file"]}
        copies.append(row | about)
    with multiprocessing.Pool(o.jobs) as pool:
        pool.map(synthesise, jobs, chunksize=8)
    protocol.write_rows(os.path.join(o.out, "protocol.tsv"), copies)


if __name__ == "__main__":
    main()
