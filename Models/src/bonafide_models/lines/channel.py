"""The random channel that both classes go through, and the non-speech that the speech head learns from."""

import numpy as np
import soundfile
import soxr
from scipy import fft

BLOCKS_PER_S = 25  # score frames
BANK_S = 4


def g711(law):
    """ITU-T G.711, encoded and decoded: a table from 16-bit sample + 32768 to 16-bit sample."""
    x = np.arange(-32768, 32768)
    if law == "ulaw":
        m = np.minimum(np.abs(x) >> 2, 8158) + 33
        s = np.floor(np.log2(m)).astype(int) - 5
        y = (((m >> (s + 1)) & 15) * 2 + 33 << s) - 33 << 2
    else:
        m = np.minimum(np.abs(x) >> 3, 4095)
        s = np.maximum(np.floor(np.log2(np.maximum(m, 1))).astype(int) - 4, 1)
        y = ((m >> s << s) + (1 << s - 1)) << 3
    return (np.where(x < 0, -1, 1) * y).astype(np.float32) / 32768


LAWS = {law: g711(law) for law in ("ulaw", "alaw")}


def companded(x, law):
    """Samples in [-1, 1] through G.711."""
    return LAWS[law][np.clip(np.round(x * 32768), -32768, 32767).astype(int) + 32768]


FRAME = 256


def spectra(x):
    """Power spectra of frames of 256 samples, Hann: (..., N) -> (..., N // 256, 129)."""
    n = x.shape[-1] // FRAME
    frames = x[..., : n * FRAME].reshape(*x.shape[:-1], n, FRAME) * np.hanning(FRAME).astype(np.float32)
    return np.square(np.abs(fft.rfft(frames))) + 1e-9


