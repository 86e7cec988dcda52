"""What is on a telephone line besides speech. Samples are float at RATE, levels in dBFS (RMS)."""

import glob
import os
import sys
from collections.abc import Sequence

import numpy as np
import soundfile

from bonafide_models import sound
from bonafide_models.arrays import Samples
from bonafide_models.lines import effects

RATE = 8000
RING_BACK = [((440, 480), 2, 4), ((425,), 1, 4), ((400, 450), 1, 2)]  # Hz; s on, s off: North America, Europe, Britain
DTMF_ROWS, DTMF_COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)  # ITU-T Q.23


def at_level(x: Samples, level: float) -> Samples:
    levelled: Samples = x * 10 ** (level / 20) / np.sqrt(np.mean(np.square(x)) + 1e-20)
    return levelled


def tones(frequencies: Sequence[float], count: int) -> Samples:
    t = np.arange(count) / RATE
    total: Samples = np.sum([np.sin(2 * np.pi * f * t) for f in frequencies], axis=0)
    return total


def ring_back(rng: np.random.Generator, seconds: float) -> Samples:
    frequencies, on, off = RING_BACK[rng.integers(len(RING_BACK))]
    count = round(seconds * RATE)
    sounding = np.arange(count) / RATE % (on + off) < on
    return np.where(sounding, at_level(tones(frequencies, count), rng.uniform(-28, -18)), 0)


def keys(rng: np.random.Generator) -> Samples:
    """3 to 8 keys pressed."""
    level, parts = rng.uniform(-25, -15), []
    for _ in range(rng.integers(3, 9)):
        pair = (rng.choice(DTMF_ROWS), rng.choice(DTMF_COLUMNS))
        parts += [
            at_level(tones(pair, round(rng.uniform(0.07, 0.15) * RATE)), level),
            np.zeros(round(rng.uniform(0.06, 0.4) * RATE)),
        ]
    return np.concatenate(parts)


def line_noise(rng: np.random.Generator, count: int) -> Samples:
    """The floor of a line: coloured noise, now and then mains hum."""
    x = at_level(effects.coloured(rng.choice(["speech", "pink"]), count, RATE, rng), rng.uniform(-72, -50))
    if rng.random() < 0.3:
        mains = rng.choice([50, 60])
        x += at_level(tones((mains, 2 * mains, 3 * mains), count), rng.uniform(-75, -60))
    return x


class HoldMusic:
    """Pieces from a folder, each read when it is first played."""

    def __init__(self, folder: str | None) -> None:
        paths = glob.glob(os.path.join(folder, "*")) if folder else []
        self.paths = sorted(p for p in paths if os.path.splitext(p)[1][1:].upper() in soundfile.available_formats())
        if folder and not self.paths:
            sys.exit(f"{folder}: no recordings (WAV, FLAC, OGG, MP3) in it")
        self.pieces: dict[str, Samples] = {}

    def __bool__(self) -> bool:
        return bool(self.paths)

    def draw(self, rng: np.random.Generator, seconds: float) -> Samples:
        path = self.paths[rng.integers(len(self.paths))]
        if path not in self.pieces:
            self.pieces[path] = sound.decode(path, RATE)
        piece, count = self.pieces[path], round(seconds * RATE)
        start = rng.integers(max(1, len(piece) - count))
        x = np.resize(piece[start:], count) if len(piece) < count else piece[start : start + count]
        fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.05 * RATE))
        return at_level(x, rng.uniform(-30, -20)) * fade
