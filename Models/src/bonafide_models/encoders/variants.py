"""Clips as the pre-trained encoders hear them: as they are, through random lines, under conditions of degrade."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bonafide_models.arrays import Floats, Mask, Pcm, Row
from bonafide_models.evaluation import degrade
from bonafide_models.lines import channel, codecs
from bonafide_models.lines.measured import Lines
from bonafide_models.lines.nonspeech import NonSpeech

RATE = 16000
SECONDS = 4.0
FRAME = 320  # samples a state
LEVEL = 10 ** (-26 / 20)  # RMS of the speech
# Half of the telephone lines have G.711 or nothing but the line; the rest a codec of low rate.
TELEPHONE = {"": 3, "ulaw": 3, "alaw": 1, "gsm": 1.5, "amr12": 1.5, "amr5": 1, "g726": 1, "opus": 1, "speex": 1}
SHARES: dict[int, dict[str, float]] = {
    8000: TELEPHONE | {"mp3": 0.7},
    RATE: {"": 4, "g722": 1.5, "opus": 1.5, "speex": 1, "mp3": 1},
}


def resampled(x: Floats, rate: int, target: int) -> Floats:
    if rate == target:
        return x
    y: Floats = soxr.resample(x, rate, target, quality="HQ")
    return y


def decoded(path: str | Path) -> Floats:
    """The mean of the channels at RATE."""
    x, own = soundfile.read(path, dtype="float32", always_2d=True)
    return resampled(x.mean(1), own, RATE)


def speech(x: Floats) -> Mask:
    """Which frames of 20 ms hold speech: energy within 32 dB of the loud ones. (N,) -> (N // 320,)"""
    n = len(x) // FRAME
    e = 10 * np.log10(np.square(x[: n * FRAME].reshape(n, FRAME)).mean(1) + 1e-9)
    loud: Mask = (e > np.quantile(e, 0.95) - 32) & (e > -65)
    return loud


def levelled(x: Floats, mask: Mask) -> Floats:
    """The clip with its speech at -26 dBFS."""
    y = x[: len(mask) * FRAME].reshape(len(mask), FRAME)
    rms = np.sqrt(np.square(y[mask] if mask.any() else y).mean()) + 1e-7
    return x * np.float32(LEVEL / rms)


def overdriven(y: Floats, rng: np.random.Generator) -> None:
    """Clips one clip in twenty hard."""
    for i in np.flatnonzero(rng.random(len(y)) < 0.05):
        hard = np.clip(y[i] * 10 ** (rng.uniform(6, 24) / 20) / np.abs(y[i]).max(), -1, 1)
        y[i] = hard * 10 ** (-rng.uniform(0, 12) / 20)


def coded(pcm: Pcm, rate: int, rng: np.random.Generator) -> list[str]:
    """Sends each clip through a codec of SHARES, or none; which, in their order."""
    names, shares = list(SHARES[rate]), np.array(list(SHARES[rate].values()))
    pick = rng.choice(len(names), len(pcm), p=shares / shares.sum())
    for k, name in enumerate(names):
        group = np.flatnonzero(pick == k)
        if name and len(group):
            gap = np.zeros((len(group), rate // 4), np.int16)
            out = codecs.through_trained(name, np.concatenate([gap, pcm[group]], 1).ravel(), rate)
            pcm[group] = out.reshape(len(group), -1)[:, rate // 4 :]
    return [names[k] for k in pick]


def alike(clips: Sequence[Floats], rate: int) -> tuple[Floats, list[int]]:
    """Clips at 16 kHz as rows of SECONDS at another rate, short ones over and over; and how many samples each has."""
    n = int(SECONDS * rate)
    low = [resampled(clip, RATE, rate) for clip in clips]
    rows = np.stack([np.tile(clip, 1 + n // max(1, len(clip)))[:n] for clip in low])
    return rows.astype(np.float32), [len(clip) for clip in low]


def pcm_of(x: Floats) -> Pcm:
    return np.clip(np.round(x * 32767), -32768, 32767).astype(np.int16)


def apart(pcm: Pcm, lengths: Sequence[int], rate: int) -> list[Floats]:
    """Rows of `alike` as clips at 16 kHz again."""
    y = pcm.astype(np.float32) / np.float32(32768)
    return [resampled(v[:count], rate, RATE).astype(np.float32) for v, count in zip(y, lengths)]


def through_codecs(clips: Sequence[Floats], rate: int, seed: int) -> tuple[list[Floats], list[str]]:
    """Clips at 16 kHz at a random level through a codec each, or none, and nothing else; and which."""
    x, lengths = alike(clips, rate)
    rng = np.random.default_rng(seed)
    peak = 10 ** (-rng.uniform(0, 18, len(x)) / 20)
    pcm = pcm_of(x * (peak / (np.abs(x).max(1) + 1e-6))[:, None].astype(np.float32))
    names = coded(pcm, rate, rng)
    return apart(pcm, lengths, rate), names


def lined(clips: Sequence[Floats], rate: int, seed: int, nonspeech: NonSpeech, lines: Lines) -> list[Floats]:
    """Clips at 16 kHz through a random line each, at 16 kHz again."""
    x, lengths = alike(clips, rate)
    rng = np.random.default_rng(seed)
    rngs = [np.random.default_rng(s) for s in rng.integers(1 << 62, size=len(clips))]
    parts = []
    for a in range(0, len(x), 64):
        part = x[a : a + 64]
        parts.append(channel.degrade(rngs[a : a + 64], part, nonspeech, lines, rate, [False] * len(part)))
    y = np.concatenate(parts)
    overdriven(y, rng)
    pcm = pcm_of(y)
    coded(pcm, rate, rng)
    return apart(pcm, lengths, rate)


def under(name: str, clips: Sequence[Floats], files: Sequence[str]) -> list[Floats]:
    """Clips at 16 kHz under a condition of degrade, at 16 kHz again."""
    condition = degrade.Condition(name)
    out: list[Floats] = []
    for a in range(0, len(clips), degrade.BLOCK):
        block = [clip.astype(np.float64) for clip in clips[a : a + degrade.BLOCK]]
        for y in degrade.degraded(condition, block, RATE, files[a : a + degrade.BLOCK], 0):
            out.append(resampled(y.astype(np.float32), condition.rate, RATE))
    return out


def read(rows: Sequence[Row], root: str, rng: np.random.Generator | None = None) -> list[Floats]:
    """SECONDS of each row's recording, its first ones or, with `rng`, any, half a second at least, in whole tenths of a
    second, so that batches are few. What cannot be read is silence, and is named."""
    clips, most = [], int(SECONDS * RATE)
    for row in rows:
        try:
            clip = decoded(os.path.join(root, row["file"]))
        except soundfile.LibsndfileError as error:
            print(row["file"], error, file=sys.stderr)
            clip = np.zeros(RATE, np.float32)
        start = int(rng.integers(len(clip) - most + 1)) if rng and len(clip) > most else 0
        clip = clip[start : start + most]
        clip = np.pad(clip, (0, max(0, RATE // 2 - len(clip))))
        clips.append(clip[: len(clip) // FRAME // 5 * 5 * FRAME])
    return clips


def fitted(clips: Sequence[Floats], masks: Sequence[Mask]) -> list[Floats]:
    """Clips of the length of their masks, their speech at one level."""
    out = []
    for clip, mask in zip(clips, masks):
        count = len(mask) * FRAME
        whole = np.pad(clip, (0, max(0, count - len(clip))))[:count].astype(np.float32)
        out.append(levelled(whole, mask))
    return out
