"""Finds which synthetic clips of a page are genuine ones of it through a vocoder, as further rows of a protocol.

python -m bonafide_models.data.pairs PROTOCOL OUT [--most 60] [--jobs N]

Pages about vocoders have recordings and what many vocoders made of them: the same words at the same times. OUT, a table
to lie beside PROTOCOL, has each such synthetic clip once more as of kind `copy`, with its original in the note, as
data.copies writes those of our own making; the source is followed by the vocoder, so that each is drawn as often.

Two clips are a pair where log-mel spectrograms, each band less its mean, correlate with more than LEAST at some lag of
up to REACH frames. Of 3,074 clips of 60 pages 1,083 do, 881 of them with more than 0.95, and most others with less than
0.5.
"""

import argparse
import functools
import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
from scipy import signal

from bonafide_models.arrays import Doubles, Row
from bonafide_models.data import clips, protocol

RATE = 16000
SECONDS = 4.0
WINDOW, HOP, BANDS = 512, 160, 24
RANGE = 9.0  # natural logarithms below the loudest
REACH = 40
LEAST = 0.85
LEAST_FRAMES = 80


def spectrogram(path: str | Path) -> Doubles | None:
    """Log-mel (bands, frames) of the beginning of a clip; `None` of one that is shorter than a second."""
    x = clips.beginning(path, RATE, SECONDS).astype(np.float32) / 32768
    if len(x) < RATE:
        return None
    _, _, s = signal.stft(x, RATE, nperseg=WINDOW, noverlap=WINDOW - HOP, boundary=None, padded=False)
    bank = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=BANDS, fmin=100, fmax=4000, norm=None)
    mel = np.log(bank @ (np.abs(s) ** 2) + 1e-9)
    bounded: Doubles = np.maximum(mel, mel.max() - RANGE)
    return bounded


def correlation(one: Doubles, other: Doubles) -> float:
    """The greatest over all lags."""
    best, least = -1.0, max(LEAST_FRAMES, 0.7 * min(one.shape[1], other.shape[1]))
    for lag in range(-REACH, REACH + 1):
        a, b = one[:, max(lag, 0) :], other[:, max(-lag, 0) :]
        count = min(a.shape[1], b.shape[1])
        if count < least:
            continue
        a, b = (part[:, :count] - part[:, :count].mean(1, keepdims=True) for part in (a, b))
        best = max(best, float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9)))
    return best


def pairs_of(rows: Sequence[Row], root: str) -> list[Row]:
    """Rows of copies of a page."""
    found = {row["file"]: spectrogram(os.path.join(root, row["file"])) for row in rows}
    genuine = [(row, mel) for row in rows if row["label"] == "bonafide" and (mel := found[row["file"]]) is not None]
    out = []
    for row in rows:
        mel = found[row["file"]]
        if row["label"] != "spoof" or mel is None or not genuine:
            continue
        value, original = max(((correlation(mel, of), row["file"]) for row, of in genuine), key=lambda pair: pair[0])
        if value > LEAST:
            source = f"{row['source']}#{row['system'].split(':')[-1]}"
            out.append(row | {"kind": "copy", "source": source, "note": original})
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("out")
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    o = parser.parse_args()
    rows = [row for row in protocol.few(protocol.read_rows(o.protocol, "train"), o.most) if row["kind"] != "copy"]
    sources = sorted({row["source"] for row in rows if row["kind"] == "vocoder"})
    pages = [[row for row in rows if row["source"] == source] for source in sources]
    with multiprocessing.Pool(o.jobs) as pool:
        found = pool.map(
            functools.partial(pairs_of, root=os.path.dirname(os.path.abspath(o.protocol))), pages, chunksize=1
        )
    protocol.write_rows(o.out, [row for page in found for row in page])


if __name__ == "__main__":
    main()
