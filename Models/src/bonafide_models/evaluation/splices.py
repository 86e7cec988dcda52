"""Synthetic stretches inside a genuine recording, put there in the ways that editors and attackers do."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from scipy import signal

from bonafide_models import sound
from bonafide_models.arrays import Samples
from bonafide_models.lines import effects

LEAST, MOST = 0.53, 10  # s, length of a stretch; 0.5 s are left of the least after the longest cross-fade
WORD = 1.5  # s, longest stretch of word-level insertion
NEAR = 0.25  # s around a wanted place in which the quietest one is taken
PAUSE = 0.12  # s between joined clips
TAPS = 257  # of the filter that matches spectra
LIMIT = 12  # dB that it may change


def quietest(x: Samples, rate: int, at: int) -> int:
    """Sample of least energy (over 20 ms) within NEAR of sample `at`."""
    near, window = round(NEAR * rate), round(0.02 * rate)
    start, stop = max(0, at - near), min(len(x), at + near)
    energy = np.convolve(np.square(x[start:stop]), np.ones(window), "same")
    return start + int(np.argmin(energy)) if len(energy) else at


def pause(x: Samples, rate: int) -> int:
    """The middle of the longest pause; the end where there is none."""
    spoken = sound.runs(sound.speech_frames(x, rate))
    gaps = [(b - a, (a + b) // 2) for (_, a), (b, _) in itertools.pairwise(spoken)]
    return round(max(gaps)[1] * sound.HOP * rate) if gaps else len(x)


def somewhere(x: Samples, rate: int, rng: np.random.Generator) -> int:
    return int(rng.uniform(0.2, 0.8) * len(x))


def between_words(x: Samples, rate: int, rng: np.random.Generator) -> int:
    return quietest(x, rate, somewhere(x, rate, rng))


def at_pause(x: Samples, rate: int, rng: np.random.Generator) -> int:
    return pause(x, rate)


def excerpt(clips: Sequence[Samples], seconds: float, rate: int, rng: np.random.Generator) -> Samples:
    """About `seconds` of the clips of one voice, cut where it is quiet; all of them where they are shorter."""
    gap = np.zeros(round(PAUSE * rate))
    joined = clips[0]
    for clip in clips[1:]:
        joined = np.concatenate([joined, gap, clip])
    spare = len(joined) - round(seconds * rate)
    if spare <= 0:
        return joined
    start = min(quietest(joined, rate, int(rng.uniform(0, spare))), len(joined) - round(seconds * rate))
    stop = quietest(joined, rate, start + round(seconds * rate))
    return joined[start : max(stop, start + round(LEAST * rate))]


def matched(insert: Samples, host: Samples, rate: int) -> Samples:
    """The insert with the long-term spectrum and the level of the host."""
    wanted = sound.decibels(sound.spectrum(host, rate, 129)) - sound.decibels(sound.spectrum(insert, rate, 129))
    smooth = np.convolve(np.pad(wanted, 4, mode="edge"), np.ones(9) / 9, "valid")
    gains = 10 ** (np.clip(smooth - np.median(smooth), -LIMIT, LIMIT) / 20)
    filtered: Samples = signal.fftconvolve(insert, signal.firwin2(TAPS, np.linspace(0, 1, 129), gains), "same")
    levelled: Samples = filtered * 10 ** ((sound.speech_level(host, rate) - sound.speech_level(filtered, rate)) / 20)
    return levelled


# Where the stretch goes, its longest duration, cross-fade in s, whether spectrum and level are matched.
METHODS: dict[str, tuple[Callable[[Samples, int, np.random.Generator], int], float, float, bool]] = {
    "cut": (at_pause, MOST, 0, False),
    "crossfade": (somewhere, MOST, 0.02, False),
    "word": (between_words, WORD, 0.005, False),
    "matched": (at_pause, MOST, 0.02, True),
}


def spliced(
    host: Samples, clips: Sequence[Samples], method: str, rate: int, rng: np.random.Generator
) -> tuple[Samples, int, int]:
    """The host with a stretch of the clips in it: (samples, start, stop of the stretch). A cross-fade is the stretch's
    from its middle on."""
    place, longest, fade, match = METHODS[method]
    insert = excerpt(clips, np.exp(rng.uniform(np.log(LEAST), np.log(longest))), rate, rng)
    if match:
        insert = matched(insert, host, rate)
    at, n = place(host, rate, rng), len(insert)
    k = round(fade * rate)
    enter, leave = min(k, at, n), min(k, len(host) - at, n)
    y = effects.crossfaded(effects.crossfaded(host[:at], insert, k), host[at:], k)
    return y, at - enter + enter // 2, at - enter + n - leave // 2
