"""Decoded clips: a cache holds those of protocol tables in one array, and the same through each codec.

A cache is a folder (about 6 GB for 15 hours): `rate`, rows.json (the rows, with `start` and `count` in samples),
clips.npy (int16), and clips.CODEC.npy for each of `lines.codecs.TRAINED`. A codec takes the whole array in one go: a
process a clip would cost a hundred times more. Codec delays (5 to 45 ms) are removed by cross-correlation, so that a
clip lies at the same place in every array.
"""

import functools
import json
import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from bonafide_models.arrays import Pcm, Row
from bonafide_models.data import protocol
from bonafide_models.lines import codecs


def decode(path: str | Path, rate: int) -> Pcm:
    """The mean of the channels of a recording, at `rate`."""
    x, own = soundfile.read(path, dtype="float32", always_2d=True)
    x = soxr.resample(x.mean(1), own, rate, quality="HQ")
    clip: Pcm = np.clip(np.round(x * 32767), -32768, 32767).astype(np.int16)
    return clip


class Cache:
    """A cache that is there. `arrays`: clips as they are under "", and by codec."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.rate = int((self.folder / "rate").read_text())
        with open(self.folder / "rows.json") as file:
            self.rows: list[Row] = json.load(file)
        self.arrays: dict[str, Pcm] = {"": self.array("")}
        for codec in codecs.TRAINED[self.rate]:
            if self.path(codec).exists():
                self.arrays[codec] = self.array(codec)

    def path(self, codec: str) -> Path:
        return self.folder / (f"clips.{codec}.npy" if codec else "clips.npy")

    def array(self, codec: str) -> Pcm:
        mapped: Pcm = np.load(self.path(codec), mmap_mode="r")
        return mapped

    def clip(self, row: Row, codec: str = "") -> Pcm:
        return self.arrays[codec][row["start"] : row["start"] + row["count"]]


def is_there(folder: str | Path) -> bool:
    return (Path(folder) / "rows.json").exists()


def make(
    folder: str | Path,
    tables: Sequence[str | Path],
    rate: int,
    jobs: int | None = None,
    most: int = 0,
    seconds: float = 0,
    one_codec: bool = False,
) -> None:
    """Makes what is missing of a cache: clips of the tables at `rate` Hz, at most so many of a source and class and the
    first seconds of each where these are not 0, and the same through each codec, or each through one of them."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.Pool(jobs) as pool:
        if not is_there(folder):
            rows, paths = [], []
            for table in tables:
                part = protocol.few(protocol.read_rows(table), most)
                rows += part
                paths += [Path(table).resolve().parent / row["file"] for row in part]
            start = functools.partial(beginning, rate=rate, seconds=seconds)
            decoded = pool.map(start, paths, chunksize=64)
            write(folder, rows, decoded, rate)
            print(len(rows), "clips decoded", flush=True)
        if one_codec:
            send_through_one(folder, rate, pool)
        else:
            pool.map(functools.partial(send_through, folder, rate), list(codecs.TRAINED[rate]), chunksize=1)


def beginning(path: str | Path, rate: int, seconds: float) -> Pcm:
    clip = decode(path, rate)
    return clip[: int(seconds * rate)] if seconds else clip


def write(folder: Path, rows: list[Row], clips: Sequence[Pcm], rate: int) -> None:
    """Writes rows and clips; the rows last, so that a cache is whole or not there."""
    start = 0
    for row, clip in zip(rows, clips):
        row["start"], row["count"] = start, len(clip)
        start += len(clip)
    np.save(folder / "clips.npy", np.concatenate(clips))
    (folder / "rate").write_text(f"{rate}\n")
    (folder / "rows.json").write_text(json.dumps(rows))


def derive(cache: str | Path, folder: str | Path, rows: list[Row]) -> None:
    """A cache of some rows of another, whose arrays it links to."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in Path(cache).iterdir():
        link = folder / path.name
        if path.name != "rows.json" and not os.path.lexists(link):
            link.symlink_to(path.resolve())
    (folder / "rows.json").write_text(json.dumps(rows))


# Pieces that the clips of a codec are sent through it in.
PIECES = 6


def through(job: tuple[str, Pcm, int]) -> Pcm:
    codec, clips, rate = job
    return codecs.through_trained(codec, clips, rate)


def send_through_one(folder: Path, rate: int, pool: Any) -> None:
    """Makes one array, in which each clip is through a codec that is drawn for it; it has the name of the first."""
    names = list(codecs.TRAINED[rate])
    path = folder / f"clips.{names[0]}.npy"
    if path.exists():
        return
    whole = np.load(folder / "clips.npy")
    with open(folder / "rows.json") as file:
        rows: list[Row] = json.load(file)
    spans = [slice(row["start"], row["start"] + row["count"]) for row in rows]
    order = np.random.default_rng(0).permutation(len(rows))
    count = PIECES * len(names)
    groups = [group for k in range(count) if len(group := order[k::count])]
    parts = (np.concatenate([whole[spans[i]] for i in group]) for group in groups)
    jobs = ((names[k % len(names)], part, rate) for k, part in enumerate(parts))
    sent = np.empty_like(whole)
    for group, out in zip(groups, pool.imap(through, jobs)):
        start = 0
        for i in group:
            length = rows[i]["count"]
            sent[spans[i]] = out[start : start + length]
            start += length
    part = path.with_suffix(".part.npy")
    np.save(part, sent)
    os.replace(part, path)


def send_through(folder: Path, rate: int, codec: str) -> None:
    """Makes the array of a codec."""
    path = folder / f"clips.{codec}.npy"
    if path.exists():
        return
    part = folder / f"clips.{codec}.part.npy"
    try:
        np.save(part, codecs.through_trained(codec, np.load(folder / "clips.npy"), rate))
    except codecs.CodecError as error:
        raise SystemExit(f"codec {codec}: {error}") from None
    os.replace(part, path)
    print(codec, "done", flush=True)
