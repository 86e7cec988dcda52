"""What lines, rooms and handling do to a recording, short of a codec. Each effect: (x, rate, rng) -> samples at the
same rate."""

import numpy as np
import soxr
from scipy import signal

from bonafide_models import sound
from bonafide_models.arrays import Mask, Samples

PACKET = 0.02  # s
BURST = 2  # packets, mean length of a run of lost ones
HISTORY = 0.05  # s of signal from which a lost packet is made up
HOLD, SILENT = (
    0.01,
    0.06,
)  # s into a loss at which the made-up signal starts to fade, and is gone (as in G.711 Appendix I)
PITCH = (0.0025, 0.015)  # s, periods looked for
REJOIN = 0.005  # s of cross-fade from the made-up to the received signal


def lost_packets(count: int, share: float, rng: np.random.Generator) -> Mask:
    """A two-state (Gilbert) channel: runs of lost packets, BURST long on average, `share` of all lost."""
    enter, leave = share / (BURST * (1 - share)), 1 / BURST
    draws, lost, state = rng.random(count), np.zeros(count, bool), False
    for i, draw in enumerate(draws):
        state = draw >= leave if state else draw < enter
        lost[i] = state
    return lost


def pitch_period(history: Samples, rate: int) -> int:
    """Samples; the lag in PITCH at which the end of the history resembles itself most."""
    least, most = (round(p * rate) for p in PITCH)
    end = history[-2 * most :]

    def likeness(lag: int) -> float:
        a, b = end[lag:], end[:-lag]
        return float(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-12))

    return max(range(least, most + 1), key=likeness)


def continued(history: Samples, rate: int, count: int) -> Samples:
    """`count` samples that repeat the last pitch period of the history and fade away."""
    period = pitch_period(history, rate)
    quarter = period // 4
    loop, w = history[-period:].copy(), np.linspace(0, 1, quarter)
    loop[period - quarter :] = (1 - w) * loop[period - quarter :] + w * history[-period - quarter : -period]
    fade = np.interp(np.arange(count) / rate, [HOLD, SILENT], [1, 0])
    made: Samples = np.resize(loop, count) * fade
    return made


