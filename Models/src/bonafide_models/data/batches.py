"""Batches of a cache: pairs of clips through random lines, as features with labels."""

from collections.abc import Mapping, Sequence
from multiprocessing.queues import Queue
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from scipy import fft

from bonafide_models.arrays import Doubles, Floats, Mask, Pcm, Row
from bonafide_models.data.clips import Cache
from bonafide_models.data.sampling import UNTAUGHT, Sampler, has_band, on_line
from bonafide_models.experiment import Experiment
from bonafide_models.features import FEATURES, LogMel
from bonafide_models.lines import channel
from bonafide_models.lines.measured import Lines
from bonafide_models.lines.nonspeech import NonSpeech

CROP_S = 3


class Batch(NamedTuple):
    """B clips, genuine ones and spoofs in turn. Labels: 1 bona fide, 0 spoof, -1 mixed."""

    features: Floats
    """(B, T, bands, inputs)"""
    narrow: Floats
    """The same at 8 kHz for narrowband teachers of a wideband network, else (0, …)"""
    label: Floats
    """(B,)"""
    frame: Floats
    """Labels of score frames, (B, U)"""
    speech: Floats
    """1 where somebody speaks, (B, U)"""
    classic: Floats
    """1 where labels alone teach, (B,)"""
    target: Floats
    """A score that is to be learned as well, NaN where there is none, (B,)"""


class Pair(NamedTuple):
    """A genuine clip and a spoof."""

    clips: tuple[Floats, Floats]
    seeds: tuple[int, int]
    """Of their lines."""
    classic: bool
    """Whether labels alone teach."""
    easy: bool
    targets: tuple[float, float]


class Share(Protocol):
    """A number that processes share."""

    value: float


