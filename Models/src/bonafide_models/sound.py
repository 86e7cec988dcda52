"""Samples in and out of files, and where in them somebody speaks. Samples are float, full scale ±1, one channel."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from bonafide_models.arrays import Doubles, Mask, Pcm, Samples

HOP = 0.01  # s, step of the frames below
SPEECH_RANGE = 35  # dB under the loud frames that still count as speech
SPEECH_FLOOR = -70  # dBFS
BRIDGE = 0.15  # s, pauses up to here belong to the speech around them
CLICK = 0.03  # s, what is shorter is no speech


class Unreadable(Exception):
    """A recording that cannot be read; the message is one line."""


def decode(path: str | Path, rate: int) -> Samples:
    """The mean of the channels, at `rate`."""
    try:
        x, own = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise Unreadable(f"{path}: {error.error_string}") from None
    return resampled(x.mean(1).astype(np.float64), own, rate)


def resampled(x: Samples, rate: int, target: int) -> Samples:
    if rate == target:
        return x
    y: Samples = soxr.resample(x, rate, target, quality="HQ")
    return y


def quantised(x: Samples) -> Pcm:
    """16-bit samples; what is beyond full scale is limited to it."""
    return np.clip(np.round(x * 32768), -32768, 32767).astype(np.int16)


def write(path: str | Path, x: Samples, rate: int, subtype: str = "PCM_16") -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    soundfile.write(path, quantised(x), rate, subtype=subtype)


def decibels(power: npt.ArrayLike) -> Doubles:
    level: Doubles = 10 * np.log10(np.maximum(power, 1e-12))
    return level


def frame_power(x: Samples, rate: int) -> Doubles:
    """Mean square of each 10 ms."""
    n = round(HOP * rate)
    power: Doubles = np.square(x[: len(x) // n * n].reshape(-1, n)).mean(1)
    return power


def runs(mask: Mask) -> list[tuple[int, int]]:
    """(start, stop) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


def speech_frames(x: Samples, rate: int) -> Mask:
    """Which 10-ms frames are speech: loud enough against the loud ones, short pauses bridged, clicks dropped."""
    level = decibels(frame_power(x, rate))
    if not len(level):
        return np.zeros(0, bool)
    mask = level > max(np.quantile(level, 0.95) - SPEECH_RANGE, SPEECH_FLOOR)
    for start, stop in runs(~mask):
        if 0 < start and stop < len(mask) and (stop - start) * HOP <= BRIDGE:
            mask[start:stop] = True
    for start, stop in runs(mask):
        if (stop - start) * HOP < CLICK:
            mask[start:stop] = False
    return mask


def speech_seconds(x: Samples, rate: int) -> float:
    return float(speech_frames(x, rate).sum() * HOP)


def speech_level(x: Samples, rate: int) -> float:
    """dBFS, RMS over the speech frames; over everything where there are none."""
    power, mask = frame_power(x, rate), speech_frames(x, rate)
    return float(decibels(power[mask].mean() if mask.any() else np.mean(np.square(x))))


def spectrum(x: Samples, rate: int, points: int = 257) -> Doubles:
    """Long-term power at `points` frequencies from 0 to rate / 2."""
    n = 2 * (points - 1)
    x = np.pad(x, (0, max(0, n - len(x))))
    frames = np.lib.stride_tricks.sliding_window_view(x, n)[:: n // 2]
    power: Doubles = np.square(np.abs(np.fft.rfft(frames * np.hanning(n)))).mean(0)
    return power
