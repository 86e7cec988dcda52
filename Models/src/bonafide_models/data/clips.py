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


def make(folder: str | Path, tables: Sequence[str | Path], rate: int, jobs: int | None = None) -> None:
    """Makes what is missing of a cache: clips of the tables at `rate` Hz, and the same through each codec."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.Pool(jobs) as pool:
        if not is_there(folder):
            rows, paths = [], []
            for table in tables:
                part = protocol.read_rows(table)
                rows += part
                paths += [Path(table).resolve().parent / row["file"] for row in part]
            decoded = pool.map(functools.partial(decode, rate=rate), paths, chunksize=64)
            write(folder, rows, decoded, rate)
            print(len(rows), "clips decoded", flush=True)
        pool.map(functools.partial(send_through, folder, rate), list(codecs.TRAINED[rate]), chunksize=1)


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
