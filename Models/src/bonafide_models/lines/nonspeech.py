"""What is on a line when nobody talks, for training: silence, noise, hold music, ring-back, bells, DTMF."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bonafide_models.arrays import Floats, Samples

BANK, BANK_S = 300, 4
# Hz: ring-back, busy and other tones of exchanges.
TONES: list[tuple[float, float]] = [(440, 480), (425, 0), (400, 450), (350, 440), (480, 620), (1000, 0)]
KINDS = {"silence": 0.12, "noise": 0.16, "music": 0.31, "tone": 0.1, "signal": 0.22, "dtmf": 0.09}
DTMF_LOW, DTMF_HIGH = [697, 770, 852, 941], [1209, 1336, 1477, 1633]


def on_and_off(rng: np.random.Generator, x: Samples, t: Samples, periods: Sequence[float]) -> Samples:
    """A sound that comes again and again, with one of the periods, in seconds; t are its samples' times."""
    period, on = rng.choice(periods), rng.uniform(0.3, 1)
    sounding: Samples = x * (((t + rng.uniform(0, period)) % period) < on * period)
    return sounding


class NonSpeech:
    """Draws it at `rate` Hz; `music` are paths of recordings."""

    def __init__(self, music: Sequence[str | Path], rate: int) -> None:
        self.rate = rate
        self.music: list[Floats] = []
        for path in music:
            x, own = soundfile.read(path, dtype="float32", always_2d=True)
            self.music.append(soxr.resample(x.mean(1), own, rate).astype(np.float32))
        rng = np.random.default_rng(0)
        self.bank = np.stack([self.coloured(rng, BANK_S * rate) for _ in range(BANK)])

    def noise(self, rng: np.random.Generator, n: int) -> Floats:
        """n samples of a noise of the bank, from a random place on, RMS 1."""
        turned = np.roll(self.bank[rng.integers(len(self.bank))], rng.integers(BANK_S * self.rate))
        noise: Floats = turned[:n] * rng.choice([-1, 1])
        return noise

    def coloured(self, rng: np.random.Generator, n: int) -> Floats:
        """n samples of a new noise, RMS 1."""
        f = np.maximum(np.fft.rfftfreq(n, 1 / self.rate), 20)
        tilt = f ** (-rng.uniform(0, 1.2))
        shape = tilt * np.exp(np.interp(f, np.linspace(0, self.rate / 2, 6), rng.normal(0, 0.7, 6)))
        x = np.fft.irfft(np.fft.rfft(rng.normal(size=n)) * shape, n)
        if rng.random() < 0.3:
            x *= 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * np.arange(n) * rng.uniform(0.3, 20) / self.rate)
        if rng.random() < 0.2:
            hum, t = rng.choice([50, 60]), 2 * np.pi * np.arange(n) / self.rate
            level = x.std()
            x += level * np.sum([rng.uniform(0, 1.5) * np.sin(hum * k * t) for k in (1, 2, 3, 5)], axis=0)
        noise: Floats = (x / (x.std() + 1e-9)).astype(np.float32)
        return noise

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """n samples, RMS about 1."""
        kind = rng.choice(list(KINDS), p=list(KINDS.values()))
        if kind == "silence":
            silence: Floats = rng.choice([0, 1e-3]) * rng.normal(size=n).astype(np.float32)
            return silence
        if kind == "noise":
            return self.noise(rng, n)
        if kind == "music" and self.music:
            x: Samples = self.piece(rng, n)
        elif kind == "dtmf":
            x = self.keys(rng, n)
        elif kind == "signal":
            x = self.signal(rng, n)
        else:
            x = self.tone(rng, n)
        x = x / (np.sqrt(np.mean(x**2)) + 1e-6)
        return (x + 10 ** rng.uniform(-4, -1.5) * rng.normal(size=n)).astype(np.float32)

    def piece(self, rng: np.random.Generator, n: int) -> Floats:
        m = self.music[rng.integers(len(self.music))]
        m = np.tile(m, 2 + n // len(m)) if len(m) <= n else m
        start = rng.integers(0, len(m) - n)
        return m[start : start + n]

    def keys(self, rng: np.random.Generator, n: int) -> Floats:
        x, t, at = np.zeros(n, np.float32), np.arange(n) / self.rate, 0
        while at < n:
            on, off = (int(self.rate * rng.uniform(low, 0.3)) for low in (0.05, 0.04))
            low, high = rng.choice(DTMF_LOW), rng.choice(DTMF_HIGH)
            now = t[at : at + on]
            x[at : at + on] = np.sin(2 * np.pi * low * now) + np.sin(2 * np.pi * high * now)
            at += on + off
        return x

    def tone(self, rng: np.random.Generator, n: int) -> Samples:
        """One or two frequencies, on and off."""
        t = np.arange(n) / self.rate
        anything = (rng.uniform(300, 3000), 0.0)
        pair = [*TONES, anything][rng.integers(len(TONES) + 1)]
        x = np.sum([np.sin(2 * np.pi * p * t) for p in pair if p], axis=0)
        return on_and_off(rng, x, t, [0.5, 1, 3, 5])

    def signal(self, rng: np.random.Generator, n: int) -> Samples:
        """A bell, siren, buzzer or pulses, on and off: what has overtones or moves, as voices do."""
        t = np.arange(n) / self.rate
        kind = rng.choice(["trill", "siren", "saw", "pulses"])
        if kind in ("trill", "siren"):
            low, rate = rng.uniform(300, 1800), rng.choice([rng.uniform(0.2, 4), rng.uniform(4, 40)])
            high = low * rng.uniform(1.05, 2)
            turn = np.sin(2 * np.pi * rate * t)
            hz = np.where(turn > 0, low, high) if kind == "trill" else low + (high - low) * (1 + turn) / 2
            x: Samples = np.sin(2 * np.pi * np.cumsum(hz) / self.rate)
        else:
            phase = (rng.uniform(60, 400) * t) % 1
            wide = rng.uniform(0.05, 0.5)
            x = np.where(phase < wide, 1.0, 0.0) if kind == "pulses" else 2 * phase - 1
            x -= x.mean()
        return on_and_off(rng, x, t, [0.15, 0.3, 0.5, 1, 3, 5])
