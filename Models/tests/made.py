"""Sound and rows that the tests make themselves, so that none needs the corpus."""

import numpy as np
from scipy import signal

RATE, WIDE = 8000, 16000  # Hz


def tone(rng, seconds, wobble):
    """Overtones in syllables with pauses; a voice whose pitch wobbles is the genuine one. int16 at RATE."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = rng.uniform(90, 220) * (1 + wobble * np.sin(2 * np.pi * 5 * t))
    x = sum(np.sin(2 * np.pi * np.cumsum(pitch * k) / RATE) / k for k in range(1, 12))
    x = x * (np.sin(2 * np.pi * 0.7 * t) > -0.6) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * t))
    return np.round(3000 * x + 30 * rng.standard_normal(len(t))).astype(np.int16)


def voice(rng, seconds, rate=WIDE, pitch=None):
    """Pulses of a wandering pitch through three resonances, in syllables with pauses: -26 dBFS, silent for 0.1 s at the
    ends."""
    n = round(seconds * rate)
    t = np.arange(n) / rate
    f0 = (pitch or rng.uniform(90, 220)) * (1 + 0.15 * np.interp(t, np.linspace(0, seconds, 12), rng.normal(size=12)))
    x = (np.diff(np.floor(np.cumsum(f0) / rate), prepend=0) > 0) + 0.02 * rng.standard_normal(n)
    for formant, width in zip(rng.uniform([350, 900, 2300], [800, 1800, 3000]), (80, 120, 200)):
        r = np.exp(-np.pi * width / rate)
        x = signal.lfilter([1], [1, -2 * r * np.cos(2 * np.pi * formant / rate), r * r], x)
    loudness = rng.choice([0.02, 1, 1], round(seconds * 6))
    syllables = np.interp(t, np.linspace(0, seconds, len(loudness)), loudness)
    x = x * syllables * np.clip(np.minimum(t - 0.1, seconds - 0.1 - t) / 0.02, 0, 1)
    return x * 0.05 / np.sqrt(np.mean(np.square(x)))


def row(file, label, source, split, **others):
    """A row of rows.json, its clip not cut out yet."""
    made = {
        "file": file,
        "label": label,
        "system": "-" if label == "bonafide" else "machine",
        "source": source,
        "split": split,
    }
    made |= {
        "kind": "read",
        "speaker": f"{source}:{label}",
        "note": "",
        "source_rate": "16000",
        "start": 0,
        "count": 2 * RATE,
    }
    return made | others
