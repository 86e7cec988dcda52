"""Genuine speech that Debian packages, as further rows of a protocol.

python -m bonafide_models.data.recordings PACKAGES OUT

People who read and act in studios, recorded from 1993 to 2012, before a machine could be mistaken for them: telephone
prompts of six speakers, without the recordings that samples/ is made of, and the casts of adventure games. On pages of
generators most of what was recorded in a studio is synthetic; these keep a network from taking studio and reading for
the machine. Copies of them (data.copies) belong beside them, so that neither their 8-bit noise nor their age says
anything about the class.

PACKAGES  a folder in which each package lies unpacked in a folder of its name (main section, Debian 12):
            for p in NAMES; do apt-get download $p; dpkg-deb -x ${p}_*.deb PACKAGES/$p; done
          NAMES: those of the table PACKAGES below
OUT       *.opus as the corpus has them (16 kHz, at most 4 s, little silence at the ends, -26 dBFS) and protocol.tsv
"""

import argparse
import glob
import multiprocessing
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bonafide_models.arrays import Floats, Row
from bonafide_models.data import protocol
from bonafide_models.data.games import OF_1994, Recording, amazon_queen, steel_sky, unsigned

RATE, LONGEST_S, SHORTEST_S = 16000, 4, 1.5
# package: (language, kind, most clips)
PACKAGES = {
    "asterisk-core-sounds-en-wav": ("en", "phone", 250),
    "asterisk-core-sounds-es-wav": ("es", "phone", 250),
    "asterisk-core-sounds-fr-wav": ("fr", "phone", 250),
    "asterisk-core-sounds-it-wav": ("it", "phone", 250),
    "asterisk-prompt-es-co": ("es", "phone", 150),
    "asterisk-prompt-fr-armelle": ("fr", "phone", 150),
    "asterisk-prompt-it-menardi-wav": ("it", "phone", 250),
    "beneath-a-steel-sky": ("en", "studio", 600),
    "flight-of-the-amazon-queen": ("en", "studio", 600),
    "drascula": ("en", "studio", 200),
    "drascula-spanish": ("es", "studio", 200),
    "fillets-ng-data-cs": ("cs", "studio", 400),
    "fillets-ng-data-nl": ("nl", "studio", 400),
}
# What samples/make.sh takes, in all languages; then what is no speech, or single words by the hundred.
LEFT_OUT = (
    "vm-options",
    "queue-periodic-announce",
    "demo-echotest",
    "dir-intro",
    "dir-instr",
    "demo-abouttotry",
    "demo-nogo",
    "silence",
    "beep",
    "tt-monkeys",
    "tt-weasels",
    "phonetic/",
    "letters/",
    "digits/",
)


def files(folder: str) -> Iterator[Recording]:
    """The sound files of a package, at any depth."""
    for path in sorted(glob.glob(f"{folder}/**/*", recursive=True)):
        if not os.path.isfile(path):
            continue
        kind = path.rsplit(".", 1)[-1].lower()
        if kind == "als":
            yield path, unsigned(Path(path).read_bytes()), OF_1994
        elif kind in ("ogg", "wav"):
            x, rate = soundfile.read(path, dtype="float32", always_2d=True)
            yield path, x.mean(1), rate
        elif kind == "gsm":
            command = ["ffmpeg", "-v", "error", "-f", "gsm", "-i", path, "-f", "s16le", "pipe:1"]
            raw = subprocess.run(command, check=True, capture_output=True).stdout
            yield path, np.frombuffer(raw, np.int16).astype(np.float32) / np.float32(32768), 8000


READERS = {"beneath-a-steel-sky": steel_sky, "flight-of-the-amazon-queen": amazon_queen}


def trimmed(x: Floats, rate: int) -> Floats | None:
    """Speech without the silence around it, at most LONGEST_S, at -26 dBFS; None where there is too little."""
    block = rate // 50
    x = x - x.mean() if len(x) else x
    power = np.square(x[: len(x) // block * block]).reshape(-1, block).mean(1)
    if not len(power) or power.max() < 1e-5:
        return None
    loud = np.flatnonzero(power > power.max() * 10**-3.5)
    if len(loud) * block < SHORTEST_S * rate * 0.6:
        return None
    x = x[max(0, (loud[0] - 5) * block) : (loud[-1] + 6) * block][: LONGEST_S * rate]
    return None if len(x) < SHORTEST_S * rate else np.clip(x * 0.05 / np.sqrt(np.mean(x**2)), -1, 1)


def encode(job: tuple[Floats, str]) -> None:
    """(samples at RATE, path)"""
    x, path = job
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, "-c:a", "libopus", "-b:a", "28k", path]
    subprocess.run(command, input=x.astype(np.float32).tobytes(), check=True)


def clips_of(package: str, folder: str) -> list[Recording]:
    """What is to be had of a package, trimmed."""
    if not os.path.isdir(folder):
        raise SystemExit(f"{folder}: no such folder; unpack the package there")
    clips = []
    for name, x, rate in READERS.get(package, files)(folder):
        if any(word in name for word in LEFT_OUT):
            continue
        clip = trimmed(x, rate)
        if clip is not None:
            clips.append((name, clip, rate))
    return clips


def row_of(package: str, path: str, recording: Recording) -> Row:
    name, x, rate = recording
    language, kind, _ = PACKAGES[package]
    return {
        "file": path,
        "label": "bonafide",
        "system": "-",
        "kind": kind,
        "speaker": "-",
        "language": language,
        "source": f"debian-{package}",
        "dataset": "-",
        "split": "train",
        "duration_s": f"{len(x) / rate:.2f}",
        "bandwidth_hz": round(min(0.48 * rate, RATE / 2)),
        "source_rate": rate,
        "source_codec": "-",
        "note": os.path.basename(name),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages")
    parser.add_argument("out")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    rng, rows, jobs = np.random.default_rng(0), list[Row](), list[tuple[Floats, str]]()
    for package, (_, _, most) in PACKAGES.items():
        clips = clips_of(package, os.path.join(options.packages, package))
        for n, k in enumerate(rng.permutation(len(clips))[:most]):
            path, (_, x, rate) = f"{package}-{n:03d}.opus", clips[k]
            jobs.append((soxr.resample(x, rate, RATE), os.path.join(options.out, path)))
            rows.append(row_of(package, path, clips[k]))
        print(package, min(most, len(clips)), "of", len(clips), flush=True)
    with multiprocessing.Pool() as pool:
        pool.map(encode, jobs, chunksize=16)
    protocol.write_rows(os.path.join(options.out, "protocol.tsv"), rows)


if __name__ == "__main__":
    main()