class Lines:
    """Long-term spectra and noise floors of telephone clips, to give other clips of either class."""

    def __init__(self, clips):
        power = [spectra(np.asarray(c, np.float32) / 32768) for c in clips]
        self.mean = np.array([p.mean(0) for p in power])
        # A tenth of the frames of a steady noise lie under a tenth of its mean power.
        self.floor = np.array([np.minimum(9 * np.quantile(p, 0.1, axis=0), 0.03 * p.mean()) for p in power])

    def __len__(self):
        return len(self.mean)

    def gain(self, k, spectrum):
        """dB at 129 frequencies that give a clip of this mean spectrum the one of line k."""
        g = 10 * np.log10(self.mean[k] / spectrum)
        g = np.convolve(np.pad(g, 3, mode="edge"), np.ones(7) / 7, "valid")
        return np.clip(g - np.average(g, weights=self.mean[k]), -40, 25)

    def noise(self, k, rng, n):
        """n samples of the floor of line k; RMS relative to that line's speech."""
        shape = np.sqrt(np.interp(np.linspace(0, 1, n // 2 + 1), np.linspace(0, 1, FRAME // 2 + 1), self.floor[k]))
        z = rng.standard_normal((2, n // 2 + 1), dtype=np.float32)
        x = fft.irfft((shape * (z[0] + 1j * z[1])).astype(np.complex64), n)
        ratio = np.sqrt(self.floor[k].sum() / self.mean[k].sum())
        return x * (ratio / (x.std() + 1e-9))


# Hz: where a band limit may begin.
LOWEST_HIGH_CUT = {8000: 2300, 16000: 5000}


def responses(rngs, bins, gains, rate):
    """Random frequency responses (count, bins): band limits, tilt, smooth equaliser, room. A clip for which `gains` has
    a gain gets that one, in dB at 129 frequencies."""
    half = rate / 2
    fine, f = np.linspace(0, half, bins), np.linspace(0, half, 513)
    h = np.empty((len(rngs), bins), np.complex64)
    for i, (rng, matched) in enumerate(zip(rngs, gains)):
        if matched is not None:
            h[i] = np.interp(fine, np.linspace(0, half, len(matched)), 10 ** (matched / 20))
            continue
        g = np.zeros(len(f))
        if rng.random() < 0.6:
            low, order = rng.uniform(40, 350), rng.choice([2, 4, 8])
            g -= 10 * np.log10(1 + (low / np.maximum(f, 1)) ** (2 * order))
        if rng.random() < 0.6:
            high, order = rng.uniform(LOWEST_HIGH_CUT[rate], 0.99 * half), rng.choice([8, 16, 32])
            g -= 10 * np.log10(1 + (f / high) ** (2 * order))
        if rng.random() < 0.7:
            points = np.linspace(0, half, rng.integers(4, 10))
            g += np.interp(f, points, rng.normal(0, rng.uniform(0.5, 5), len(points)))
        h[i] = np.interp(fine, f, 10 ** (np.maximum(g, -80) / 20))
        if rng.random() < 0.2:
            n = 2 * (bins - 1)
            t = np.arange(rate // 2) / rate
            tail = rng.normal(size=len(t)) * 10 ** (-3 * t / rng.uniform(0.1, 0.6)) * rng.uniform(0.02, 0.25)
            tail[0] = 1
            h[i] *= fft.rfft(tail.astype(np.float32), n)
    return h


class NonSpeech:
    """Silence, noise, hold music, ring-back, DTMF: what is on a line when nobody talks."""

    def __init__(self, music, rate):
        self.rate, self.music = rate, []
        for path in music:
            x, own = soundfile.read(path, dtype="float32", always_2d=True)
            self.music.append(soxr.resample(x.mean(1), own, rate).astype(np.float32))
        rng = np.random.default_rng(0)
        self.bank = np.stack([self.coloured(rng, BANK_S * rate) for _ in range(300)])

    def noise(self, rng, n):
        """n samples of a noise of the bank, from a random place on, RMS 1."""
        return np.roll(self.bank[rng.integers(len(self.bank))], rng.integers(BANK_S * self.rate))[:n] * rng.choice(
            [-1, 1]
        )

    def coloured(self, rng, n):
        f = np.maximum(np.fft.rfftfreq(n, 1 / self.rate), 20)
        shape = f ** (-rng.uniform(0, 1.2)) * np.exp(
            np.interp(f, np.linspace(0, self.rate / 2, 6), rng.normal(0, 0.7, 6))
        )
        x = np.fft.irfft(np.fft.rfft(rng.normal(size=n)) * shape, n)
        if rng.random() < 0.3:
            x *= 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * np.arange(n) * rng.uniform(0.3, 20) / self.rate)
        if rng.random() < 0.2:
            hum = rng.choice([50, 60])
            x += x.std() * sum(
                rng.uniform(0, 1.5) * np.sin(2 * np.pi * hum * k * np.arange(n) / self.rate) for k in (1, 2, 3, 5)
            )
        return (x / (x.std() + 1e-9)).astype(np.float32)

    def draw(self, rng, n):
        """n samples, RMS about 1."""
        kind = rng.choice(["silence", "noise", "music", "tone", "dtmf"], p=[0.15, 0.2, 0.35, 0.15, 0.15])
        t = np.arange(n) / self.rate
        if kind == "silence":
            return np.zeros(n, np.float32) + rng.choice([0, 1e-3]) * rng.normal(size=n).astype(np.float32)
        if kind == "noise":
            return self.noise(rng, n)
        if kind == "music" and self.music:
            m = self.music[rng.integers(len(self.music))]
            m = np.tile(m, 2 + n // len(m)) if len(m) <= n else m
            s = rng.integers(0, len(m) - n)
            x = m[s : s + n]
        elif kind == "dtmf":
            x = np.zeros(n, np.float32)
            at = 0
            while at < n:
                on, off = (int(self.rate * rng.uniform(low, 0.3)) for low in (0.05, 0.04))
                a, b = rng.choice([697, 770, 852, 941]), rng.choice([1209, 1336, 1477, 1633])
                x[at : at + on] = np.sin(2 * np.pi * a * t[at : at + on]) + np.sin(2 * np.pi * b * t[at : at + on])
                at += on + off
        else:
            pair = [(440, 480), (425, 0), (400, 450), (350, 440), (480, 620), (1000, 0), (rng.uniform(300, 3000), 0)][
                rng.integers(7)
            ]
            x = sum(np.sin(2 * np.pi * p * t) for p in pair if p)
            period, on = rng.choice([0.5, 1, 3, 5]), rng.uniform(0.3, 1)
            x = x * (((t + rng.uniform(0, period)) % period) < on * period)
        x = x / (np.sqrt(np.mean(x**2)) + 1e-6)
        return (x + 10 ** rng.uniform(-4, -1.5) * rng.normal(size=n)).astype(np.float32)


def speech_blocks(x, rate):
    """Which 40-ms blocks of clean clips hold speech: energy within 32 dB of the loud blocks. (B, N) -> (B, 25 N //
    rate)"""
    block = rate // BLOCKS_PER_S
    n = x.shape[1] // block
    e = 10 * np.log10(np.square(x[:, : n * block].reshape(len(x), n, block)).mean(-1) + 1e-9)
    return (e > np.quantile(e, 0.95, axis=1, keepdims=True) - 32) & (e > -65)


def degrade(rngs, x, nonspeech, lines, rate, plain):
    """Clips (B, N), float32, through a random line each: room and equaliser or the spectrum of another line, noise,
    gain, clipping, G.711 (narrowband), packet loss. Clips with the same generator state go through the same line; those
    of `plain` keep their own spectrum."""
    count, n = x.shape
    size = 1 << int(np.ceil(np.log2(n + rate // 2)))
    matched = [
        int(rng.integers(len(lines))) if rng.random() < 0.3 and len(lines) and not p else None
        for rng, p in zip(rngs, plain)
    ]
    mean = spectra(x).mean(1)
    gains = [None if k is None else lines.gain(k, m) for k, m in zip(matched, mean)]
    y = fft.irfft(fft.rfft(x, size) * responses(rngs, size // 2 + 1, gains, rate), size)[:, :n]
    for i, rng in enumerate(rngs):
        rms = np.sqrt(np.mean(y[i] ** 2)) + 1e-6
        kind = rng.random()
        if matched[i] is not None and kind < 0.7:
            y[i] += lines.noise(matched[i], rng, n) * rms * 10 ** (rng.uniform(-6, 3) / 20)
        elif kind < 0.3:
            y[i] += nonspeech.noise(rng, n) * rms * 10 ** (-rng.uniform(5, 40) / 20)
        elif kind < 0.37:
            y[i] += np.roll(x[rng.integers(count)], rng.integers(n)) * (rms / 0.05) * 10 ** (-rng.uniform(12, 30) / 20)
        if rng.random() < 0.12:  # gain control
            points = rng.uniform(-8, 8, rng.integers(3, 8))
            y[i] *= 10 ** (np.interp(np.arange(n), np.linspace(0, n, len(points)), points) / 20)
        if rng.random() < 0.08:  # echo of the line
            delay = int(rng.uniform(0.005, 0.25) * rate)
            y[i, delay:] += y[i, :-delay] * 10 ** (-rng.uniform(8, 30) / 20)
        rms = np.sqrt(np.mean(y[i] ** 2)) + 1e-6
        y[i] *= 10 ** (rng.uniform(-40, -12) / 20) / rms
        if rng.random() < 0.08:
            y[i] = np.clip(y[i], *(np.array([-1, 1]) * np.quantile(np.abs(y[i]), rng.uniform(0.97, 0.999))))
        if rate == 8000 and rng.random() < 0.4:
            y[i] = companded(y[i], rng.choice(["ulaw", "alaw"]))
        if rng.random() < 0.1:
            packet = rate // 50
            lost = np.repeat(rng.random(n // packet + 1) < rng.uniform(0.01, 0.08), packet)[:n]
            y[i] = np.where(lost, np.roll(y[i], packet) if rng.random() < 0.5 else 0, y[i])
    return y
