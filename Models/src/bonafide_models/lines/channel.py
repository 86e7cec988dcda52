"""The random line that both classes go through in training."""

from collections.abc import Sequence

import numpy as np
from scipy import fft

from bonafide_models.arrays import Complex, Doubles, Floats, Mask
from bonafide_models.lines.g711 import Law, companded
from bonafide_models.lines.measured import Lines, spectra
from bonafide_models.lines.nonspeech import NonSpeech

BLOCKS_PER_S = 25  # score frames
# Hz: where a band limit may begin.
LOWEST_HIGH_CUT = {8000: 2300, 16000: 5000}
# Points of a frequency response that is drawn.
RESPONSE = 513


def band_and_equaliser(rng: np.random.Generator, rate: int) -> Doubles:
    """dB at RESPONSE frequencies up to rate / 2: limits of the band, a smooth equaliser."""
    half = rate / 2
    f = np.linspace(0, half, RESPONSE)
    g = np.zeros(RESPONSE)
    if rng.random() < 0.6:
        low, order = rng.uniform(40, 350), rng.choice([2, 4, 8])
        g -= 10 * np.log10(1 + (low / np.maximum(f, 1)) ** (2 * order))
    if rng.random() < 0.6:
        high, order = rng.uniform(LOWEST_HIGH_CUT[rate], 0.99 * half), rng.choice([8, 16, 32])
        g -= 10 * np.log10(1 + (f / high) ** (2 * order))
    if rng.random() < 0.7:
        points = np.linspace(0, half, rng.integers(4, 10))
        g += np.interp(f, points, rng.normal(0, rng.uniform(0.5, 5), len(points)))
    return np.maximum(g, -80)


def room(rng: np.random.Generator, bins: int, rate: int) -> Complex:
    """Frequency response of a direct sound and a tail of noise."""
    t = np.arange(rate // 2) / rate
    tail = rng.normal(size=len(t)) * 10 ** (-3 * t / rng.uniform(0.1, 0.6)) * rng.uniform(0.02, 0.25)
    tail[0] = 1
    response: Complex = fft.rfft(tail.astype(np.float32), 2 * (bins - 1))
    return response


def responses(rngs: Sequence[np.random.Generator], bins: int, gains: Sequence[Doubles | None], rate: int) -> Complex:
    """Random frequency responses (count, bins): band limits, tilt, smooth equaliser, room. A clip for which `gains` has
    a gain gets that one, in dB at 129 frequencies."""
    half = rate / 2
    fine, f = np.linspace(0, half, bins), np.linspace(0, half, RESPONSE)
    h = np.empty((len(rngs), bins), np.complex64)
    for i, (rng, matched) in enumerate(zip(rngs, gains)):
        if matched is not None:
            h[i] = np.interp(fine, np.linspace(0, half, len(matched)), 10 ** (matched / 20))
            continue
        h[i] = np.interp(fine, f, 10 ** (band_and_equaliser(rng, rate) / 20))
        if rng.random() < 0.2:
            h[i] *= room(rng, bins, rate)
    return h


def speech_blocks(x: Floats, rate: int) -> Mask:
    """Which 40-ms blocks of clean clips hold speech: energy within 32 dB of the loud blocks. (B, N) -> (B, 25 N //
    rate)"""
    block = rate // BLOCKS_PER_S
    n = x.shape[1] // block
    e = 10 * np.log10(np.square(x[:, : n * block].reshape(len(x), n, block)).mean(-1) + 1e-9)
    loud: Mask = (e > np.quantile(e, 0.95, axis=1, keepdims=True) - 32) & (e > -65)
    return loud


def root_mean_square(x: Floats) -> np.float32:
    return np.float32(np.sqrt(np.mean(x**2)) + 1e-6)


def noisy(
    y: Floats, rng: np.random.Generator, others: Floats, nonspeech: NonSpeech, lines: Lines, matched: int | None
) -> None:
    """Adds to a clip (N,) the noise of the line whose spectrum it has, of the bank, or of other clips (B, N), or
    nothing."""
    n, rms, kind = len(y), root_mean_square(y), rng.random()
    if matched is not None and kind < 0.7:
        y += lines.noise(matched, rng, n) * rms * 10 ** (rng.uniform(-6, 3) / 20)
    elif kind < 0.3:
        y += nonspeech.noise(rng, n) * rms * 10 ** (-rng.uniform(5, 40) / 20)
    elif kind < 0.37:
        other = np.roll(others[rng.integers(len(others))], rng.integers(n))
        y += other * (rms / 0.05) * 10 ** (-rng.uniform(12, 30) / 20)


def transmitted(y: Floats, rng: np.random.Generator, rate: int) -> Floats:
    """A clip (N,) through gain control, echo, level, clipping, G.711 (narrowband) and packet loss, each by chance."""
    n = len(y)
    if rng.random() < 0.12:  # gain control
        points = rng.uniform(-8, 8, rng.integers(3, 8))
        y *= 10 ** (np.interp(np.arange(n), np.linspace(0, n, len(points)), points) / 20)
    if rng.random() < 0.08:  # echo of the line
        delay = int(rng.uniform(0.005, 0.25) * rate)
        y[delay:] += y[:-delay] * 10 ** (-rng.uniform(8, 30) / 20)
    rms = root_mean_square(y)
    y *= 10 ** (rng.uniform(-40, -12) / 20) / rms
    if rng.random() < 0.08:
        most = np.quantile(np.abs(y), rng.uniform(0.97, 0.999))
        y = np.clip(y, -most, most)
    if rate == 8000 and rng.random() < 0.4:
        law: Law = rng.choice(["ulaw", "alaw"])
        y = companded(y, law)
    if rng.random() < 0.1:
        packet = rate // 50
        lost = np.repeat(rng.random(n // packet + 1) < rng.uniform(0.01, 0.08), packet)[:n]
        y = np.where(lost, np.roll(y, packet) if rng.random() < 0.5 else np.float32(0), y)
    return y


def degrade(
    rngs: Sequence[np.random.Generator],
    x: Floats,
    nonspeech: NonSpeech,
    lines: Lines,
    rate: int,
    plain: Sequence[bool],
) -> Floats:
    """Clips (B, N) through a random line each: room and equaliser or the spectrum of another line, noise, gain,
    clipping, G.711 (narrowband), packet loss. Clips with the same generator state go through the same line; those of
    `plain` keep their own spectrum."""
    n = x.shape[1]
    size = 1 << int(np.ceil(np.log2(n + rate // 2)))
    matched = [
        int(rng.integers(len(lines))) if rng.random() < 0.3 and len(lines) and not keep else None
        for rng, keep in zip(rngs, plain)
    ]
    mean = spectra(x).mean(1)
    gains = [None if k is None else lines.gain(k, m) for k, m in zip(matched, mean)]
    y: Floats = fft.irfft(fft.rfft(x, size) * responses(rngs, size // 2 + 1, gains, rate), size)[:, :n]
    for i, rng in enumerate(rngs):
        noisy(y[i], rng, x, nonspeech, lines, matched[i])
        y[i] = transmitted(y[i], rng, rate)
    return y