def packet_loss(x: Samples, rate: int, rng: np.random.Generator, share: float) -> Samples:
    size, rejoin, most = round(PACKET * rate), round(REJOIN * rate), round(HISTORY * rate)
    y = x.copy()
    for start, stop in sound.runs(lost_packets(len(x) // size, share, rng)):
        a, b = start * size, stop * size
        if a < most:
            y[a:b] = 0
            continue
        k = min(rejoin, len(x) - b)
        fill = continued(y[a - most : a], rate, b - a + k)
        w = np.arange(1, k + 1) / (k + 1)
        y[a:b] = fill[: b - a]
        y[b : b + k] = (1 - w) * fill[b - a :] + w * x[b : b + k]
    return y


# Hz, dB: long-term average speech spectrum (Byrne et al. 1994, third octaves of both sexes) less the width of the
# bands.
SPEECH_SHAPE = (
    [63, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000],
    [25, 41, 45, 44, 44, 43, 40, 40, 39, 37, 32, 29, 28, 26, 24, 22, 20, 18, 17, 16, 13],
)


def coloured(kind: str, count: int, rate: int, rng: np.random.Generator) -> Samples:
    """`speech`-shaped or `pink` noise, RMS 1."""
    f = np.maximum(np.fft.rfftfreq(count, 1 / rate), 20)
    shape = -10 * np.log10(f) if kind == "pink" else np.interp(np.log(f), np.log(SPEECH_SHAPE[0]), SPEECH_SHAPE[1])
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * 10 ** (shape / 20), count)
    made: Samples = x / np.sqrt(np.mean(np.square(x)))
    return made


def noise(x: Samples, rate: int, rng: np.random.Generator, snr: float) -> Samples:
    """Speech-shaped or pink noise, by chance, `snr` dB under the level of the speech."""
    kind = rng.choice(["speech", "pink"])
    return x + coloured(kind, len(x), rate, rng) * 10 ** ((sound.speech_level(x, rate) - snr) / 20)


def room(x: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """A tail of noise that decays by 60 dB in 0.2 to 0.8 s, 2 ms after the direct sound, 0 to 10 dB under it in energy.
    The direct sound keeps its level and place."""
    decay, ratio = rng.uniform(0.2, 0.8), rng.uniform(0, 10)
    t = np.arange(round(decay * rate)) / rate
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / decay) * (t >= 0.002)
    tail *= 10 ** (-ratio / 20) / np.sqrt(np.sum(np.square(tail)))
    tail[0] = 1
    heard: Samples = signal.fftconvolve(x, tail)[: len(x)]
    return heard


def handset(x: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """300 to 3400 Hz, with a resonance of 4 to 10 dB between 1.2 and 2.8 kHz. No delay: forwards and backwards, half
    each."""
    f, gain, q = rng.uniform(1200, 2800), rng.uniform(4, 10), rng.uniform(2, 5)
    a, w = 10 ** (gain / 2 / 40), 2 * np.pi * f / rate
    alpha, c = np.sin(w) / (2 * q), -2 * np.cos(w)
    peak = np.array([[1 + alpha * a, c, 1 - alpha * a, 1 + alpha / a, c, 1 - alpha / a]])
    band = signal.butter(3, [300, 3400], "bandpass", fs=rate, output="sos")
    heard: Samples = signal.sosfiltfilt(np.vstack([band, peak / peak[0, 3]]), x)
    return heard


def clip(x: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """The loudest 0.3 to 3 % of the samples of speech cut off where they begin."""
    loud = np.abs(x[np.repeat(sound.speech_frames(x, rate), round(sound.HOP * rate)).nonzero()])
    most = float(np.quantile(loud, 1 - rng.uniform(0.003, 0.03))) if len(loud) else 1.0
    return np.clip(x, -most, most)


def gain(x: Samples, rate: int, rng: np.random.Generator, decibels: float) -> Samples:
    return x * float(10 ** (decibels / 20))


LEFT = 0.1  # s that stay of a long pause
JOIN = 0.005  # s of cross-fade where something was cut out


def crossfaded(a: Samples, b: Samples, count: int) -> Samples:
    """b after a, their ends overlapped by up to `count` samples."""
    k = min(count, len(a), len(b))
    if not k:
        return np.concatenate([a, b])
    w = np.arange(1, k + 1) / (k + 1)
    return np.concatenate([a[:-k], (1 - w) * a[-k:] + w * b[:k], b[k:]])


def trim(x: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Silence at both ends cut, and of the pauses that are longer than 0.15 s all but 0.1 s."""
    hop, half = round(sound.HOP * rate), round(LEFT / 2 * rate)
    spoken = [(a * hop, b * hop) for a, b in sound.runs(sound.speech_frames(x, rate))]
    if not spoken:
        return x
    first, last = spoken[0][0], spoken[-1][1]
    parts = [x[max(first, a - half) : min(last, b + half)] for a, b in spoken]
    y = parts[0]
    for part in parts[1:]:
        y = crossfaded(y, part, round(JOIN * rate))
    return y


def pad(x: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """0.5 to 2 s of pink noise, 45 dB under the speech, at each end."""
    level = 10 ** ((sound.speech_level(x, rate) - 45) / 20)
    before, after = (coloured("pink", round(rng.uniform(0.5, 2) * rate), rate, rng) * level for _ in range(2))
    return np.concatenate([before, x, after])


def speed(x: Samples, rate: int, rng: np.random.Generator, percent: float) -> Samples:
    """Faster by `percent`, and higher by as much, as a tape would be."""
    played: Samples = soxr.resample(x, 100 + percent, 100, quality="HQ")
    return played
