"""Decode the clips of a protocol table once, to one int16 array, and send that array through real codecs.

corpus.py PROTOCOL [PROTOCOL …] CACHE [--rate 16000]

PROTOCOL  tab-separated with a header; the columns `file` (relative to the table), `label` (bonafide|spoof|codec),
          `system`, `source` and `split` (train|dev) are needed, `kind`, `speaker`, `language` and `source_rate`
          are used where they are there.
CACHE     a folder (about 6 GB for 15 hours): rate, rows.json, clips.npy, and one array for each codec.
--rate    8000 (narrowband, the default; G.711, GSM, AMR-NB, G.726, Opus, Speex, MP3) or 16000 (wideband: G.722, Opus,
Speex,
          MP3).

A codec takes the whole array in one go: a process a clip would cost a hundred times more. Codec delays (5 to 45 ms)
are removed by cross-correlation, so that a clip lies at the same place in every array.
"""

import argparse
import csv
import functools
import json
import multiprocessing
import os

import numpy as np
import soundfile
import soxr

from bonafide_models.lines.codecs import CodecError, aligned, ffmpeg, sox_amr

RATE, WIDE = 8000, 16000
OPUS = ("-application", "voip", "-compression_level", "3")
CODECS = {
    RATE: {
        "ulaw": ffmpeg(RATE, "pcm_mulaw", "wav"),
        "alaw": ffmpeg(RATE, "pcm_alaw", "wav"),
        "gsm": ffmpeg(RATE, "libgsm", "gsm"),
        "amr12": sox_amr(7),
        "amr5": sox_amr(1),
        "g726": ffmpeg(RATE, "g726", "wav", "-b:a", "32k"),
        "opus": ffmpeg(RATE, "libopus", "ogg", "-b:a", "10k", *OPUS),
        "speex": ffmpeg(RATE, "libspeex", "ogg", "-b:a", "11k"),
        "mp3": ffmpeg(RATE, "libmp3lame", "mp3", "-b:a", "8k"),  # what ffmpeg gives MP3 at 8 kHz; cut off at 3 kHz
    },
    WIDE: {
        "g722": ffmpeg(WIDE, "g722", "g722"),
        "opus": ffmpeg(WIDE, "libopus", "ogg", "-b:a", "20k", *OPUS),
        "speex": ffmpeg(WIDE, "libspeex", "ogg", "-b:a", "20k"),
        "mp3": ffmpeg(WIDE, "libmp3lame", "mp3", "-b:a", "32k"),
    },
}


def decode(path, rate=RATE):
    x, own = soundfile.read(path, dtype="float32", always_2d=True)
    x = soxr.resample(x.mean(1), own, rate, quality="HQ")
    return np.clip(np.round(x * 32767), -32768, 32767).astype(np.int16)


def through(codec, x, rate=RATE):
    """x (int16) through a real encoder and decoder, aligned, same length."""
    try:
        return aligned(CODECS[rate][codec], x, rate)
    except CodecError as error:
        raise SystemExit(f"codec {codec}: {error}") from None


def rate_of(cache):
    """Sample rate of a cache."""
    with open(os.path.join(cache, "rate")) as f:
        return int(f.read())


def build_codec(job):
    cache, codec, rate = job
    path = os.path.join(cache, f"clips.{codec}.npy")
    if not os.path.exists(path):
        y = through(codec, np.load(os.path.join(cache, "clips.npy")), rate)
        np.save(path + ".part.npy", y)
        os.replace(path + ".part.npy", path)
        print(codec, "done", flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("protocol", nargs="+")
    a.add_argument("cache")
    a.add_argument("--rate", type=int, choices=CODECS, default=RATE)
    a.add_argument("--jobs", type=int, default=os.cpu_count())
    o = a.parse_args()
    os.makedirs(o.cache, exist_ok=True)
    index = os.path.join(o.cache, "rows.json")
    with multiprocessing.Pool(o.jobs) as pool:
        if not os.path.exists(index):
            rows, paths = [], []
            for table in o.protocol:
                part = list(csv.DictReader(open(table), delimiter="\t", quoting=csv.QUOTE_NONE))
                rows += part
                paths += [os.path.join(os.path.dirname(os.path.abspath(table)), r["file"]) for r in part]
            clips, start = pool.map(functools.partial(decode, rate=o.rate), paths, chunksize=64), 0
            for r, c in zip(rows, clips):
                r["start"], r["count"] = start, len(c)
                start += len(c)
            np.save(os.path.join(o.cache, "clips.npy"), np.concatenate(clips))
            with open(os.path.join(o.cache, "rate"), "w") as f:
                print(o.rate, file=f)
            json.dump(rows, open(index, "w"))
            print(len(rows), "clips decoded", flush=True)
        pool.map(build_codec, [(o.cache, c, o.rate) for c in CODECS[o.rate]], chunksize=1)


if __name__ == "__main__":
    main()