def crop(
    rng: np.random.Generator,
    rows: Sequence[Row],
    arrays: Mapping[str, Pcm],
    index: int,
    codec: str,
    count: int,
    easy: bool = False,
) -> Floats:
    """`count` samples of a clip, repeated from its start where it is shorter; without a codec a third of the time
    played up to 7 % faster or slower, voice and all."""
    row = rows[index]
    clip: Floats = arrays[codec][row["start"] : row["start"] + row["count"]].astype(np.float32) / np.float32(32768)
    taken = count
    if not (codec or easy or rng.random() < 0.67):
        taken = round(count * rng.uniform(0.93, 1.07) / 200) * 200
    if len(clip) < taken:
        clip = np.tile(clip, -(-taken // len(clip)))
    start = rng.integers(0, len(clip) - taken + 1)
    clip = clip[start : start + taken]
    if taken == count:
        return clip
    spectrum = fft.rfft(clip)
    if taken < count:
        spectrum = np.pad(spectrum, (0, count // 2 - taken // 2))
    played: Floats = fft.irfft(spectrum, count) * np.float32(count / taken)
    return played


def halved(samples: Floats) -> Floats:
    """Samples at half of the rate: (B, N) -> (B, N // 2)"""
    count = samples.shape[1] // 2
    low: Floats = fft.irfft(fft.rfft(samples)[:, : count // 2 + 1], count).astype(np.float32) / np.float32(2)
    return low


class BatchMaker:
    """Makes batches of a cache; half of the pairs go through one line. `easy` is the share of pairs and lines that are
    easy to learn from, `targets` are scores by file."""

    def __init__(
        self, experiment: Experiment, seed: Any, music: Sequence[str], easy: Share, targets: Mapping[str, float]
    ) -> None:
        self.rng, self.size, self.easy, self.targets = np.random.default_rng(seed), experiment.batch, easy, targets
        self.silent, self.spliced = experiment.silent, experiment.spliced
        self.with_narrow = bool(experiment.narrowband_teachers)
        cache = Cache(experiment.cache)
        self.rows, self.rate, self.arrays = cache.rows, cache.rate, cache.arrays
        self.sampler = Sampler(self.rows, experiment.exclude, self.rate, experiment.shares)
        self.nonspeech = NonSpeech(music, self.rate)
        self.lines = Lines(
            cache.clip(row)
            for row in self.rows
            if row["split"] == "train" and row["count"] > self.rate and on_line(row) and has_band(row, self.rate)
        )
        self.front, self.narrow_front = LogMel(FEATURES[self.rate]), LogMel(FEATURES[8000])
        self.units, self.block = CROP_S * channel.BLOCKS_PER_S, self.rate // channel.BLOCKS_PER_S

    def codec(self) -> str:
        return "" if self.rng.random() < 0.5 else str(self.rng.choice(list(self.arrays)))

    def pair(self) -> Pair:
        easy = bool(self.rng.random() < self.easy.value)
        codecs = [self.codec(), self.codec()]
        one_line = bool(not easy and self.rng.random() < 0.5)
        genuine, spoof, classic = self.sampler.pair(self.rng, easy)
        classic = classic or self.rows[genuine]["source"].startswith(UNTAUGHT)
        first, second = (
            crop(self.rng, self.rows, self.arrays, index, codec, CROP_S * self.rate, easy)
            for index, codec in zip((genuine, spoof), codecs[:1] * 2 if one_line else codecs)
        )
        seeds = self.rng.integers(1 << 62, size=1 if one_line else 2)
        targets = [self.targets.get(self.rows[i]["file"], np.nan) for i in (genuine, spoof)]
        return Pair((first, second), (int(seeds[0]), int(seeds[-1])), classic, easy, (targets[0], targets[1]))

    def splice(self, samples: Floats, label: Floats, frame: Floats) -> None:
        """Puts a part of another class into some clips, which are mixed then."""
        for i in np.flatnonzero(self.rng.random(self.size) < self.spliced):
            other = self.rng.choice(np.flatnonzero(frame[:, 0] != label[i]))
            start, end = sorted(self.rng.choice(np.arange(0, self.units + 1, 5), 2, replace=False))
            samples[i, start * self.block : end * self.block] = samples[other, start * self.block : end * self.block]
            frame[i, start:end] = frame[other, start:end]
            label[i] = -1

    def silence(self, samples: Floats, speech: Mask) -> None:
        """Lets nobody talk for a while in some clips: music, tones, noise."""
        for i in np.flatnonzero(self.rng.random(self.size) < self.silent):
            count = int(self.rng.integers(8, 50))
            start = int(self.rng.integers(0, self.units - count + 1))
            loud = np.sqrt(np.mean(samples[i] ** 2)) * 10 ** (self.rng.uniform(-20, 6) / 20)
            other = self.nonspeech.draw(self.rng, count * self.block)
            samples[i, start * self.block : (start + count) * self.block] = other * loud
            speech[i, start : start + count] = False

    def batch(self) -> Batch:
        label = np.tile([1, 0], self.size // 2).astype(np.float32)
        pairs = [self.pair() for _ in range(self.size // 2)]
        samples = np.stack([clip for pair in pairs for clip in pair.clips])
        frame = np.repeat(label[:, None], self.units, 1)
        self.splice(samples, label, frame)
        speech = channel.speech_blocks(samples, self.rate)
        self.silence(samples, speech)
        rngs = [np.random.default_rng(seed) for pair in pairs for seed in pair.seeds]
        plain = [pair.easy for pair in pairs for _ in pair.clips]
        samples = channel.degrade(rngs, samples, self.nonspeech, self.lines, self.rate, plain)
        with torch.no_grad():
            features = self.front(torch.from_numpy(samples)).numpy()
            narrow = self.narrow_front(torch.from_numpy(halved(samples))).numpy() if self.with_narrow else features[:0]
        target: Doubles = np.array([target for pair in pairs for target in pair.targets])
        return Batch(
            features,
            narrow,
            label,
            frame,
            speech.astype(np.float32),
            np.array([pair.classic for pair in pairs for _ in pair.clips], np.float32),
            np.where(label < 0, np.nan, target).astype(np.float32),
        )


def fill(
    queue: "Queue[tuple[Any, ...]]",
    experiment: Experiment,
    seed: Any,
    music: Sequence[str],
    easy: Share,
    targets: Mapping[str, float],
) -> None:
    """A worker: batches without end, as plain tuples of arrays."""
    torch.set_num_threads(1)
    maker = BatchMaker(experiment, seed, music, easy, targets)
    while True:
        queue.put(tuple(maker.batch()))
