"""Batches of a cache that corpus.py made: pairs of clips through random lines, as features with labels."""

import json
import os
from typing import NamedTuple

import numpy as np
import torch
from scipy import fft

from bonafide_models.data.corpus import CODECS, rate_of
from bonafide_models.data.sampling import UNTAUGHT, Sampler, has_band, on_line
from bonafide_models.features import FEATURES, LogMel
from bonafide_models.lines import channel

CROP_S = 3


class Batch(NamedTuple):
    """B clips, genuine ones and spoofs in turn; float32. Labels: 1 bona fide, 0 spoof, -1 mixed."""

    features: object  # (B, T, bands, inputs)
    narrow: object  # the same at 8 kHz for narrowband teachers of a wideband network, else (0, …)
    label: object  # (B,)
    frame: object  # labels of score frames, (B, U)
    speech: object  # 1 where somebody speaks, (B, U)
    classic: object  # 1 where labels alone teach, (B,)
    target: object  # a score that is to be learned as well, NaN where there is none, (B,)


def crop(rng, rows, arrays, index, codec, count, easy=False):
    """`count` samples of a clip (float32), repeated from its start where it is shorter; without a codec a third of the
    time played up to 7 % faster or slower, voice and all."""
    row = rows[index]
    clip = arrays[codec][row["start"] : row["start"] + row["count"]].astype(np.float32) / 32768
    taken = count if codec or easy or rng.random() < 0.67 else round(count * rng.uniform(0.93, 1.07) / 200) * 200
    if len(clip) < taken:
        clip = np.tile(clip, -(-taken // len(clip)))
    start = rng.integers(0, len(clip) - taken + 1)
    clip = clip[start : start + taken]
    if taken == count:
        return clip
    spectrum = fft.rfft(clip)
    if taken < count:
        spectrum = np.pad(spectrum, (0, count // 2 - taken // 2))
    return fft.irfft(spectrum, count) * np.float32(count / taken)


def halved(samples):
    """Samples at half of the rate: (B, N) -> (B, N // 2)"""
    count = samples.shape[1] // 2
    return fft.irfft(fft.rfft(samples)[:, : count // 2 + 1], count).astype(np.float32) / 2


class BatchMaker:
    """Makes batches of a cache; half of the pairs go through one line.

    `easy` is a shared value: the share of pairs and lines that are easy to learn from. `targets` are scores by file."""

    def __init__(self, cache, seed, size, music, exclude, with_narrow, easy, targets):
        self.rng, self.size, self.with_narrow, self.easy, self.targets = (
            np.random.default_rng(seed),
            size,
            with_narrow,
            easy,
            targets,
        )
        with open(os.path.join(cache, "rows.json")) as file:
            self.rows = json.load(file)
        self.rate = rate = rate_of(cache)
        self.arrays = {"": np.load(os.path.join(cache, "clips.npy"), mmap_mode="r")}
        for codec in CODECS[rate]:
            if os.path.exists(path := os.path.join(cache, f"clips.{codec}.npy")):
                self.arrays[codec] = np.load(path, mmap_mode="r")
        self.sampler, self.nonspeech = Sampler(self.rows, exclude, rate), channel.NonSpeech(music, rate)
        self.lines = channel.Lines(
            self.arrays[""][r["start"] : r["start"] + r["count"]]
            for r in self.rows
            if r["split"] == "train" and r["count"] > rate and on_line(r) and has_band(r, rate)
        )
        self.front, self.narrow_front = LogMel(FEATURES[rate]), LogMel(FEATURES[8000])
        self.units, self.block = CROP_S * channel.BLOCKS_PER_S, rate // channel.BLOCKS_PER_S

    def codec(self):
        return "" if self.rng.random() < 0.5 else str(self.rng.choice(list(self.arrays)))

    def pair(self):
        """A pair of clips: samples, seeds of their lines, whether labels alone teach, whether it is an easy one,
        targets."""
        easy = self.rng.random() < self.easy.value
        codecs = [self.codec(), self.codec()]
        one_line = not easy and self.rng.random() < 0.5
        *pair, classic = self.sampler.pair(self.rng, easy)
        classic = classic or self.rows[pair[0]]["source"].startswith(UNTAUGHT)
        clips = [
            crop(self.rng, self.rows, self.arrays, i, codec, CROP_S * self.rate, easy)
            for i, codec in zip(pair, codecs[:1] * 2 if one_line else codecs)
        ]
        seeds = (
            [int(self.rng.integers(1 << 62))] * 2 if one_line else [int(v) for v in self.rng.integers(1 << 62, size=2)]
        )
        return clips, seeds, [classic] * 2, [easy] * 2, [self.targets.get(self.rows[i]["file"], np.nan) for i in pair]

    def splice(self, samples, label, frame):
        """Puts a part of another class into one clip in eight, which is mixed then."""
        for i in np.flatnonzero(self.rng.random(self.size) < 0.12):
            other = self.rng.choice(np.flatnonzero(frame[:, 0] != label[i]))
            start, end = sorted(self.rng.choice(np.arange(0, self.units + 1, 5), 2, replace=False))
            samples[i, start * self.block : end * self.block] = samples[other, start * self.block : end * self.block]
            frame[i, start:end] = frame[other, start:end]
            label[i] = -1

    def silence(self, samples, speech):
        """Lets nobody talk for a while in one clip in five: music, tones, noise."""
        for i in np.flatnonzero(self.rng.random(self.size) < 0.2):
            count = int(self.rng.integers(8, 50))
            start = int(self.rng.integers(0, self.units - count + 1))
            loud = np.sqrt(np.mean(samples[i] ** 2)) * 10 ** (self.rng.uniform(-20, 6) / 20)
            samples[i, start * self.block : (start + count) * self.block] = (
                self.nonspeech.draw(self.rng, count * self.block) * loud
            )
            speech[i, start : start + count] = False

    def batch(self):
        label = np.tile([1, 0], self.size // 2).astype(np.float32)
        clips, seeds, classic, plain, target = (
            [v for values in column for v in values] for column in zip(*(self.pair() for _ in range(self.size // 2)))
        )
        samples = np.stack(clips)
        frame = np.repeat(label[:, None], self.units, 1)
        self.splice(samples, label, frame)
        speech = channel.speech_blocks(samples, self.rate)
        self.silence(samples, speech)
        samples = channel.degrade(
            [np.random.default_rng(s) for s in seeds], samples, self.nonspeech, self.lines, self.rate, plain
        )
        with torch.no_grad():
            features = self.front(torch.from_numpy(samples)).numpy()
            narrow = self.narrow_front(torch.from_numpy(halved(samples))).numpy() if self.with_narrow else features[:0]
        return Batch(
            features,
            narrow,
            label,
            frame,
            speech.astype(np.float32),
            np.array(classic, np.float32),
            np.where(label < 0, np.nan, target).astype(np.float32),
        )


def fill(queue, *arguments):
    """A worker: batches without end, as plain tuples of arrays."""
    torch.set_num_threads(1)
    maker = BatchMaker(*arguments)
    while True:
        queue.put(tuple(maker.batch()))
